import { describe, expect, it } from "vitest";
import { toEcs, toOcsf } from "./audit.ts";
import { appendEntry, createChain, toTrailKeys } from "./chain.ts";
import { type AuditDraft, type AuditEntry, describeEvent } from "./entry.ts";

const AT = Date.UTC(2026, 0, 31, 12);

/** Entries of every kind, with and without each optional part. */
const DRAFTS: readonly AuditDraft[] = [
  { kind: "opened", at: AT, details: {} },
  describeEvent("created", {
    id: "s1" as never,
    userKey: "ann",
    at: AT,
    ip: "192.0.2.1",
    agent: { browser: "Firefox", os: "Linux" },
  }),
  describeEvent("created", { id: "s2" as never, userKey: "ann", at: AT, ip: "192.0.2.0/24" }),
  describeEvent("created", { id: "s3" as never, userKey: "ann", at: AT }),
  describeEvent("rotated", { id: "s1" as never, userKey: "ann", at: AT, cause: "time" }),
  describeEvent("rotated", { id: "s1" as never, userKey: "ann", at: AT, cause: "rotate" }),
  describeEvent("rotated", { id: "s1" as never, userKey: "ann", at: AT, cause: "reauthenticate", level: 3 }),
  describeEvent("moved", { id: "s1" as never, userKey: "ann", at: AT }),
  describeEvent("client_changed", {
    id: "s1" as never,
    userKey: "ann",
    changed: ["browser"],
    action: "reject",
    at: AT,
  }),
  describeEvent("rejected", { reason: "cross_origin", at: AT }),
  describeEvent("ended", {
    ids: ["s1", "s2"] as never,
    userKey: "ann",
    reason: "revoked",
    at: AT,
    by: { kind: "admin", id: "grace" },
  }),
  describeEvent("ended", { ids: ["s3"] as never, reason: "reused", at: AT, by: { kind: "policy" } }),
  { kind: "erased", at: AT, details: { entries: [2] }, by: "system" },
  { kind: "deleted", at: AT, details: { upTo: { chain: "c", seq: 1, hash: "h" } }, by: "system" },
  { kind: "closed", at: AT },
];

const entries = DRAFTS.map((draft) => appendEntry(createChain(), draft, toTrailKeys()));
const [, begun] = entries as [AuditEntry, AuditEntry];
const { subject: _subject, ...withoutSubject } = begun;
const { v, chain, seq, at, previous, hash } = begun;
const ALL = [
  ...entries,
  { ...withoutSubject, pseudonym: "p1" },
  { v, chain, seq, at, previous, hash } as AuditEntry,
];

type Fields = Readonly<Record<string, unknown>>;

/**
 * What OCSF 1.2.0 demands of the classes and objects: the members that it knows, the required ones, and groups of which one must
 * be there. From `events/base_event.json`, `events/iam/{iam,authentication}.json`, `includes/{classification,occurrence}.json` and
 * `objects/*.json` of github.com/ocsf/ocsf-schema, tag v1.2.0.
 */
const BASE = {
  known:
    "activity_id activity_name category_name category_uid class_name class_uid type_name type_uid count duration end_time start_time time timezone_offset enrichments message metadata observables raw_data severity severity_id status status_code status_detail status_id unmapped".split(
      " ",
    ),
  required: ["activity_id", "category_uid", "class_uid", "type_uid", "time", "metadata", "severity_id"],
} as const;
const CLASSES: Readonly<
  Record<number, { known: readonly string[]; required: readonly string[]; oneOf?: readonly string[] }>
> = {
  0: BASE,
  3002: {
    known: [
      ...BASE.known,
      ..."http_request src_endpoint actor auth_factors auth_protocol auth_protocol_id certificate dst_endpoint is_cleartext is_mfa is_new_logon is_remote logon_process logon_type logon_type_id service session user".split(
        " ",
      ),
    ],
    required: [...BASE.required, "user"],
    oneOf: ["service", "dst_endpoint"],
  },
};
const OBJECTS: Readonly<
  Record<string, { known: readonly string[]; required?: readonly string[]; oneOf?: readonly string[] }>
> = {
  metadata: {
    known:
      "correlation_uid event_code extension extensions labels log_level log_name log_provider log_version logged_time modified_time loggers original_time processed_time product profiles sequence tenant_uid uid version".split(
        " ",
      ),
    required: ["product", "version"],
  },
  "metadata.product": {
    known: "feature cpe_name lang name path uid url_string vendor_name version".split(" "),
    required: ["vendor_name"],
  },
  user: {
    known:
      "account credential_uid domain email_addr full_name groups ldap_person name org risk_level risk_level_id risk_score type type_id uid uid_alt".split(
        " ",
      ),
    oneOf: ["account", "name", "uid"],
  },
  "actor.user": { known: ["name", "type", "type_id", "uid"], oneOf: ["account", "name", "uid"] },
  actor: {
    known: "app_name app_uid authorizations idp invoked_by process session user".split(" "),
    oneOf: ["process", "user", "invoked_by", "session", "app_name", "app_uid"],
  },
  session: {
    known:
      "count created_time credential_uid expiration_time expiration_reason is_remote is_mfa is_vpn issuer terminal uid uid_alt uuid".split(
        " ",
      ),
  },
  service: { known: "labels name uid version".split(" "), oneOf: ["name", "uid"] },
  src_endpoint: {
    known:
      "agent_list domain hostname hw_info instance_uid interface_name interface_uid ip location mac name os owner subnet_uid type type_id uid vlan_uid vpc_uid zone autonomous_system intermediate_ips proxy_endpoint port svc_name".split(
        " ",
      ),
    oneOf: ["ip", "uid", "name", "hostname"],
  },
  "src_endpoint.os": {
    known: "build country cpu_bits cpe_name edition lang name sp_name sp_ver type type_id version".split(" "),
    required: ["name", "type_id"],
  },
};

function check(
  value: Fields,
  {
    known,
    required = [],
    oneOf = [],
  }: { known: readonly string[]; required?: readonly string[]; oneOf?: readonly string[] },
  name: string,
): string[] {
  const unknown = Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${name}.${key} is unknown`);
  const missing = required
    .filter((key) => value[key] === undefined)
    .map((key) => `${name}.${key} is missing`);
  const none =
    oneOf.length > 0 && !oneOf.some((key) => value[key] !== undefined)
      ? [`${name} lacks one of ${oneOf}`]
      : [];
  const inner = Object.entries(value).flatMap(([key, member]) => {
    const path = name === "" ? key : `${name}.${key}`;
    const object = OBJECTS[path];
    return object ? check(member as Fields, object, path) : [];
  });
  return [...unknown, ...missing, ...none, ...inner];
}

describe("toOcsf", () => {
  it.each(ALL.map((entry) => [`${entry.kind} ${entry.reason ?? ""}`, entry] as const))(
    "%s is valid OCSF 1.2",
    (_name, entry) => {
      const event = toOcsf(entry) as Fields & {
        class_uid: number;
        activity_id: number;
        type_uid: number;
        category_uid: number;
      };
      expect(check(event, CLASSES[event.class_uid] as never, "")).toEqual([]);
      expect(event.type_uid).toBe(event.class_uid * 100 + event.activity_id);
      expect(event.category_uid).toBe(event.class_uid === 0 ? 0 : 3);
      expect(event.time).toBe(AT);
      expect(JSON.stringify(event)).not.toContain(begun.subject?.salt);
    },
  );

  it("a login and a logout have the activities of the schema", () => {
    expect(toOcsf(begun)).toMatchObject({
      class_uid: 3002,
      type_uid: 300201,
      status_id: 1,
      user: { uid: "ann" },
      actor: { user: { uid: "ann", type_id: 1 } },
      session: { uid: "s1" },
      src_endpoint: { ip: "192.0.2.1", os: { name: "Linux" } },
      message: "session began",
    });
    expect(toOcsf(ALL[10] as AuditEntry)).toMatchObject({
      type_uid: 300202,
      actor: { user: { uid: "grace", type_id: 2 } },
      session: { uid: "s1", expiration_reason: "revoked" },
      unmapped: { sessions: ["s1", "s2"] },
    });
    expect(toOcsf(ALL[2] as AuditEntry)).toMatchObject({ src_endpoint: { name: "192.0.2.0/24" } });
    expect(toOcsf(ALL.at(-2) as AuditEntry)).toMatchObject({ class_uid: 3002, user: { uid: "p1" } });
  });
});

/**
 * The expected event types of each category, and the fields that the objects have with their types. From the pages "event.category"
 * and "ECS field reference" of elastic.co/docs/reference/ecs.
 */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  authentication: ["start", "end", "info"],
  session: ["start", "end", "info"],
  configuration: ["access", "change", "creation", "deletion", "info"],
};
const ECS_FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  "@timestamp": (value) => typeof value === "string" && new Date(value).toISOString() === value,
  "ecs.version": isKeyword,
  message: isKeyword,
  "event.kind": (value) => value === "event",
  "event.category": Array.isArray,
  "event.type": Array.isArray,
  "event.action": isKeyword,
  "event.outcome": (value) => ["success", "failure", "unknown"].includes(value as string),
  "event.id": isKeyword,
  "event.sequence": Number.isInteger,
  "event.hash": isKeyword,
  "event.dataset": isKeyword,
  "event.reason": isKeyword,
  "service.type": isKeyword,
  "user.id": isKeyword,
  "source.address": isKeyword,
  "source.ip": (value) => typeof value === "string" && !value.includes("/"),
  "user_agent.name": isKeyword,
  "user_agent.os.name": isKeyword,
};

function isKeyword(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function flatten(value: Fields, prefix = ""): Array<[string, unknown]> {
  return Object.entries(value).flatMap(([key, member]) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? flatten(member as Fields, `${prefix}${key}.`)
      : [[prefix + key, member] as [string, unknown]],
  );
}

describe("toEcs", () => {
  it.each(ALL.map((entry) => [`${entry.kind} ${entry.reason ?? ""}`, entry] as const))(
    "%s has fields of ECS only",
    (_name, entry) => {
      const event = toEcs(entry) as Fields & { event: { category: string[]; type: string[] } };
      for (const [field, value] of flatten(event)) {
        // Labels are free, and each is a keyword.
        const isValid = field.startsWith("labels.") ? isKeyword : ECS_FIELDS[field];
        expect([field, isValid?.(value)]).toEqual([field, true]);
      }
      for (const category of event.event.category)
        for (const type of event.event.type) expect(TYPES[category]).toContain(type);
    },
  );

  it("names the user, the address and the browser where ECS has them", () => {
    expect(toEcs(begun)).toMatchObject({
      "@timestamp": "2026-01-31T12:00:00.000Z",
      event: {
        category: ["authentication", "session"],
        type: ["start"],
        outcome: "success",
        action: "session-begun",
      },
      user: { id: "ann" },
      source: { ip: "192.0.2.1", address: "192.0.2.1" },
      user_agent: { name: "Firefox", os: { name: "Linux" } },
      labels: { session_ids: "s1", by: "user" },
    });
    expect(toEcs(ALL[2] as AuditEntry)).toMatchObject({ source: { address: "192.0.2.0/24" } });
  });
});
