import type { EndReason, SessionRecord } from "../../store.ts";

/**
 * A record as it is stored: one JSON array, so that a plain GET and one JSON.parse read it. Scripts read the numbers
 * before the user key by a pattern, and cut the rest by its length: none of them decodes JSON. Times are milliseconds
 * since `createdAt`, which makes them short.
 */
type Stored = readonly [
  form: typeof LIVE | typeof TOMBSTONE,
  revision: number,
  createdAt: number,
  lastSeen: number,
  expires: number,
  deadline: number,
  bytesOfUserKey: number,
  userKey: string,
  data: SessionRecord["data"],
  ended?: number,
  reason?: EndReason,
];

/** What a stored record begins with; another number is a form of a later release. */
const LIVE = 1;
const TOMBSTONE = 2;

const encoder = new TextEncoder();

export function storedOf(record: SessionRecord): string {
  const { revision, createdAt, lastSeenAt, expiresAt, deadline, ended } = record;
  const userKey = JSON.stringify(record.userKey);
  const times = [createdAt, lastSeenAt - createdAt, expiresAt - createdAt, deadline - createdAt];
  const head = [ended ? TOMBSTONE : LIVE, revision, ...times, encoder.encode(userKey).length];
  const end = ended ? `,${ended.at - createdAt},"${ended.reason}"` : "";
  return `[${head.join()},${userKey},${JSON.stringify(record.data)}${end}]`;
}

/** A copy each time: whoever changes it changes nothing inside. Throws for what is no record. */
export function recordOf(id: string, text: string): SessionRecord {
  const stored: Stored = JSON.parse(text);
  const isRecord = Array.isArray(stored) && typeof stored[8] === "object";
  if (!isRecord || (stored[0] !== LIVE && stored[0] !== TOMBSTONE))
    throw new Error("redisStore: a key of the store's holds no record, or one of a later release");
  const [, revision, createdAt, lastSeen, expires, deadline, , userKey, data, ended, reason] = stored;
  const record = {
    id,
    userKey,
    revision,
    createdAt,
    lastSeenAt: createdAt + lastSeen,
    expiresAt: createdAt + expires,
    deadline: createdAt + deadline,
    data,
  };
  if (ended === undefined || reason === undefined) return record;
  return { ...record, ended: { at: createdAt + ended, reason } };
}
