import { hash } from "node:crypto";
import { SHARDS } from "../shared/shard.ts";
import { type RedisConnection, toStrings, unexpectedReply } from "./connection.ts";
import { RedisScript } from "./lua-scripts.ts";
import { type Primaries, readPrimaries } from "./primaries.ts";

/** The calls of SCAN that one script makes. Each looks at one bucket of the hash table, so the script takes about 2 ms. */
const MAX_BUCKETS = 500;

/** A place in a walk through the records of all primaries. */
export interface WalkPosition {
  /** The shard by which the primary is found. */
  readonly shard: string;
  /** A hash of the slots of all primaries, and of this primary's run. Undefined at the beginning of a walk. */
  readonly map?: string | undefined;
  /** The primary's run. Undefined at its beginning. */
  readonly run?: string | undefined;
  /** The cursor of SCAN. */
  readonly scan: string;
}

/** A bucket of a hash table, with the cursors of SCAN before and after it. */
export interface Bucket {
  readonly from: WalkPosition;
  /** The position after the bucket. Undefined at the end of the walk. */
  readonly to: WalkPosition | undefined;
  /** The ids of the records, ascending. */
  readonly ids: readonly string[];
}

/** A step of a walk. */
export interface WalkStep {
  readonly buckets: readonly Bucket[];
  /** The next position. Undefined at the end of the walk. */
  readonly next: WalkPosition | undefined;
}

/** The beginning of every walk. */
export const WALK_START: WalkPosition = { shard: SHARDS[0] ?? "", scan: "0" };

/** The beginning of scripts that look at a whole primary. A key of the store leads them to it. */
export const ON_PRIMARY = `
local prefix = KEYS[1]:match("^[^{]*")
local nodes = ARGV[1] ~= "" and redis.call("CLUSTER", "NODES") or ""
`;

/**
 * - KEYS: any key of the primary.
 * - ARGV: `cluster` or an empty string, the cursor of SCAN, the number of records after which to stop, the maximum number of
 *   calls of SCAN.
 * - Returns the id of the server's run, the nodes, the next cursor, and for each bucket with records: the cursors before and
 *   after it, the number of ids, the ids.
 */
const WALK: RedisScript = new RedisScript(
  `
local cursor, most = ARGV[2], tonumber(ARGV[3])
local pattern = prefix:gsub("%W", "\\\\%0") .. "{??}s:*"
local reply, found = { redis.call("INFO", "server"):match("run_id:(%w+)"), nodes, "" }, 0
for _ = 1, tonumber(ARGV[4]) do
  local after, keys = unpack(redis.call("SCAN", cursor, "MATCH", pattern, "COUNT", 1))
  if keys[1] then
    for _, part in ipairs({ cursor, after, string.format("%d", #keys) }) do reply[#reply + 1] = part end
    for _, key in ipairs(keys) do reply[#reply + 1] = key:sub(#prefix + 7) end
    found = found + #keys
  end
  cursor = after
  if cursor == "0" or found >= most then break end
end
reply[3] = cursor
return reply
`,
  ON_PRIMARY,
);

/**
 * Looks at the next buckets of all primaries' hash tables. The order of a walk is that of the buckets, which does not depend
 * on the size of a step: SCAN with `COUNT 1` stops after a bucket with keys.
 *
 * Rejects when the cursors of SCAN have lost their meaning: after a restart or a failover, which give the hash table another
 * seed, and when slots moved. Otherwise keys could move from a primary that is still ahead to one that is done.
 */
export async function walk(
  connection: RedisConnection,
  { shard, map, run, scan }: WalkPosition,
  most: number,
): Promise<WalkStep> {
  const args = [connection.port.isCluster ? "cluster" : "", scan, most, MAX_BUCKETS];
  const [runId, nodes, cursor, ...found] = toStrings(
    await connection.run(WALK, [connection.shardKey(shard, "s:")], args),
  );
  if (runId === undefined || nodes === undefined || cursor === undefined) throw unexpectedReply();
  const primaries = readPrimaries(nodes);
  const own = { map: primaries && toMark(primaries.map), run: toMark(runId) };
  if (!primaries || (map ?? own.map) !== own.map || (run ?? own.run) !== own.run) throw movedError();
  const toPosition = (after: string) =>
    after === "0" ? toNextPrimary(primaries, shard, own.map) : { shard, ...own, scan: after };
  const buckets: Bucket[] = [];
  for (let at = 0; at < found.length; ) {
    const [from = "", to = "", size = ""] = found.slice(at, at + 3);
    const ids = found.slice(at + 3, at + 3 + Number(size)).sort();
    buckets.push({ from: { shard, ...own, scan: from }, to: toPosition(to), ids });
    at += 3 + ids.length;
  }
  return { buckets, next: toPosition(cursor) };
}

function toNextPrimary(
  { shards }: Primaries,
  shard: string,
  map: string | undefined,
): WalkPosition | undefined {
  const next = shards[shards.indexOf(shard) + 1];
  return next === undefined ? undefined : { shard: next, map, scan: "0" };
}

/** A short text that stands for a longer one in cursors. */
function toMark(text: string): string {
  return hash("sha256", text).slice(0, 12);
}

function movedError(): Error {
  return new Error(
    "redisStore: the server was restarted or replaced, or slots of the Cluster are moving, since the scan began. " +
      "Begin the scan again.",
  );
}
