import type { SessionCount, StoreState } from "../../store.ts";
import { matchesScan } from "../shared/scan.ts";
import { SHARDS } from "../shared/shard.ts";
import { type RedisConnection, toStrings, unexpectedReply } from "./connection.ts";
import { RedisScript } from "./lua-scripts.ts";
import { readPrimaries } from "./primaries.ts";
import { ON_PRIMARY } from "./walk.ts";

/** The number of keys of each primary that `count` looks at, in steps that take the server a millisecond. */
const SAMPLE = 10_000;
const SAMPLE_STEP = 1_000;

/**
 * - KEYS: any key of the primary.
 * - ARGV: `cluster` or an empty string, the cursor of SCAN, its COUNT.
 * - Returns the nodes, the next cursor, the number of all keys, the number of keys in the step, and the ids of the records in it.
 */
const SAMPLE_KEYS: RedisScript = new RedisScript(
  `
local cursor, keys = unpack(redis.call("SCAN", ARGV[2], "COUNT", ARGV[3]))
local reply = { nodes, cursor, string.format("%d", redis.call("DBSIZE")), string.format("%d", #keys) }
for _, key in ipairs(keys) do
  if key:sub(1, #prefix) == prefix and key:find("^{..}s:", #prefix + 1) then
    reply[#reply + 1] = key:sub(#prefix + 7)
  end
end
return reply
`,
  ON_PRIMARY,
);

/**
 * - KEYS: any key of the primary.
 * - ARGV: `cluster` or an empty string.
 * - Returns the nodes, the server's time in seconds and microseconds, and INFO on memory and persistence, as far as the user may
 *   read them.
 */
const INSPECT: RedisScript = new RedisScript(
  `
local time, info = redis.call("TIME"), ""
for _, section in ipairs({ "memory", "persistence" }) do
  local part = redis.pcall("INFO", section)
  if type(part) == "string" then info = info .. part end
end
return { nodes, time[1], time[2], info }
`,
  ON_PRIMARY,
);

/**
 * Returns the number of live sessions: by all keys of a small database, and by a sample of each primary otherwise. A hash table
 * has its keys in random order.
 */
export async function countSessions(connection: RedisConnection, now: number): Promise<SessionCount> {
  const first = SHARDS[0] ?? "";
  const begun = await sampleOnce(connection, first, "0");
  const shards = readPrimaries(begun.nodes)?.shards;
  if (!shards) throw new Error("redisStore: slots of the Cluster are moving. Count again later.");
  const counts = await Promise.all(shards.map((shard) => countPrimary(connection, shard, now)));
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    isExact: counts.every(({ isExact }) => isExact),
  };
}

async function countPrimary(connection: RedisConnection, shard: string, now: number): Promise<SessionCount> {
  const ids = new Set<string>();
  let looked = 0;
  let cursor = "0";
  let size = 0;
  do {
    const step = await sampleOnce(connection, shard, cursor);
    for (const id of step.ids) ids.add(id);
    looked += step.keys;
    size = step.size;
    cursor = step.cursor;
  } while (cursor !== "0" && looked < SAMPLE);
  const records = await connection.readAll([...ids]);
  const count = records.filter((record) => matchesScan(record, undefined, now)).length;
  if (cursor === "0") return { count, isExact: true };
  return { count: Math.round((size * count) / looked), isExact: false };
}

async function sampleOnce(connection: RedisConnection, shard: string, from: string) {
  const args = [connection.port.isCluster ? "cluster" : "", from, SAMPLE_STEP];
  const reply = toStrings(await connection.run(SAMPLE_KEYS, [connection.shardKey(shard, "s:")], args));
  const [nodes, cursor, size, keys, ...ids] = reply;
  if (nodes === undefined || cursor === undefined) throw unexpectedReply();
  return { nodes, cursor, size: Number(size), keys: Number(keys), ids };
}

/** Asks one primary for its clock, and all of them for settings that endanger sessions. */
export async function inspectServers(connection: RedisConnection): Promise<StoreState> {
  const first = SHARDS[0] ?? "";
  const { nodes, clock, info } = await inspectOnce(connection, first);
  const others = readPrimaries(nodes)?.shards.slice(1) ?? [];
  const replies = await Promise.all(others.map((shard) => inspectOnce(connection, shard)));
  const infos = [info, ...replies.map((reply) => reply.info)];
  const warnings = [...new Set(infos.flatMap((each) => [...warnOfEviction(each), ...warnOfLoss(each)]))];
  return { clock, ...(warnings.length > 0 && { warnings }) };
}

async function inspectOnce(connection: RedisConnection, shard: string) {
  const args = [connection.port.isCluster ? "cluster" : ""];
  const reply = toStrings(await connection.run(INSPECT, [connection.shardKey(shard, "s:")], args));
  const [nodes = "", seconds, microseconds, info = ""] = reply;
  return { nodes, clock: Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000), info };
}

/** Warns if the server evicts keys, by its INFO. Every key of the store has a TTL, so every eviction policy applies to it. */
export function warnOfEviction(info: string): readonly string[] {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "noeviction";
  if (policy === "noeviction" || /^maxmemory:0\s/m.test(info)) return [];
  return [
    `The Redis server's maxmemory-policy is ${policy}. When its memory is full, it deletes sessions, and ` +
      'lists and revokeAll may miss some. Set it to "noeviction".',
  ];
}

/** Warns if the server would forget revocations after a crash, by its INFO. */
function warnOfLoss(info: string): readonly string[] {
  if (!/^aof_enabled:0/m.test(info)) return [];
  return [
    'The Redis server keeps no append-only file. After a crash, sessions that were revoked since its last snapshot are live again. Set appendonly to "yes".',
  ];
}
