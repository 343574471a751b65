import { hash } from "node:crypto";
import type { RedisPort } from "./_redis-client.ts";

/** So many sessions of a user are looked at or ended in one script: some milliseconds of the server's time. */
export const MOST = 1_000;

/**
 * What all scripts begin with. A user's index is one sorted set that holds each session twice: its id by `createdAt`,
 * and "-" and its id by minus `expiresAt`. Both orders, the count of the living and the latest end are so found without
 * a look at the records.
 *
 * - Keys are made from the first one: all of a script's have the same hash tag, whatever the client puts before them.
 * - Lua compares texts by the server's locale, so here bytes are compared.
 * - What is refused when the memory is full comes first where nothing may have changed by then, and last where the
 *   end of a session must not fail for it.
 */
const COMMON = `
local SLACK = 60000
local base = KEYS[1]:match("^[^{]*{..}")
local index
local now = tonumber(ARGV[1])

local function text(number) return string.format("%.0f", number) end
local function keyOf(id) return base .. "s:" .. id end
local function indexOf(userKey) return base .. "u:" .. userKey:sub(2, -2) end
local function ttl(moment) return text(math.max(moment - now, 0) + SLACK) end

local function lives(id)
  local score = redis.call("ZSCORE", index, "-" .. id)
  return score and -score > now
end

local function tidy()
  local dead = redis.call("ZRANGE", index, text(SLACK - now), "(0", "BYSCORE", "LIMIT", 0, 50)
  for _, member in ipairs(dead) do redis.call("ZREM", index, member, member:sub(2)) end
end

local function settle()
  local last = redis.call("ZRANGE", index, 0, 0, "WITHSCORES")[2]
  if last then redis.call("PEXPIRE", index, ttl(-last)) end
end

local function newest(first, count)
  local ids = redis.call("ZRANGE", index, first, first + count - 1, "REV")
  while ids[1] and ids[#ids]:sub(1, 1) == "-" do ids[#ids] = nil end
  return ids
end

local function precedes(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then return x > y end
  end
  return #a >= #b
end

local function behind(score, id)
  local low, high = 0, redis.call("ZCOUNT", index, 0, "+inf")
  while low < high do
    local middle = math.floor((low + high) / 2)
    local at = redis.call("ZRANGE", index, middle, middle, "REV", "WITHSCORES")
    local other = tonumber(at[2])
    if other > score or (other == score and precedes(at[1], id)) then low = middle + 1 else high = middle end
  end
  return low
end

local function parse(value)
  local revision, created, seen, expires, deadline, reason, size, at =
    value:match('^%[1,(%d+),(%d+),(%d+),(%d+),(%d+),%d+,"([%a_]*)",(%d+),()')
  if not at then error({ err = "ERR sessionup: a key of the store's holds no record" }) end
  return {
    revision = revision, created = created, seen = seen, expires = expires, deadline = deadline,
    live = reason == "" and tonumber(expires) > now,
    userKey = value:sub(at, at + size - 1), data = value:sub(at + size + 1, -2), size = size,
  }
end

local function write(key, r, endedAt, reason, ...)
  local value = "[1," .. table.concat({ r.revision, r.created, r.seen, r.expires, r.deadline, endedAt }, ",")
    .. ',"' .. reason .. '",' .. r.size .. "," .. r.userKey .. "," .. r.data .. "]"
  redis.call("SET", key, value, ...)
end

local function bury(id, value, reason, untilMoment)
  if untilMoment == "" then return redis.call("UNLINK", keyOf(id)) == 1 end
  value = value or redis.call("GET", keyOf(id))
  if not value then return false end
  local r = parse(value)
  r.revision, r.expires, r.deadline = text(r.revision + 1), untilMoment, untilMoment
  write(keyOf(id), r, ARGV[1], reason, "PX", ttl(untilMoment))
  return true
end
`;

/** A script, and the name by which a server remembers it. */
export class Script {
  readonly #source: string;
  readonly #sha: string;

  constructor(source: string) {
    this.#source = COMMON + source;
    this.#sha = hash("sha1", this.#source);
  }

  /** All keys have one hash tag. One command, unless the server has forgotten the script: then it is sent whole. */
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
 * KEYS: record, index. ARGV: now, id, record, createdAt (nothing: not listed), expiresAt, id to replace, max (0: no limit), onExceed, most.
 * Answers `created`, `duplicate`, `limit` or, when more had to go than go in one script, `more`; then who was evicted.
 */
export const CREATE: Script = new Script(`
index = KEYS[2]
local id, value, created, expires, replaced = unpack(ARGV, 2, 6)
local max, onExceed, most = tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])

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
    local head = redis.call("GETRANGE", keyOf(other), 0, 127)
    all[#all + 1] = { other, tonumber(head:match("^%[1,%d+,%d+,(%d+),")) or 0, #all }
  end)
  table.sort(all, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return a[3] < b[3]
  end)
  for i = 1, count do found[i] = all[i] and all[i][1] end
  return found
end

local function leave(other)
  redis.call("UNLINK", keyOf(other))
  redis.call("ZREM", index, other, "-" .. other)
end

if redis.call("EXISTS", KEYS[1]) == 1 then return { "duplicate" } end
if replaced ~= "" and not lives(replaced) then replaced = "" end
local leaving = {}
if max > 0 then
  local over = redis.call("ZCOUNT", index, "-inf", "(" .. text(-now)) + 1 - max
  if replaced ~= "" then over = over - 1 end
  if over > 0 then
    if onExceed == "refuse" then return { "limit" } end
    leaving = (onExceed == "evict-oldest" and oldest or idlest)(math.min(over, most))
    for _, other in ipairs(leaving) do leave(other) end
    if over > most then
      settle()
      return { "more", unpack(leaving) }
    end
  end
end
if created ~= "" then redis.call("ZADD", index, created, id, "-" .. expires, "-" .. id) end
redis.call("SET", KEYS[1], value, "PX", ttl(expires))
if replaced ~= "" then leave(replaced) end
tidy()
settle()
return { "created", unpack(leaving) }
`);

/** KEYS: index. ARGV: now, limit, the cursor's createdAt and id or nothing. Answers ids and records in turn. */
export const LIST: Script = new Script(`
index = KEYS[1]
local limit = tonumber(ARGV[2])
local from = ARGV[4] ~= "" and behind(tonumber(ARGV[3]), ARGV[4]) or 0
local found = {}
while #found < 2 * limit do
  local count = math.min(limit - #found / 2, 500)
  local ids, living, keys = newest(from, count), {}, {}
  for _, id in ipairs(ids) do
    if lives(id) then
      living[#living + 1] = id
      keys[#keys + 1] = keyOf(id)
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

/** KEYS: record. ARGV: now, id, revision or nothing, lastSeenAt or nothing, expiresAt, data or nothing. */
export const UPDATE: Script = new Script(`
local id, revision, seen, expires, data = unpack(ARGV, 2, 6)
local value = redis.call("GET", KEYS[1])
if not value then return "not_found" end
local r = parse(value)
if not r.live then return "not_found" end
if revision ~= "" and revision ~= r.revision then return "conflict" end
local moved = seen ~= "" and tonumber(seen) > tonumber(r.seen)
if data ~= "" then r.revision, r.data = text(r.revision + 1), data end
if moved then
  r.seen, r.expires = seen, expires
  index = indexOf(r.userKey)
  redis.call("ZADD", index, r.created, id, "-" .. expires, "-" .. id)
  write(KEYS[1], r, "0", "", "PX", ttl(expires))
  tidy()
  settle()
elseif data ~= "" then
  write(KEYS[1], r, "0", "", "KEEPTTL")
end
return "updated"
`);

/** KEYS: record. ARGV: now, id, reason, the tombstone's end or nothing, the owner as JSON or nothing. */
export const END_ONE: Script = new Script(`
local id, reason, untilMoment, owner = unpack(ARGV, 2, 5)
local value = redis.call("GET", KEYS[1])
if not value then return "not_found" end
local r = parse(value)
if not r.live then return "not_found" end
if owner ~= "" and owner ~= r.userKey then return "not_owner" end
index = indexOf(r.userKey)
redis.call("ZREM", index, id, "-" .. id)
bury(id, value, reason, untilMoment)
settle()
return "deleted"
`);

/**
 * KEYS: index. ARGV: now, reason, the tombstone's end or nothing, mode, most, the cursor's createdAt and id or nothing,
 * ids. Modes: `but` ends all of a stretch but these ids; `look` names all of a stretch; `only` ends these. Answers the
 * next cursor (empty at the end), then the ids that ended or are there.
 */
export const END_MANY: Script = new Script(`
index = KEYS[1]
local reason, untilMoment, mode, most = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local ids, spared, reply = {}, {}, { "", "" }
for i = 8, #ARGV do
  if mode == "only" then ids[#ids + 1] = ARGV[i] else spared[ARGV[i]] = true end
end
if mode ~= "only" then
  ids = newest(ARGV[7] ~= "" and behind(tonumber(ARGV[6]), ARGV[7]) or 0, most)
  if #ids == most then reply = { redis.call("ZSCORE", index, ids[most]), ids[most] } end
end
for _, id in ipairs(ids) do
  if mode == "look" then
    reply[#reply + 1] = id
  elseif not spared[id] and lives(id) then
    redis.call("ZREM", index, id, "-" .. id)
    if bury(id, nil, reason, untilMoment) then reply[#reply + 1] = id end
  end
end
if mode ~= "look" then
  tidy()
  settle()
end
return reply
`);
