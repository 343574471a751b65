/**
 * How long the server keeps a session after its end, in milliseconds. As long as no process's clock is ahead by more, the
 * server never removes a session that is live by the clock of another process.
 */
export const SLACK: number = 15 * 60_000;

/**
 * How much longer the server keeps a session whose expiry is reported, in milliseconds: for as long as no process may run that
 * reports it.
 */
const REPORT_SLACK = 24 * 60 * 60_000;

/**
 * The functions that all scripts share. The index of a user is one sorted set with two entries for each session: its id
 * scored by `createdAt`, and "-" plus its id scored by minus `expiresAt`. Both orders, the number of live sessions and the
 * latest end are known without reading records.
 *
 * - All keys of a script are derived from its first key: they share its hash tag and any prefix that the client adds.
 * - Lua compares strings by the server's locale, so `precedes` compares bytes.
 * - A write that the server rejects when its memory is full comes first where the script must not have changed anything by
 *   then. It comes last where the end of a session must not fail because of it.
 * - Clocks of processes differ, so no script relies on `now` to remove a session. An index entry is removed only when its
 *   record is gone, and the TTL of a session or an index is never shortened.
 * - A record's data is a JSON object, and what follows contains no "}": scripts split a record after its last "}".
 * - With a channel, the script that ends or changes sessions publishes their ids.
 * - If expired sessions are reported, a sorted set of each shard holds the ids of its records, scored by `expiresAt`. Activity
 *   does not touch it: the cleanup compares an entry with its record, and corrects it.
 * - A list holds the ids of a user's tombstones, in the order in which the sessions ended. They are not in the index. Only
 *   scripts that write a tombstone access the list.
 */
export const LUA_PRELUDE: string = `
local SLACK, REPORT_SLACK = ${SLACK}, ${REPORT_SLACK}
local base = KEYS[1]:match("^[^{]*{..}")
local index
local now, channel, reports = tonumber(ARGV[1]), ARGV[2], ARGV[3] == "1"
local ends = base .. "e:"
local slack = reports and SLACK + REPORT_SLACK or SLACK

local function text(number) return string.format("%.0f", number) end
local function recordKey(id) return base .. "s:" .. id end
local function indexKey(userKey) return base .. "u:" .. userKey:sub(2, -2) end
local function ttl(moment) return math.max(moment - now, 0) + slack end

local function keep(key, milliseconds)
  if redis.call("PTTL", key) < milliseconds then redis.call("PEXPIRE", key, text(milliseconds)) end
end

local function watch(id, moment)
  if not reports then return end
  redis.call("ZADD", ends, moment, id)
  if redis.call("PTTL", ends) < ttl(moment) then redis.call("PEXPIRE", ends, text(ttl(moment) + REPORT_SLACK)) end
end

local function unwatch(id)
  if reports then redis.call("ZREM", ends, id) end
end

local function lives(id)
  local score = redis.call("ZSCORE", index, "-" .. id)
  return score and -score > now
end

local function tidy()
  local over = redis.call("ZRANGE", index, "(0", text(SLACK - now), "BYSCORE", "REV", "LIMIT", 0, 50)
  for _, member in ipairs(over) do
    local id = member:sub(2)
    if redis.call("EXISTS", recordKey(id)) == 0 then redis.call("ZREM", index, member, id) end
  end
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

local HEAD = "^%[([12]),(%d+),(%d+),(%-?%d+),(%-?%d+),(%-?%d+),(%d+),()"

local function parse(value)
  local form, revision, created, seen, expires, deadline, size, at = value:match(HEAD)
  local data, tail = value:match("^(.*})([^}]*)%]$", at and at + size + 1)
  if not at or not data then error({ err = "ERR sessionup: a key of the store contains no record" }) end
  return {
    form = form, revision = revision, created = created, seen = created + seen, expires = created + expires,
    deadline = created + deadline, ended = form == "2",
    userKey = value:sub(at, at + size - 1), data = data, tail = tail, size = size,
  }
end

local function write(key, r, ...)
  local function since(moment) return text(moment - r.created) end
  local head = { r.form, r.revision, r.created, since(r.seen), since(r.expires), since(r.deadline), r.size }
  redis.call("SET", key, "[" .. table.concat(head, ",") .. "," .. r.userKey .. "," .. r.data .. r.tail .. "]", ...)
end

local function bury(id, reason, untilMoment)
  local value = redis.call("GET", recordKey(id))
  if not value then return false end
  local r = parse(value)
  r.form, r.revision, r.expires, r.deadline = "2", text(r.revision + 1), untilMoment, untilMoment
  r.tail = "," .. text(now - r.created) .. ',"' .. reason .. '"' .. r.tail
  write(recordKey(id), r, "PX", text(ttl(untilMoment)))
  return true
end

local function drop(id)
  if redis.call("GETRANGE", recordKey(id), 0, 1) ~= "[2" then return 0 end
  unwatch(id)
  return redis.call("UNLINK", recordKey(id))
end

local function remember(id, untilMoment, max)
  local list = base .. "t:" .. index:sub(#base + 3)
  redis.call("RPUSH", list, id)
  for _ = max + 1, redis.call("LLEN", list) do
    drop(redis.call("LPOP", list))
  end
  keep(list, ttl(untilMoment))
end

local function finish(ids, reason, untilMoment, max)
  local ended, buried = {}, {}
  for i = #ids, 1, -1 do
    local id = ids[i]
    redis.call("ZREM", index, id, "-" .. id)
    if #buried < max and bury(id, reason, untilMoment) then
      watch(id, untilMoment)
      buried[#buried + 1] = id
      ended[#ended + 1] = id
    else
      unwatch(id)
      if redis.call("UNLINK", recordKey(id)) == 1 then ended[#ended + 1] = id end
    end
  end
  if ended[1] and channel ~= "" then
    redis.call("PUBLISH", channel, '["' .. table.concat({ reason, index:sub(#base + 3), unpack(ended) }, '","') .. '"]')
  end
  for i = #buried, 1, -1 do remember(buried[i], untilMoment, max) end
  return ended
end
`;
