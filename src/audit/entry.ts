import type { UnauthorizedReason } from "../errors.ts";
import type { SessionEvents } from "../events.ts";
import type { Agent } from "../session.ts";
import type { Actor, EndReason, Json } from "../store.ts";

/**
 * What an entry records:
 *
 * - `begun`: a session began.
 * - `elevated`: the user authenticated again in a session. `level` is the level that it reached.
 * - `rotated`: a session got a new secret.
 * - `moved`: a session moved to a cookie with another name or with other attributes.
 * - `client_changed`: another browser or network used a session.
 * - `rejected`: a request was rejected.
 * - `ended`: sessions ended.
 *
 * The trail adds these about itself:
 *
 * - `opened` and `closed`: a process began and ended a chain.
 * - `erased`: personal data was removed from the entries that `details.entries` lists.
 * - `deleted`: the entries up to `details.upTo` were deleted.
 */
export type AuditKind =
  | "begun"
  | "elevated"
  | "rotated"
  | "moved"
  | "client_changed"
  | "rejected"
  | "ended"
  | "opened"
  | "closed"
  | "erased"
  | "deleted";

/** The personal part of an entry. It can be removed without breaking the chain. */
export interface AuditSubject {
  /** Random text, without which the part could be guessed from its commitment. */
  readonly salt: string;
  /** The ids of the sessions. */
  readonly sessions: readonly string[];
  readonly userKey?: string;
  /** The id of the party that acted, if the app named one and it is not the user. */
  readonly actor?: string;
  /** The client's address, as the manager's option `client.ip` keeps it. */
  readonly ip?: string;
  readonly agent?: Agent;
  readonly geo?: Json;
  /** The attributes of the client that changed. */
  readonly changed?: readonly string[];
}

/** The place of an entry in its chain. Kept elsewhere, it proves later that the chain up to there is complete. */
export interface AuditHead {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

/** One entry of the trail. It contains no secret of a session and no hash of one. */
export interface AuditEntry extends AuditHead {
  readonly v: 1;
  /** Numbers the entries of a chain from 1, without gaps. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: AuditKind;
  /** Why a session ended, a request was rejected or a secret was replaced, or the action after a change of the client. */
  readonly reason?:
    | EndReason
    | UnauthorizedReason
    | "cross_origin"
    | "time"
    | "rotate"
    | "reject"
    | "end"
    | "report";
  /** The level of the authentication. Only in `elevated`. */
  readonly level?: number;
  /** The kind of the party that acted. */
  readonly by?: Actor["kind"];
  /** Facts about the trail itself, and the number of omitted entries. */
  readonly details?: Json;
  /** Absent if the entry has no personal data, or if it was erased. */
  readonly subject?: AuditSubject;
  /** The hash of the personal part. It stays when that part is erased. */
  readonly commitment?: string;
  /** The name that replaces an erased user in all of their entries. Not part of the hash. */
  readonly pseudonym?: string;
  /** Tells which key made the hash. Absent without keys. */
  readonly keyId?: string;
  /** The hash of the entry before. Empty in the first entry. */
  readonly previous: string;
}

/** An entry that has no place in a chain yet. @internal */
export type AuditDraft = Pick<AuditEntry, "at" | "kind" | "reason" | "level" | "by" | "details"> & {
  readonly subject?: Omit<AuditSubject, "salt">;
};

/** The parts of a client that an entry shows. */
type Client = Pick<AuditSubject, "ip" | "agent" | "geo">;

/** Describes a session that began. @internal */
export function describeBeginning(
  at: number,
  id: string,
  userKey: string,
  client: Client,
  by: Actor = { kind: "user" },
): AuditDraft {
  const subject = { sessions: [id], userKey, ...pickActor(by, userKey), ...pickClient(client) };
  return { kind: "begun", at, by: by.kind, subject };
}

/** Describes an end. Without `by`, the reason decides about the party. @internal */
export function describeEnd(
  at: number,
  sessions: readonly string[],
  userKey: string | undefined,
  reason: EndReason,
  by: Actor = { kind: reason === "logout" ? "user" : reason === "revoked" ? "system" : "policy" },
): AuditDraft {
  const known = { ...(userKey !== undefined && { userKey }), ...pickActor(by, userKey) };
  return { kind: "ended", at, reason, by: by.kind, subject: { sessions, ...known } };
}

/** Picks the id of a party that is not the user. */
function pickActor({ id }: Actor, userKey: string | undefined): Pick<AuditSubject, "actor"> {
  return id === undefined || id === userKey ? {} : { actor: id };
}

/** A change of a session: `rotated`, with `time` if no method was called, `moved`, or `elevated` with a level. */
const CHANGES = {
  "rotated time": { kind: "rotated", reason: "time", by: "policy" },
  rotated: { kind: "rotated", reason: "rotate", by: "system" },
  moved: { kind: "moved", by: "policy" },
} as const;

/** Describes a change by the text that the core passes to `update`, such as `"elevated 2"`. @internal */
export function describeChange(at: number, change: string, id: string, userKey: string): AuditDraft {
  const subject = { sessions: [id], userKey };
  const known = CHANGES[change as keyof typeof CHANGES] as (typeof CHANGES)[keyof typeof CHANGES] | undefined;
  if (known) return { at, ...known, subject };
  return { kind: "elevated", at, level: Number(change.slice("elevated ".length)), by: "user", subject };
}

/** The events that become entries. @internal */
export const RECORDED = ["created", "ended", "rotated", "moved", "client_changed", "rejected"] as const;

type Recorded = (typeof RECORDED)[number];

/** Describes an event of the manager. @internal */
export function describeEvent(name: Recorded, event: SessionEvents[Recorded]): AuditDraft {
  return (DESCRIBE[name] as (event: SessionEvents[Recorded]) => AuditDraft)(event);
}

const DESCRIBE: { readonly [Name in Recorded]: (event: SessionEvents[Name]) => AuditDraft } = {
  created: ({ at, id, userKey, by, ...client }) => describeBeginning(at, id, userKey, client, by),
  ended: ({ at, ids, userKey, reason, by }) => describeEnd(at, ids, userKey, reason, by),
  rotated: ({ at, id, userKey, cause, level = 1 }) =>
    describeChange(
      at,
      cause === "time" ? "rotated time" : cause === "rotate" ? "rotated" : `elevated ${level}`,
      id,
      userKey,
    ),
  moved: ({ at, id, userKey }) => describeChange(at, "moved", id, userKey),
  client_changed: ({ at, id, userKey, changed, action }) => ({
    kind: "client_changed",
    at,
    reason: action,
    by: "policy",
    subject: { sessions: [id], userKey, changed },
  }),
  rejected: ({ at, reason }) => ({ kind: "rejected", at, reason, by: "policy" }),
};

/** Returns the parts of a client that an entry shows. @internal */
export function pickClient({ ip, agent, geo }: Client): Client {
  return {
    ...(ip !== undefined && { ip }),
    ...(agent && { agent }),
    ...(geo !== undefined && { geo }),
  };
}
