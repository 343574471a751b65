import { shardOf } from "../../cookie/shard.ts";
import { readRecordData } from "../../rules/record.ts";
import { CLAIM_PREFIX, type SessionRecord } from "../../store.ts";

const ID = /^[0-9A-Za-z]{4,128}$/;

/** Returns what is wrong with a record that a scan at `now` returned. Empty if nothing is. */
export function findDefects(record: SessionRecord, now: number): readonly string[] {
  const { id, userKey, revision, createdAt, lastSeenAt, expiresAt, deadline, ended } = record;
  const times = [createdAt, lastSeenAt, expiresAt, deadline];
  const isUserKey = typeof userKey === "string" && userKey !== "" && userKey.isWellFormed();
  const rules: ReadonlyArray<readonly [holds: boolean, defect: string]> = [
    [ID.test(id), "the id is not 4 to 128 letters and digits"],
    [
      isUserKey && Buffer.byteLength(userKey) <= 1_024,
      "the user key is not well-formed text of 1 to 1024 bytes",
    ],
    [!isUserKey || id.startsWith(shardOf(userKey)), "the id does not begin with the shard of the user key"],
    [!isUserKey || !userKey.startsWith(CLAIM_PREFIX), "the record is a claim, not a session"],
    [Number.isSafeInteger(revision) && revision >= 0, "the revision is not a whole number"],
    [times.every(Number.isSafeInteger), "a time is not a whole number of milliseconds"],
    [expiresAt <= deadline, "expiresAt is later than the deadline"],
    [createdAt <= deadline, "the deadline is before the beginning"],
    [ended === undefined && expiresAt > now, "the session was not live at the time of the scan"],
    [readRecordData(record) !== undefined, "the data was written by a later release"],
  ];
  return rules.flatMap(([holds, defect]) => (holds ? [] : [defect]));
}

/**
 * Returns what is wrong with a record that was read after the scan. Sessions change and end meanwhile: only what no operation
 * does is a defect.
 */
export function compareRecords(scanned: SessionRecord, read: SessionRecord | undefined): string | undefined {
  if (!read || read.ended) return undefined;
  const fixed = ["id", "userKey", "createdAt", "deadline"] as const;
  const changed = fixed.find((name) => scanned[name] !== read[name]);
  if (changed) return `fetchByIds returns another ${changed} than the scan`;
  if (read.revision < scanned.revision) return "fetchByIds returns an older revision than the scan";
  if (read.lastSeenAt < scanned.lastSeenAt) return "fetchByIds returns an earlier lastSeenAt than the scan";
  if (read.revision === scanned.revision && JSON.stringify(read.data) !== JSON.stringify(scanned.data))
    return "the data changed without a new revision";
  return undefined;
}

/** Returns what is wrong with the order and the contents of a user's list. */
export function findListDefect(
  userKey: string,
  list: readonly SessionRecord[],
  now: number,
): string | undefined {
  if (list.some((record) => record.userKey !== userKey)) return "a user's list has a session of another user";
  if (list.some(({ ended, expiresAt }) => ended || expiresAt <= now))
    return "a user's list has a session that is not live";
  if (new Set(list.map(({ id }) => id)).size < list.length) return "a user's list has a session twice";
  const isSorted = list.every((record, index) => {
    const next = list[index + 1];
    return (
      !next ||
      record.createdAt > next.createdAt ||
      (record.createdAt === next.createdAt && record.id > next.id)
    );
  });
  return isSorted ? undefined : "a user's list is not sorted newest first, by createdAt and id";
}
