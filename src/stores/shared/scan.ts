import { isWithin } from "../../rules/time-range.ts";
import { CLAIM_PREFIX, type ScanFilter, type SessionRecord } from "../../store.ts";

/** The number of records that one step of a scan looks at. */
export const SCAN_STEP = 10_000;

/** Whether the user key is that of a claim rather than of sessions. */
export function isClaim(userKey: string): boolean {
  return userKey.startsWith(CLAIM_PREFIX);
}

/** Whether a scan returns a record. For stores that decide in JavaScript. */
export function matchesScan(record: SessionRecord, filter: ScanFilter = {}, now: number): boolean {
  const { userKey = record.userKey, createdAt, lastSeenAt, ended, dataIncludes = [] } = filter;
  return (
    record.expiresAt > now &&
    !record.ended === !ended &&
    record.userKey === userKey &&
    !isClaim(userKey) &&
    isWithin(record.createdAt, createdAt) &&
    isWithin(record.lastSeenAt, lastSeenAt) &&
    isWithin(record.ended?.at ?? 0, ended) &&
    dataIncludes.every((text) => JSON.stringify(record.data).includes(text))
  );
}
