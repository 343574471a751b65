import { randomBytes } from "node:crypto";
// Paths, not the package's names: runtimes that know nothing of its build run this too.
import { shardOf } from "../../src/cookie/shard.ts";
import type { SessionRecord } from "../../src/store.ts";

export const NOW: number = Date.UTC(2026, 0, 1, 12);
export const HOUR = 3_600_000;
export const DAY: number = 24 * HOUR;

/** Other processes may be at the same server. */
const mark = randomBytes(4).toString("hex");
let made = 0;

/** A session that nobody else has, of a second of its own; it ends after a day, or when it is told to. */
export function recordOf(overrides: Partial<SessionRecord> = {}): SessionRecord {
  const userKey = overrides.userKey ?? "ann";
  const deadline = overrides.deadline ?? overrides.expiresAt ?? NOW + DAY;
  made += 1;
  return {
    id: `${shardOf(userKey)}${mark}${String(made).padStart(12, "0")}`,
    userKey,
    revision: 0,
    createdAt: NOW + made * 1_000,
    lastSeenAt: NOW,
    expiresAt: deadline,
    deadline,
    data: { v: 1 },
    ...overrides,
  };
}
