import type { ScanFilter, ScanPage, ScanResult, SessionRecord } from "../../store.ts";
import { parsePosition, toCursor } from "../shared/cursor.ts";
import { matchesScan } from "../shared/scan.ts";
import type { Listed, ListRange, LmdbTables } from "./tables.ts";

/** Records that one step looks at, in one turn of the event loop. */
const LOOKED_AT_ONCE = 500;

/** Returns one step of a scan, within this turn of the event loop. */
export function scanStep(tables: LmdbTables, { now, limit, filter, cursor }: ScanPage): ScanResult {
  const position = cursor === undefined ? undefined : parsePosition(cursor);
  const before = position && { createdAt: position.at, id: position.id };
  const records: SessionRecord[] = [];
  let looked = 0;
  for (const entry of findEntries(tables, filter, { before, limit: LOOKED_AT_ONCE })) {
    looked++;
    const { record } = entry;
    if (record && matchesScan(record, filter, now)) records.push(record);
    if (records.length === limit || looked === LOOKED_AT_ONCE)
      return { records, cursor: toCursor({ at: entry.createdAt, id: entry.id }) };
  }
  return { records };
}

/** Returns the entries that can match: those of a user, or those of a time, if the filter names it. */
function findEntries(
  tables: LmdbTables,
  { userKey, createdAt, ended }: ScanFilter = {},
  range: ListRange,
): Iterable<Listed> {
  if (!ended) return tables.scanSessions(userKey, { ...range, times: createdAt });
  // The list of tombstones is sorted by user.
  if (userKey === undefined) return tables.scanAll(range);
  return tables.scanTombstones(userKey, { ...range, times: ended });
}
