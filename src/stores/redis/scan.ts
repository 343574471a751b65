import type { ScanPage, ScanResult, SessionPage, SessionRecord } from "../../store.ts";
import { parseCursor, parsePosition, toCursor } from "../shared/cursor.ts";
import { matchesScan, SCAN_STEP } from "../shared/scan.ts";
import { type RedisConnection, toStrings } from "./connection.ts";
import { type Bucket, WALK_START, type WalkPosition, walk } from "./walk.ts";

/** The cursor of a scan of all users: a position, and a part of a bucket that an earlier step returned. */
const ALL =
  /^([0-9A-Za-z]{2})\.([0-9a-f]{12})\.([0-9a-f]{12})?\.(\d{1,20})(?:\.(\d{1,20})\.([0-9A-Za-z]{1,128}))?$/;
/** The cursor of a scan of one user's tombstones. */
const TOMBSTONES = /^[0-9A-Za-z]{1,128}$/;

/** The beginning of a bucket, up to `id`, that an earlier step of the scan returned. */
interface Returned {
  /** The cursor of SCAN after the bucket. */
  readonly scan: string;
  readonly id: string;
}

/** Returns the matching records of the next buckets. A bucket that exceeds the limit continues in the next step. */
export async function scanAll(
  connection: RedisConnection,
  { now, limit, filter, cursor }: ScanPage,
): Promise<ScanResult> {
  const { position, returned } = parseAll(cursor);
  const { buckets, next } = await walk(connection, position, Math.min(limit, SCAN_STEP));
  let seen = returned;
  const rest = buckets.map((bucket) => {
    if (!seen || !isCut(bucket, seen)) return { ...bucket, earlier: seen };
    const { id } = seen;
    const left = { ...bucket, ids: bucket.ids.filter((each) => each > id), earlier: seen };
    seen = undefined;
    return left;
  });
  const found = await connection.readAll(rest.flatMap(({ ids }) => ids));
  const byId = new Map(found.map((record) => [record.id, record]));
  const records: SessionRecord[] = [];
  for (const { from, to, ids, earlier } of rest) {
    let last: string | undefined;
    for (const id of ids) {
      const record = byId.get(id);
      if (!record || !matchesScan(record, filter, now)) continue;
      if (records.length === limit)
        return {
          records,
          cursor: last
            ? toWalkCursor(from, { scan: to?.scan ?? "0", id: last })
            : toWalkCursor(from, earlier),
        };
      records.push(record);
      last = id;
    }
  }
  return { records, ...(next && { cursor: toWalkCursor(next, seen) }) };
}

/**
 * Whether this is the bucket whose beginning was returned. Meanwhile an empty bucket before it may have received keys, or the
 * hash table may have grown and the bucket is a part of the former one.
 */
function isCut({ to, ids }: Bucket, { scan, id }: Returned): boolean {
  return (to?.scan ?? "0") === scan || ids.includes(id);
}

function toWalkCursor({ shard, map, run = "", scan }: WalkPosition, returned: Returned | undefined): string {
  const cut = returned ? `.${returned.scan}.${returned.id}` : "";
  return `${shard}.${map}.${run}.${scan}${cut}`;
}

function parseAll(cursor: string | undefined): {
  readonly position: WalkPosition;
  readonly returned?: Returned | undefined;
} {
  if (cursor === undefined) return { position: WALK_START };
  const [, shard = "", map, run, scan = "", after, id] = parseCursor(cursor, ALL);
  const returned = after === undefined || id === undefined ? undefined : { scan: after, id };
  return { position: { shard, map, run, scan }, returned };
}

/** Returns the matching sessions of one user, newest first. `list` returns a page of them. */
export async function scanUser(
  list: (page: SessionPage) => Promise<readonly SessionRecord[]>,
  { now, limit, filter, cursor }: ScanPage,
): Promise<ScanResult> {
  const position = cursor === undefined ? undefined : parsePosition(cursor);
  const most = Math.min(limit, SCAN_STEP);
  const before = position && { createdAt: position.at, id: position.id };
  const page = await list({ now, limit: most, ...(before && { before }) });
  const last = page.at(-1);
  const records = page.filter((record) => matchesScan(record, filter, now));
  if (!last || page.length < most) return { records };
  return { records, cursor: toCursor({ at: last.createdAt, id: last.id }) };
}

/** Returns the matching tombstones of one user, those that ended last first. */
export async function scanUserTombstones(
  connection: RedisConnection,
  userKey: string,
  { now, limit, filter, cursor }: ScanPage,
): Promise<ScanResult> {
  const last = cursor === undefined ? undefined : parseCursor(cursor, TOMBSTONES)[0];
  const key = connection.tombstonesKey(userKey);
  const ids = toStrings(await connection.send(key, ["LRANGE", key, "0", "-1"])).reverse();
  // Tombstones leave the list from its other end, so those behind a missing one are gone too.
  const begin = last === undefined ? 0 : ids.indexOf(last) + 1 || ids.length;
  const step = ids.slice(begin, begin + Math.min(limit, SCAN_STEP));
  const found = await connection.readAll(step);
  const records = found.filter((record) => matchesScan(record, filter, now));
  const end = step.at(-1);
  return { records, ...(end !== undefined && begin + step.length < ids.length && { cursor: end }) };
}
