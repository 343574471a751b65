import { invalidOption } from "../../options/parsers.ts";
import { CLAIM_PREFIX, type ScanFilter, type SessionRecord, type TimeRange } from "../../store.ts";
import { isLive } from "./records.ts";

/** The number of records that one step of a scan looks at. */
export const SCAN_STEP = 10_000;

/** Whether a scan returns a record. For stores that decide in JavaScript. */
export function matchesScan(record: SessionRecord, filter: ScanFilter = {}, now: number): boolean {
  const { userKey, createdAt, lastSeenAt, ended, dataIncludes = [] } = filter;
  const isWanted = ended
    ? record.ended && record.expiresAt > now && isWithin(record.ended.at, ended)
    : isLive(record, now);
  if (!isWanted || record.userKey.startsWith(CLAIM_PREFIX)) return false;
  if (userKey !== undefined && record.userKey !== userKey) return false;
  if (!isWithin(record.createdAt, createdAt) || !isWithin(record.lastSeenAt, lastSeenAt)) return false;
  if (dataIncludes.length === 0) return true;
  const data = JSON.stringify(record.data);
  return dataIncludes.every((text) => data.includes(text));
}

function isWithin(time: number, { from = time, before }: TimeRange = {}): boolean {
  return time >= from && (before === undefined || time < before);
}

/** Parses the cursor of a scan with the store's own pattern. Throws `TypeError` for any other text. */
export function parseCursor(cursor: string, pattern: RegExp): RegExpExecArray {
  const parts = typeof cursor === "string" && pattern.exec(cursor);
  if (!parts) throw invalidOption("cursor", "the cursor of the scan's previous step", cursor);
  return parts;
}
