import { hash } from "node:crypto";
import type { RedisPort } from "./_redis-client.ts";

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

local HEAD = "^%[([12]),(%d+),(%d+),(%-?%d+),(%-?%d+),(%-?%d+),(%d+),()"

local function parse(value)
  local form, revision, created, seen, expires, deadline, size, at = value:match(HEAD)
  if not at then error({ err = "ERR sessionup: a key of the store's holds no record" }) end
  return {
    revision = revision, created = created, seen = created + seen, expires = created + expires,
    deadline = created + deadline, live = form == "1" and created + expires > now,
    userKey = value:sub(at, at + size - 1), data = value:sub(at + size + 1, -2), size = size,
  }
end

local function write(key, r, ending, ...)
  local form = ending == "" and "1" or "2"
  local function since(moment) return text(moment - r.created) end
  local head = { form, r.revision, r.created, since(r.seen), since(r.expires), since(r.deadline), r.size }
  redis.call("SET", key, "[" .. table.concat(head, ",") .. "," .. r.userKey .. "," .. r.data .. ending .. "]", ...)
end

local function bury(id, value, reason, untilMoment)
  if untilMoment == "" then return redis.call("UNLINK", keyOf(id)) == 1 end
  value = value or redis.call("GET", keyOf(id))
  if not value then return false end
  local r = parse(value)
  r.revision, r.expires, r.deadline = text(r.revision + 1), untilMoment, untilMoment
  local ending = "," .. text(now - r.created) .. ',"' .. reason .. '"'
  write(keyOf(id), r, ending, "PX", ttl(untilMoment))
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
