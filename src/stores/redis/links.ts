import type { SessionRecord } from "../../store.ts";
import { type RedisConnection, toStrings } from "./connection.ts";
import { RedisScript } from "./lua-scripts.ts";

/** The number of entries of a link's index that one step reads. */
const PAGE = 1_000;

/**
 * How long an entry may lack its session, in milliseconds of the server's clock. A login writes the entry first, so its session
 * may be about to begin.
 */
const GRACE = 15 * 60_000;

const SERVER_TIME = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * - KEYS: the index of the link, a sorted set of ids scored by the server's time.
 * - ARGV: the id, the time for which the index must stay in milliseconds.
 */
const ADD: RedisScript = new RedisScript(
  `
redis.call("ZADD", KEYS[1], now, ARGV[1])
if redis.call("PTTL", KEYS[1]) < tonumber(ARGV[2]) then redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
return "added"
`,
  SERVER_TIME,
);

/**
 * - KEYS: the index of the link.
 * - ARGV: the grace in milliseconds, ids whose sessions have ended. Removes those that are not new.
 */
const REMOVE: RedisScript = new RedisScript(
  `
for i = 2, #ARGV do
  local since = redis.call("ZSCORE", KEYS[1], ARGV[i])
  if since and now - since > tonumber(ARGV[1]) then redis.call("ZREM", KEYS[1], ARGV[i]) end
end
return "removed"
`,
  SERVER_TIME,
);

/**
 * Makes a session that is about to begin known by its link. The index has a slot of its own, so this is a step before the
 * login's. If the process dies in between, the entry has no session, and `fetchByLink` removes it later.
 */
export async function addLink(
  connection: RedisConnection,
  { id, link = "", deadline }: SessionRecord,
  now: number,
): Promise<void> {
  const stay = Math.max(deadline - now, 0) + GRACE;
  await connection.run(ADD, [connection.linkKey(link)], [id, stay]);
}

/** Returns up to `limit` sessions with the link, and removes entries whose sessions have ended. */
export async function fetchByLink(
  connection: RedisConnection,
  link: string,
  limit: number,
): Promise<readonly SessionRecord[]> {
  const key = connection.linkKey(link);
  const found: SessionRecord[] = [];
  const missing: string[] = [];
  for (let from = 0; found.length < limit; from += PAGE) {
    const ids = toStrings(await connection.send(key, ["ZRANGE", key, `${from}`, `${from + PAGE - 1}`]));
    const records = await connection.readAll(ids);
    const own = records.filter((record) => record.link === link && !record.ended);
    found.push(...own);
    const named = new Set(own.map(({ id }) => id));
    missing.push(...ids.filter((id) => !named.has(id)));
    if (ids.length < PAGE) break;
  }
  for (let from = 0; from < missing.length; from += PAGE)
    await connection.run(REMOVE, [key], [GRACE, ...missing.slice(from, from + PAGE)]);
  return found.slice(0, limit);
}
