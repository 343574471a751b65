import { shardOf } from "../dist/index.js";

const DAY = 86_400_000;
let count = 0;

/** Creates a record like an average one of the core: an address, an agent, no metadata. Its id is serial, not random. */
export function createRecord(/** @type {string} */ userKey, now = Date.now(), shard = shardOf(userKey)) {
  const serial = String(count++).padStart(20, "0");
  return {
    id: shard + serial,
    userKey,
    revision: 0,
    createdAt: now + count,
    lastSeenAt: now + count,
    expiresAt: now + DAY,
    deadline: now + DAY,
    data: {
      v: 1,
      root: `rr${serial}`,
      secret: "s".repeat(23) + serial,
      ip: "203.0.113.195",
      agent: { browser: "Firefox", os: "Windows" },
    },
  };
}
