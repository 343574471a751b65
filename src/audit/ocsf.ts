import type { AuditEntry, AuditKind } from "./entry.ts";
import { toMessage } from "./logger-sink.ts";

/** The version of OCSF whose classes the objects have. */
const OCSF_VERSION = "1.2.0";

const AUTHENTICATION = {
  category_uid: 3,
  category_name: "Identity & Access Management",
  class_uid: 3002,
  class_name: "Authentication",
};
const BASE_EVENT = {
  category_uid: 0,
  category_name: "Uncategorized",
  class_uid: 0,
  class_name: "Base Event",
};
const LOGON = 1;
const LOGOFF = 2;
const OTHER = 99;

const ACTIVITIES: Readonly<Record<AuditKind, string>> = {
  begun: "Logon",
  ended: "Logoff",
  elevated: "Re-authentication",
  rotated: "Secret Rotation",
  moved: "Cookie Change",
  client_changed: "Client Change",
  rejected: "Request Rejection",
  opened: "Log Start",
  closed: "Log Stop",
  erased: "Erasure",
  deleted: "Retention",
};

/** `severity_id`: 1 is informational, 2 low, 3 medium. A secret that was used twice may be stolen. */
const toSeverity = ({ kind, reason }: AuditEntry): number =>
  reason === "reused" ? 3 : kind === "rejected" || kind === "client_changed" ? 2 : 1;

/** `type_id` of a user. */
const TYPES = { user: 1, admin: 2, system: 3, policy: 99 } as const;

/**
 * Returns an entry as an event of the Open Cybersecurity Schema Framework (OCSF) 1.2: Authentication (class 3002) for what
 * concerns a session, and a base event (class 0) for rejected requests and for entries about the trail itself. A stored network
 * such as `"203.0.113.0/24"` is the name of the source, because it is no address.
 *
 * @example
 * ```ts
 * import { httpSink, toOcsf } from "sessionup/audit";
 *
 * const sink = httpSink("https://siem.example.com/ingest", { format: toOcsf });
 * ```
 */
export function toOcsf(entry: AuditEntry): object {
  const { chain, seq, at, kind = "erased", reason, subject, by, level, hash, details, pseudonym } = entry;
  const isSession = subject !== undefined || pseudonym !== undefined;
  const activity = kind === "begun" ? LOGON : kind === "ended" ? LOGOFF : OTHER;
  const own = isSession ? AUTHENTICATION : BASE_EVENT;
  const activityId = isSession ? activity : OTHER;
  const isFailure = kind === "rejected";
  const name = subject?.userKey ?? pseudonym;
  const [session, ...more] = subject?.sessions ?? [];
  const unmapped = {
    hash,
    ...(more.length > 0 && { sessions: subject?.sessions }),
    ...(level !== undefined && { level }),
    ...(subject?.changed && { changed: subject.changed }),
    ...(subject?.agent?.browser !== undefined && { browser: subject.agent.browser }),
    ...(details !== undefined && { details }),
  };
  return {
    ...own,
    activity_id: activityId,
    activity_name: ACTIVITIES[kind],
    type_uid: own.class_uid * 100 + activityId,
    time: at,
    severity_id: toSeverity(entry),
    status_id: isFailure ? 2 : 1,
    status: isFailure ? "Failure" : "Success",
    ...(reason !== undefined && { status_detail: reason }),
    message: toMessage({ ...entry, kind }),
    metadata: {
      version: OCSF_VERSION,
      product: { name: "sessionup", vendor_name: "sessionup" },
      uid: `${chain}:${seq}`,
      sequence: seq,
    },
    ...(isSession && {
      user: name === undefined ? { name: "Unknown", type_id: 0 } : { uid: name, type_id: TYPES.user },
      service: { name: "sessionup" },
      is_remote: true,
      ...(session !== undefined && {
        session: {
          uid: session,
          ...(kind === "ended" && reason !== undefined && { expiration_reason: reason }),
        },
      }),
    }),
    ...(isSession &&
      by && { actor: { user: toActor(by, subject?.actor ?? (by === "user" ? name : undefined)) } }),
    ...(subject?.ip !== undefined && { src_endpoint: toEndpoint(subject.ip, subject.agent?.os) }),
    unmapped,
  };
}

function toActor(by: NonNullable<AuditEntry["by"]>, id: string | undefined): object {
  return { ...(id === undefined ? { name: by } : { uid: id }), type_id: TYPES[by], type: by };
}

/** An operating system of an unknown family is 99. */
function toEndpoint(ip: string, os: string | undefined): object {
  return {
    ...(ip.includes("/") ? { name: ip } : { ip }),
    ...(os !== undefined && { os: { name: os, type_id: OTHER, type: os } }),
  };
}
