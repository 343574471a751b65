import type { ScanFilter, ScanPage, ScanResult, SessionCursor, SessionRecord } from "../../store.ts";
import { matchesScan, parseCursor } from "../shared/scan.ts";
import type { Listed, ListRange, LmdbTables } from "./tables.ts";

/** Records that one step looks at, in one turn of the event loop. */
const LOOKED_AT_ONCE = 500;

/** Returns one step of a scan, within this turn of the event loop. */
export function scanStep(tables: LmdbTables, { now, limit, filter, cursor }: ScanPage): ScanResult {
  const before = cursor === undefined ? undefined : parsePosition(cursor);
  const records: SessionRecord[] = [];
  let looked = 0;
  for (const entry of findEntries(tables, filter, { before, limit: LOOKED_AT_ONCE })) {
    looked++;
    const { record } = entry;
    if (record && matchesScan(record, filter, now)) records.push(record);
    if (records.length === limit || looked === LOOKED_AT_ONCE)
      return { records, cursor: `${entry.createdAt}.${entry.id}` };
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

function parsePosition(cursor: string): SessionCursor {
  const [, createdAt, id = ""] = parseCursor(cursor, /^(\d{1,16})\.([0-9A-Za-z]{1,128})$/);
  return { createdAt: Number(createdAt), id };
}
