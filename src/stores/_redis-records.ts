import type { EndReason, SessionRecord } from "../store.ts";

/**
 * A record as it is stored: one JSON array, so that a plain GET and one JSON.parse read it. Scripts read the numbers
 * before the user key by a pattern, and cut the rest by its length: none of them decodes JSON. The first element is
 * the version of this form.
 */
type Stored = readonly [
  form: 1,
  revision: number,
  createdAt: number,
  lastSeenAt: number,
  expiresAt: number,
  deadline: number,
  endedAt: number,
  reason: EndReason | "",
  bytesOfUserKey: number,
  userKey: string,
  data: SessionRecord["data"],
];

const encoder = new TextEncoder();

export function storedOf(record: SessionRecord): string {
  const { revision, createdAt, lastSeenAt, expiresAt, deadline, ended } = record;
  const userKey = JSON.stringify(record.userKey);
  const bytes = encoder.encode(userKey).length;
  const head = [1, revision, createdAt, lastSeenAt, expiresAt, deadline, ended?.at ?? 0];
  return `[${head.join()},"${ended?.reason ?? ""}",${bytes},${userKey},${JSON.stringify(record.data)}]`;
}

/** A copy each time: whoever changes it changes nothing inside. Throws for what is no record. */
export function recordOf(id: string, text: string): SessionRecord {
  const stored: Stored = JSON.parse(text);
  if (!Array.isArray(stored) || stored[0] !== 1)
    throw new Error("redisStore: a key of the store's holds no record, or one of a later release");
  const [, revision, createdAt, lastSeenAt, expiresAt, deadline, at, reason, , userKey, data] = stored;
  if (reason === "") return { id, userKey, revision, createdAt, lastSeenAt, expiresAt, deadline, data };
  const ended = { at, reason };
  return { id, userKey, revision, createdAt, lastSeenAt, expiresAt, deadline, ended, data };
}
