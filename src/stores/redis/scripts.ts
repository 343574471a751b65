import { Script } from "./script.ts";

/**
 * KEYS: record, index. ARGV: now, id, record, createdAt (nothing: not listed), expiresAt, id to replace, max (0: no limit), onExceed, most,
 * the tombstones' end or nothing, the most tombstones of a user (0: none are kept).
 * Answers `created`, `duplicate`, `limit` or, when more had to go than go in one script, `more`; then who was evicted.
 */
export const CREATE: Script = new Script(`
index = KEYS[2]
local id, value, created, expires, replaced = unpack(ARGV, 2, 6)
local max, onExceed, most = tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])
local untilMoment, tombstones = ARGV[10], tonumber(ARGV[11])

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
    local created, seen = select(3, redis.call("GETRANGE", keyOf(other), 0, 127):match(HEAD))
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
    if onExceed == "refuse" then return { "limit" } end
    leaving = (onExceed == "evict-oldest" and oldest or idlest)(math.min(over, most))
    leaving = finish(leaving, "evicted", untilMoment, tombstones)
    if over > most then return { "more", unpack(leaving) } end
  end
end
if created ~= "" then redis.call("ZADD", index, created, id, "-" .. expires, "-" .. id) end
redis.call("SET", KEYS[1], value, "PX", text(ttl(expires)))
if created == "" then remember(id, expires, tombstones > 0 and tombstones or math.huge) end
if replaced ~= "" then finish({ replaced }, "logout", untilMoment, tombstones) end
tidy()
if created ~= "" then keep(index, ttl(expires)) end
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
if r.ended or r.expires <= now then return "not_found" end
if revision ~= "" and revision ~= r.revision then return "conflict" end
local moved = seen ~= "" and tonumber(seen) > r.seen
if data ~= "" then r.revision, r.data = text(r.revision + 1), data end
if moved then
  r.seen, r.expires = seen, expires
  index = indexOf(r.userKey)
  redis.call("ZADD", index, r.created, id, "-" .. expires, "-" .. id)
  local left = math.max(redis.call("PTTL", KEYS[1]), ttl(expires))
  write(KEYS[1], r, "", "PX", text(left))
  tidy()
  keep(index, left)
elseif data ~= "" then
  write(KEYS[1], r, "", "KEEPTTL")
end
return "updated"
`);

/**
 * KEYS: record. ARGV: now, id, reason, the tombstone's end or nothing, the most tombstones of a user (0: none are kept),
 * the owner as JSON or nothing.
 */
export const END_ONE: Script = new Script(`
local id, reason, untilMoment, tombstones, owner = unpack(ARGV, 2, 6)
local value = redis.call("GET", KEYS[1])
if not value then return "not_found" end
local r = parse(value)
if r.ended then return "not_found" end
if owner ~= "" and owner ~= r.userKey then return "not_owner" end
index = indexOf(r.userKey)
finish({ id }, reason, untilMoment, tonumber(tombstones))
return "deleted"
`);

/**
 * KEYS: index. ARGV: now, reason, the tombstones' end or nothing, the most tombstones of a user (0: none are kept), mode,
 * most, the cursor's createdAt and id or nothing, ids. Modes: `but` ends all of a stretch but these ids; `look` names all
 * of a stretch; `only` ends these. Answers the next cursor (empty at the end), then the ids that ended or are there.
 */
export const END_MANY: Script = new Script(`
index = KEYS[1]
local reason, untilMoment, tombstones, mode, most = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local ids, spared, reply = {}, {}, { "", "" }
for i = 9, #ARGV do
  if mode == "only" then ids[#ids + 1] = ARGV[i] else spared[ARGV[i]] = true end
end
if mode ~= "only" then
  ids = newest(ARGV[8] ~= "" and behind(tonumber(ARGV[7]), ARGV[8]) or 0, most)
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
