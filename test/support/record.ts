import { randomBytes } from "node:crypto";
// Imports use paths rather than the package's name, because runtimes without the build run this file too.
import { shardOf } from "../../src/cookie/shard.ts";
import type { SessionRecord } from "../../src/store.ts";

export const NOW: number = Date.UTC(2026, 0, 1, 12);
export const HOUR = 3_600_000;
export const DAY: number = 24 * HOUR;

/** Separates the ids of processes that share a server. */
const mark = randomBytes(4).toString("hex");
let made = 0;

/** Creates a record with a unique id and creation time. Its deadline is a day after NOW unless overridden. */
export function createRecord(overrides: Partial<SessionRecord> = {}): SessionRecord {
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
