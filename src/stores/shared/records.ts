import type { End, ExpiredSession, SessionChange, SessionLimit, SessionRecord } from "../../store.ts";
import { limitError } from "./errors.ts";

/** Whether a record is live. The functions of this file are for stores that decide in JavaScript rather than in the engine. */
export function isLive(
  { expiresAt, ended }: { readonly expiresAt: number; readonly ended?: object | undefined },
  now: number,
): boolean {
  return expiresAt > now && !ended;
}

/** Returns the record after a change. */
export function applyChange(record: SessionRecord, { activity, data }: SessionChange): SessionRecord {
  return {
    ...record,
    ...(activity && activity.lastSeenAt > record.lastSeenAt && activity),
    ...(data && { data, revision: record.revision + 1 }),
  };
}

/** Returns the tombstone of a record. */
export function toTombstone(
  record: SessionRecord,
  { reason, now }: Pick<End, "reason" | "now">,
  keepFor: number,
): SessionRecord {
  const end = now + keepFor;
  const ended = Object.freeze({ at: now, reason });
  return { ...record, revision: record.revision + 1, expiresAt: end, deadline: end, ended };
}

/** Returns the part of a removed record that the cleanup reports. */
export function toExpiredSession({ id, userKey, expiresAt, deadline }: SessionRecord): ExpiredSession {
  return { id, userKey, expiresAt, deadline };
}

/**
 * Returns the records that must end before one more session of the user begins. `live` is sorted newest first. Throws
 * `ERR_LIMIT` if the limit rejects the new session instead.
 */
export function selectEvicted(
  live: readonly SessionRecord[],
  { max, onExceed }: SessionLimit,
): readonly SessionRecord[] {
  const count = live.length + 1 - max;
  if (count <= 0) return [];
  if (onExceed === "reject") throw limitError(max);
  const leaving = onExceed === "evict-oldest" ? live : live.toSorted((a, b) => b.lastSeenAt - a.lastSeenAt);
  return leaving.slice(-count);
}
