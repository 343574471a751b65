import { toBeginNote } from "../../audit/rows.ts";
import type { TrailRow } from "../../audit/trail-store.ts";
import type { CreateOptions, End, ExpiredSession, SessionRecord } from "../../store.ts";

/** Returns the row of a session that begins. */
export function toBeginning(record: SessionRecord, { now: at, by }: CreateOptions): TrailRow {
  const { id, userKey } = record;
  return { at, kind: "begun", id, userKey, note: toBeginNote(record, by) };
}

/** Returns the rows of sessions of one user that an operation ends. */
export function toEnds(
  { now: at, reason, by }: End,
  userKey: string,
  ids: readonly string[],
): readonly TrailRow[] {
  const note = by && { note: JSON.stringify(by) };
  return ids.map((id) => ({ at, kind: "ended", id, userKey, reason, ...note }));
}

/** Returns the row of a session that expired. */
export function toExpiry({ id, userKey, expiresAt, deadline }: ExpiredSession): TrailRow {
  const reason = expiresAt < deadline ? "idle" : "expired";
  return { at: expiresAt, kind: "ended", id, ...(userKey !== undefined && { userKey }), reason };
}
