import type { End, ExpiredSession, SessionChange, SessionLimit, SessionRecord } from "../../store.ts";
import { limitError } from "./errors.ts";

/** What becomes of records, for stores that have them in hand: in SQL and scripts the engine does the same. */
export function isLive(
  { expiresAt, ended }: { readonly expiresAt: number; readonly ended?: object | undefined },
  now: number,
): boolean {
  return expiresAt > now && !ended;
}

/** The record after a change. */
export function applyChange(record: SessionRecord, { activity, data }: SessionChange): SessionRecord {
  const moved = activity && activity.lastSeenAt > record.lastSeenAt ? activity : undefined;
  return {
    ...record,
    ...(moved && { lastSeenAt: moved.lastSeenAt, expiresAt: moved.expiresAt }),
    ...(data && { data, revision: record.revision + 1 }),
  };
}

/** The tombstone of a record. */
export function toTombstone(
  record: SessionRecord,
  { reason, now }: Pick<End, "reason" | "now">,
  keepFor: number,
): SessionRecord {
  const end = now + keepFor;
  const ended = Object.freeze({ at: now, reason });
  return { ...record, revision: record.revision + 1, expiresAt: end, deadline: end, ended };
}

/** What the cleanup reports of a record that it removed. */
export function toExpiredSession({ id, userKey, expiresAt, deadline }: SessionRecord): ExpiredSession {
  return { id, userKey, expiresAt, deadline };
}

/**
 * Those of a user's live records, newest first, that must end before one more can begin. Throws `ERR_LIMIT` where it is
 * refused instead.
 */
export function selectEvicted(
  live: readonly SessionRecord[],
  { max, onExceed }: SessionLimit,
): readonly SessionRecord[] {
  const count = live.length + 1 - max;
  if (count <= 0) return [];
  if (onExceed === "refuse") throw limitError(max);
  const leaving = onExceed === "evict-oldest" ? live : live.toSorted((a, b) => b.lastSeenAt - a.lastSeenAt);
  return leaving.slice(-count);
}
