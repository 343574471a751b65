import { hash } from "node:crypto";
import type { RedisPort } from "./client.ts";
import { LUA_PRELUDE } from "./lua-prelude.ts";

/** A Lua script with the SHA-1 by which the server caches it. */
export class RedisScript {
  readonly #source: string;
  readonly #sha: string;

  constructor(source: string, prelude: string = LUA_PRELUDE) {
    this.#source = prelude + source;
    this.#sha = hash("sha1", this.#source);
  }

  /** Runs the script with one command, or with two if the server has not cached it. All keys must share one hash tag. */
  async run(port: RedisPort, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await port.send(keys[0], ["EVALSHA", this.#sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return port.send(keys[0], ["EVAL", this.#source, ...rest]);
    }
  }
}

/**
 * - KEYS: the record, the index.
 * - ARGV: now, the channel, whether expired sessions are reported, the id, the record, `createdAt` (empty for a tombstone, which
 *   is not in the index), `expiresAt`, the id to replace or an empty string, the maximum number of sessions (0 for no limit),
 *   `onExceed`, the maximum number of sessions that one run ends, the end of new tombstones or an empty string, the maximum
 *   number of tombstones (0 for none).
 * - Returns `created`, `replaced` (created, and the session to replace ended), `duplicate`, `limit`, or `more` if more
 *   sessions must end. The evicted ids follow.
 */
export const CREATE: RedisScript = new RedisScript(`
index = KEYS[2]
local id, value, created, expires, replaced = unpack(ARGV, 4, 8)
local max, onExceed, most = tonumber(ARGV[9]), ARGV[10], tonumber(ARGV[11])
local untilMoment, tombstones = ARGV[12], tonumber(ARGV[13])

local function each(visit)
  local from = redis.call("ZCOUNT", index, "-inf", "(0")
  while true do
    local ids = redis.call("ZRANGE", index, from, from + 99)
    for _, other in ipairs(ids) do
      if other ~= replaced and lives(other) and visit(other) then return end
    end
    if #ids < 100 then return end
    from = from + 100
  end
end

local function oldest(count)
  local found = {}
  each(function(other)
    found[#found + 1] = other
    return #found == count
  end)
  return found
end

local function idlest(count)
  local all, found = {}, {}
  each(function(other)
    local created, seen = select(3, redis.call("GETRANGE", recordKey(other), 0, 127):match(HEAD))
    all[#all + 1] = { other, seen and created + seen or 0, #all }
  end)
  table.sort(all, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return a[3] < b[3]
  end)
  for i = 1, count do found[i] = all[i] and all[i][1] end
  return found
end

if redis.call("EXISTS", KEYS[1]) == 1 then return { "duplicate" } end
if replaced ~= "" and not redis.call("ZSCORE", index, replaced) then replaced = "" end
local leaving = {}
if max > 0 then
  local over = redis.call("ZCOUNT", index, "-inf", "(" .. text(-now)) + 1 - max
  if replaced ~= "" and lives(replaced) then over = over - 1 end
  if over > 0 then
    if onExceed == "reject" then return { "limit" } end
    leaving = (onExceed == "evict-oldest" and oldest or idlest)(math.min(over, most))
    leaving = finish(leaving, "evicted", untilMoment, tombstones)
    if over > most then return { "more", unpack(leaving) } end
  end
end
if created ~= "" then redis.call("ZADD", index, created, id, "-" .. expires, "-" .. id) end
redis.call("SET", KEYS[1], value, "PX", text(ttl(expires)))
watch(id, expires)
if created == "" then remember(id, expires, tombstones > 0 and tombstones or math.huge) end
local outcome = "created"
if replaced ~= "" and finish({ replaced }, "logout", untilMoment, tombstones)[1] then outcome = "replaced" end
tidy()
if created ~= "" then keep(index, ttl(expires)) end
return { outcome, unpack(leaving) }
`);

/**
 * - KEYS: the index.
 * - ARGV: now, the channel, whether expired sessions are reported, the limit, `createdAt` and id of the cursor or empty strings.
 * - Returns ids and records in turn.
 */
export const LIST: RedisScript = new RedisScript(`
index = KEYS[1]
local limit = tonumber(ARGV[4])
local from = ARGV[6] ~= "" and behind(tonumber(ARGV[5]), ARGV[6]) or 0
local found = {}
while #found < 2 * limit do
  local count = math.min(limit - #found / 2, 500)
  local ids, living, keys = newest(from, count), {}, {}
  for _, id in ipairs(ids) do
    if lives(id) then
      living[#living + 1] = id
      keys[#keys + 1] = recordKey(id)
    end
  end
  if keys[1] then
    for i, value in ipairs(redis.call("MGET", unpack(keys))) do
      if value then
        found[#found + 1] = living[i]
        found[#found + 1] = value
      end
    end
  end
  if #ids < count then break end
  from = from + count
end
return found
`);

/**
 * - KEYS: the record.
 * - ARGV: now, the channel, whether expired sessions are reported, the id, the expected revision, `lastSeenAt`, `expiresAt`, the
 *   new data, `tombstone` to change one. All but the first four may be empty.
 * - Returns `updated`, `not_found` or `conflict`.
 */
export const UPDATE: RedisScript = new RedisScript(`
local id, revision, seen, expires, data, kind = unpack(ARGV, 4, 9)
local value = redis.call("GET", KEYS[1])
if not value then return "not_found" end
local r = parse(value)
if kind ~= "" then
  if not r.ended then return "not_found" end
elseif r.ended or r.expires <= now then return "not_found" end
if revision ~= "" and revision ~= r.revision then return "conflict" end
local moved = seen ~= "" and kind == "" and tonumber(seen) > r.seen
if data ~= "" then r.revision, r.data = text(r.revision + 1), data end
if moved then
  r.seen, r.expires = seen, expires
  index = indexKey(r.userKey)
  redis.call("ZADD", index, r.created, id, "-" .. expires, "-" .. id)
  local left = math.max(redis.call("PTTL", KEYS[1]), ttl(expires))
  write(KEYS[1], r, "PX", text(left))
  tidy()
  keep(index, left)
elseif data ~= "" then
  write(KEYS[1], r, "KEEPTTL")
end
if data ~= "" and kind == "" and channel ~= "" then redis.call("PUBLISH", channel, "[" .. r.revision .. ',"' .. id .. '"]') end
return "updated"
`);

/**
 * - KEYS: the record.
 * - ARGV: now, the channel, whether expired sessions are reported, the id, the reason, the end of the tombstone or an empty
 *   string, the maximum number of tombstones (0 for none), the owner as JSON or an empty string.
 * - Returns `deleted`, `not_found` or `not_owner`.
 */
export const END_ONE: RedisScript = new RedisScript(`
local id, reason, untilMoment, tombstones, owner = unpack(ARGV, 4, 8)
local value = redis.call("GET", KEYS[1])
if not value then return "not_found" end
local r = parse(value)
if r.ended then return "not_found" end
if owner ~= "" and owner ~= r.userKey then return "not_owner" end
index = indexKey(r.userKey)
finish({ id }, reason, untilMoment, tonumber(tombstones))
return "deleted"
`);

/**
 * - KEYS: the index.
 * - ARGV: now, the channel, whether expired sessions are reported, the reason, the end of the tombstones or an empty string, the
 *   maximum number of tombstones (0 for none), the mode, the maximum number of sessions per run, `createdAt` and id of the cursor
 *   or empty strings, ids.
 * - Modes: `but` ends the sessions of a page except the given ids. `look` returns the ids of a page and ends nothing. `only`
 *   ends the sessions with the given ids.
 * - Returns `createdAt` and id of the next cursor (empty strings at the end), then the ids.
 */
export const END_MANY: RedisScript = new RedisScript(`
index = KEYS[1]
local reason, untilMoment, tombstones, mode, most = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local ids, spared, reply = {}, {}, { "", "" }
for i = 11, #ARGV do
  if mode == "only" then ids[#ids + 1] = ARGV[i] else spared[ARGV[i]] = true end
end
if mode ~= "only" then
  ids = newest(ARGV[10] ~= "" and behind(tonumber(ARGV[9]), ARGV[10]) or 0, most)
  if #ids == most then reply = { redis.call("ZSCORE", index, ids[most]), ids[most] } end
end
local ending = {}
for i = #ids, 1, -1 do
  if not spared[ids[i]] and redis.call("ZSCORE", index, ids[i]) then ending[#ending + 1] = ids[i] end
end
local named = mode == "look" and ending or finish(ending, reason, untilMoment, tombstones)
for _, id in ipairs(named) do reply[#reply + 1] = id end
return reply
`);

/**
 * - KEYS: the list of a user's tombstones.
 * - ARGV: now, the channel, whether expired sessions are reported, the maximum number of tombstones per run.
 * - Returns the number of removed tombstones, and 1 if there may be more.
 *
 * Also removes the user key from the user's sessions that `TAKE_EXPIRED` has taken and that have not been reported.
 */
export const DELETE_TOMBSTONES: RedisScript = new RedisScript(`
local ids, removed = redis.call("LPOP", KEYS[1], ARGV[4]) or {}, 0
for _, id in ipairs(ids) do removed = removed + drop(id) end
local taken, name = base .. "r:", ',"' .. KEYS[1]:sub(#base + 3) .. '"]'
local waiting = redis.call("ZRANGE", taken, 0, -1, "WITHSCORES")
for i = 1, #waiting, 2 do
  local session = waiting[i]
  if session:sub(-#name) == name then
    redis.call("ZADD", taken, waiting[i + 1], session:sub(1, -#name - 1) .. "]")
    redis.call("ZREM", taken, session)
  end
end
return { text(removed), redis.call("EXISTS", KEYS[1]) == 1 and "1" or "" }
`);

/**
 * Takes sessions that have expired: they are gone for every other operation, and the caller reports them. Until then they stay
 * in a second sorted set of the shard, scored by the moment at which another process may take them again. Nearly every run finds
 * nothing, so the script looks before it does anything else.
 *
 * - KEYS: the ends of the shard's records.
 * - ARGV: the moment, an empty string, 1, the maximum number of records, the time for which the caller has them in milliseconds.
 * - Returns the number of removed records, 1 if there may be more, and the taken sessions as JSON: id, `expiresAt`, `deadline`
 *   and user key. The user key is missing if the user was erased meanwhile.
 */
export const TAKE_EXPIRED: RedisScript = new RedisScript(
  `
local removed, reply = 0, { "", math.max(#due, #late) == tonumber(ARGV[4]) and "1" or "" }
for _, id in ipairs(due) do
  unwatch(id)
  local value = redis.call("GET", recordKey(id))
  local r = value and parse(value)
  if r and r.expires > now then
    watch(id, text(r.expires))
  elseif r then
    removed = removed + redis.call("UNLINK", recordKey(id))
    if r.ended then
      redis.call("LREM", base .. "t:" .. r.userKey:sub(2, -2), 1, id)
    else
      redis.call("ZREM", indexKey(r.userKey), id, "-" .. id)
      late[#late + 1] = '["' .. id .. '",' .. text(r.expires) .. "," .. text(r.deadline) .. "," .. r.userKey .. "]"
    end
  end
end
for _, session in ipairs(late) do
  redis.call("ZREM", taken, session)
  redis.call("ZADD", taken, text(now + ARGV[5]), session)
  reply[#reply + 1] = session
end
if late[1] then keep(taken, REPORT_SLACK) end
reply[1] = text(removed)
return reply
`,
  `
local taken = KEYS[1]:sub(1, -3) .. "r:"
local due = redis.call("ZRANGE", KEYS[1], "-inf", ARGV[1], "BYSCORE", "LIMIT", 0, ARGV[4])
local late = redis.call("ZRANGE", taken, "-inf", ARGV[1], "BYSCORE", "LIMIT", 0, ARGV[4])
if not due[1] and not late[1] then return { "0", "" } end
${LUA_PRELUDE}`,
);
