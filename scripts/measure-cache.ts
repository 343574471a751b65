// Prints what an entry of the cache takes and how long a hit is: `npx tsx --expose-gc scripts/measure-cache.ts 10000`.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cached } from "../src/cache/cache.ts";
import { shardOf } from "../src/cookie/shard.ts";
import type { SessionRecord } from "../src/store.ts";
import { memoryStore } from "../src/stores/memory.ts";

const count = Number(process.argv[2] ?? 10_000);
const HITS = 1_000_000;

/** Returns a record as `init` creates one, without metadata, in strings of its own like those of a database driver. */
function createRecord(id: string, userKey: string): SessionRecord {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000, deadline: now + 86_400_000 };
  const client = { ip: "203.0.113.7", agent: { browser: "Chrome", os: "Windows" } };
  const hashes = {
    root: randomBytes(32).toString("base64url"),
    secret: randomBytes(32).toString("base64url"),
  };
  return JSON.parse(
    JSON.stringify({ id, userKey, revision: 0, ...times, data: { v: 1, ...hashes, ...client } }),
  );
}

function measureHeap(): number {
  assert.ok(globalThis.gc, "run it with --expose-gc");
  for (let turn = 0; turn < 3; turn++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function measure(): Promise<void> {
  const users = new Map<string, string>();
  for (let index = 0; index < count; index++) {
    const userKey = `user-${index}`;
    users.set(shardOf(userKey) + randomBytes(10).toString("hex"), userKey);
  }
  const ids = [...users.keys()];
  const source = { ...memoryStore(), fetchById: async (id: string) => createRecord(id, users.get(id) ?? "") };
  const store = cached(source, { maxAge: "1h", maxEntries: count });
  // The cache is empty until it has subscribed.
  await store.fetchById("none");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = measureHeap();
  for (const id of ids) await store.fetchById(id);
  console.log(`${Math.round((measureHeap() - before) / count)} bytes for each of ${count} entries`);

  const random = Array.from({ length: 1 << 16 }, () => ids[Math.floor(Math.random() * count)] ?? "");
  for (const [title, order] of [
    ["one session", random.map(() => ids[0] ?? "")],
    ["random sessions", random],
  ] as const) {
    const start = process.cpuUsage();
    for (let hit = 0; hit < HITS; hit++)
      assert.ok(!(store.fetchById(order[hit & 0xffff] ?? "") instanceof Promise));
    console.log(`${Math.round((process.cpuUsage(start).user * 1_000) / HITS)} ns for a hit, ${title}`);
  }
  await store.close?.();
}

void measure();
