import type { ScanPage, ScanResult, SessionCursor, SessionRecord } from "../../store.ts";
import { parsePosition, toCursor } from "./cursor.ts";

/** A part of the order by `createdAt` and `id`. `from` belongs to it, `before` does not. */
export interface ScanRange {
  readonly from: SessionCursor;
  readonly before: SessionCursor;
}

/**
 * Runs one step of a scan, newest first, for stores with an index on `createdAt` and `id`. `findEnd` returns the last session of
 * the step that begins at `range.before`, or `undefined` if too few sessions are left for a whole step. `select` returns the
 * matching records of a range, newest first and at most `page.limit`.
 */
export async function scanNewestFirst(
  { limit, filter: { createdAt = {} } = {}, cursor }: ScanPage,
  findEnd: (range: ScanRange) => Promise<SessionCursor | undefined>,
  select: (range: ScanRange) => Promise<readonly SessionRecord[]>,
): Promise<ScanResult> {
  // No id sorts before an empty one, so these limits are limits of time alone.
  const start = { at: createdAt.before ?? Number.MAX_SAFE_INTEGER, id: "" };
  const { at, id } = cursor === undefined ? start : parsePosition(cursor);
  const before = { createdAt: at, id };
  const from = { createdAt: createdAt.from ?? Number.MIN_SAFE_INTEGER, id: "" };
  const end = await findEnd({ from, before });
  const records = await select({ from: end ?? from, before });
  const next = records.length === limit ? records.at(-1) : end;
  return { records, ...(next && { cursor: toCursor({ at: next.createdAt, id: next.id }) }) };
}

/**
 * Returns the texts of `dataIncludes` that a database can look for. It cannot store NUL or a half of a character, and JSON has
 * no NUL.
 */
export function toSearchTexts(dataIncludes: readonly string[] = []): readonly string[] {
  return dataIncludes.filter((text) => text.isWellFormed() && !text.includes("\0"));
}
