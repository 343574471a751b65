import { Cluster, type Redis } from "ioredis";
import { createCluster } from "redis";
import { type ScanPage, type SessionRecord, type Store, shardOf } from "sessionup";
import { redisStore } from "sessionup/stores/redis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRecord, HOUR, NOW } from "../../support/record.ts";
import { askRedis, type RedisServer, startRedis } from "../../support/servers/redis.ts";
import { type RedisCluster, startRedisCluster } from "../../support/servers/redis-cluster.ts";
import { inBatches, newUser, RedisFixture, recordKey } from "./_fixture.ts";

const MOVED = /Begin the scan again/;

async function fill(store: Store, count: number): Promise<SessionRecord[]> {
  const records = Array.from({ length: count }, () => createRecord({ userKey: newUser() }));
  await inBatches(count, async (index) => {
    const record = records[index];
    if (record) await store.create(record, { now: NOW });
  });
  return records;
}

async function step(store: Store, page: Partial<ScanPage>) {
  const result = await store.scan?.({ now: NOW, limit: 50, ...page });
  if (!result) throw new Error("The store has no scan.");
  return result;
}

/** Returns the ids of a whole scan, in its order. `between` runs after each step. */
async function scan(store: Store, limit: number, between: () => Promise<unknown> = async () => undefined) {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const result = await step(store, { limit, ...(cursor && { cursor }) });
    expect(result.records.length).toBeLessThanOrEqual(limit);
    ids.push(...result.records.map(({ id }) => id));
    cursor = result.cursor;
    if (!cursor) return ids;
    await between();
  }
}

function sortedIds(records: readonly SessionRecord[]): string[] {
  return records.map(({ id }) => id).sort();
}

describe.each(["Redis", "Valkey"] as const)("a scan of %s", (program) => {
  let redis: RedisFixture;
  beforeAll(async () => {
    redis = await RedisFixture.start({ program });
  }, 300_000);
  afterAll(() => redis.stop());
  beforeEach(async () => void (await redis.client.flushall()));

  it("returns every session once and in the same order with every step size", async () => {
    const store = redis.store();
    const records = await fill(store, 2_000);
    const all = await scan(store, 10_000);
    expect(all.toSorted()).toEqual(sortedIds(records));
    for (const limit of [1, 2, 7, 300]) expect(await scan(store, limit)).toEqual(all);
  });

  it("misses no session that stays while the hash table grows and shrinks", async () => {
    const store = redis.store();
    const records = await fill(store, 500);
    for (const limit of [3, 20]) {
      let others: SessionRecord[] = [];
      let steps = 0;
      const seen = await scan(store, limit, async () => {
        // The table doubles several times, and is emptied again.
        if (steps++ % 40 === 5) others = await fill(store, 3_000);
        else if (others.length > 0 && steps % 40 === 25) {
          await redis.client.del(others.map(({ id }) => recordKey(id)));
          others = [];
        }
      });
      const missed = sortedIds(records).filter((id) => !seen.includes(id));
      expect(missed).toEqual([]);
    }
  });

  it("goes on in the bucket in which the previous step stopped, although that step's last session has ended", async () => {
    const store = redis.store();
    const left = new Set(sortedIds(await fill(store, 3_000)));
    for (let cursor: string | undefined; ; ) {
      const { records, cursor: next } = await step(store, { limit: 2, ...(cursor && { cursor }) });
      for (const { id } of records) expect(left.delete(id), "a session was returned twice").toBe(true);
      // The cursor may name this session. An earlier one of its bucket stays.
      const last = records.at(-1);
      if (last) await store.deleteById(last.id, { reason: "revoked", now: NOW });
      cursor = next;
      if (!cursor) break;
    }
    expect([...left]).toEqual([]);
  });

  it("takes a bounded number of commands per step, and leaves out other prefixes and apps", async () => {
    const store = redis.store({ prefix: "a*[" });
    const [record] = await fill(store, 1);
    await fill(redis.store({ prefix: "a" }), 3_000);
    await redis.client.set("a*[{xx}s", "another app's");
    await step(store, {});
    const heard = await redis.monitored(() => step(store, {}));
    expect(heard.filter(({ name }) => name === "SCAN").length).toBeLessThanOrEqual(500);
    expect(heard.filter(({ name }) => name === "KEYS")).toEqual([]);
    expect(await scan(store, 10)).toEqual([record?.id]);
  });

  it("of one user reads that user's index alone", async () => {
    const store = redis.store();
    const [record] = await fill(store, 200);
    const filter = { userKey: record?.userKey ?? "" };
    await step(store, { filter });
    const heard = await redis.monitored(() => step(store, { filter }));
    expect(heard.map(({ name }) => name)).not.toContain("SCAN");
    expect((await step(store, { filter })).records).toEqual([record]);
  });

  it("of one user's tombstones goes on when tombstones leave the list meanwhile", async () => {
    const store = redis.store();
    const userKey = newUser();
    const ids: string[] = [];
    const tombstones = { keepFor: HOUR, max: 4 };
    const bury = async () => {
      const record = createRecord({ userKey });
      await store.create(record, { now: NOW });
      await store.deleteById(record.id, { reason: "revoked", now: NOW + ids.length, tombstones });
      ids.push(record.id);
    };
    for (let count = 0; count < 4; count++) await bury();
    const filter = { userKey, ended: {} };
    const first = await step(store, { filter, limit: 1 });
    expect(first.records.map(({ id }) => id)).toEqual([ids[3]]);
    await bury();
    const rest = await step(store, { filter, limit: 9, cursor: first.cursor ?? "" });
    expect(rest.records.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(rest.cursor).toBeUndefined();
    await store.deleteTombstones?.(userKey);
    expect(await step(store, { filter, limit: 9, cursor: first.cursor ?? "" })).toEqual({ records: [] });
  });

  it("rejects a cursor of a server that was restarted since", async () => {
    const server: RedisServer = await startRedis({ program, appendonly: true });
    const { Redis: Client } = await import("ioredis");
    const client: Redis = new Client(server.port, "127.0.0.1");
    try {
      client.on("error", () => undefined);
      const store = redisStore(client);
      await fill(store, 100);
      const { cursor } = await step(store, { limit: 5 });
      await server.process.signal("SIGKILL");
      await server.process.start(server.port);
      await expect(step(store, { limit: 5, cursor: cursor ?? "" })).rejects.toThrow(MOVED);
      expect(await scan(store, 100)).toHaveLength(100);
    } finally {
      client.disconnect();
      await server.stop();
    }
  });
});

describe("count on Redis", () => {
  let redis: RedisFixture;
  beforeAll(async () => {
    redis = await RedisFixture.start();
  });
  afterAll(() => redis.stop());

  it("is exact for a small database and close for a large one, without tombstones and claims", async () => {
    const store = redis.store();
    const records = await fill(store, 1_000);
    await store.create(createRecord({ userKey: "\0claim a" }), { now: NOW });
    await store.create(createRecord({ userKey: newUser(), expiresAt: NOW }), { now: NOW - 1 });
    const tombstones = { keepFor: HOUR, max: 9 };
    for (const { id } of records.slice(0, 100))
      await store.deleteById(id, { reason: "revoked", now: NOW, tombstones });
    expect(await store.count?.(NOW)).toEqual({ count: 900, isExact: true });
    await fill(store, 14_100);
    const { count, isExact } = (await store.count?.(NOW)) ?? { count: 0, isExact: true };
    expect(isExact).toBe(false);
    // Five standard deviations of a sample of 10 000 keys.
    expect(Math.abs(count - 15_000)).toBeLessThan(750);
  });

  it("inspect returns the server's clock and warns of settings that endanger sessions", async () => {
    const store = redis.store();
    const [seconds] = await redis.client.time();
    const state = await store.inspect?.();
    expect(Math.abs((state?.clock ?? 0) - Number(seconds) * 1_000)).toBeLessThan(60_000);
    expect(state?.warnings).toEqual([expect.stringContaining("keeps no append-only file")]);
    await redis.client.config("SET", "appendonly", "yes");
    expect(await store.inspect?.()).toEqual({ clock: expect.any(Number) });
    await redis.client.config("SET", "maxmemory", "1gb");
    await redis.client.config("SET", "maxmemory-policy", "volatile-lru");
    expect((await store.inspect?.())?.warnings).toEqual([
      expect.stringContaining("maxmemory-policy is volatile-lru"),
    ]);
  });
});

describe.each(["Redis", "Valkey"] as const)("a scan of a Cluster of %s", (program) => {
  let cluster: RedisCluster;
  const close: Array<() => unknown> = [];
  beforeAll(async () => {
    cluster = await startRedisCluster(3, program);
  }, 300_000);
  afterEach(async () => {
    for (const each of close.splice(0)) await each();
    for (const { port } of cluster.masters) await askRedis(port, "FLUSHALL");
  });
  afterAll(() => cluster.stop());

  async function stores(): Promise<readonly Store[]> {
    const nodes = cluster.masters.map(({ port }) => ({ host: "127.0.0.1", port }));
    const ioredis = new Cluster(nodes, { keyPrefix: "app:" });
    const nodeRedis = createCluster({ rootNodes: nodes.map((socket) => ({ socket })) });
    await nodeRedis.connect();
    close.push(
      () => ioredis.disconnect(),
      () => nodeRedis.close(),
    );
    return [redisStore(ioredis), redisStore(nodeRedis, { prefix: "other:" })];
  }

  it("visits every primary, with ioredis and with node-redis", async () => {
    for (const store of await stores()) {
      const records = await fill(store, 600);
      for (const limit of [7, 10_000]) {
        const found = await scan(store, limit);
        expect(found.toSorted()).toEqual(sortedIds(records));
      }
      expect(await store.count?.(NOW)).toEqual({ count: 600, isExact: true });
      expect((await store.inspect?.())?.clock).toBeGreaterThan(0);
      const ended: string[] = [];
      const end = { reason: "revoked", now: NOW } as const;
      for await (const ids of store.deleteCreatedBefore?.(NOW * 2, end) ?? []) ended.push(...ids);
      expect(ended.toSorted()).toEqual(sortedIds(records));
    }
  });

  it("rejects while a slot moves, and when it has moved, instead of missing sessions", async () => {
    const [store] = await stores();
    if (!store) throw new Error("The test needs a store.");
    const records = await fill(store, 300);
    const user = newUser();
    const key = `app:sessionup:{${shardOf(user)}}`;
    const slot = String(await askRedis(cluster.masters[0]?.port ?? 0, "CLUSTER", "KEYSLOT", key));
    const nodes = await Promise.all(
      cluster.masters.map(async ({ port }) => ({
        port,
        id: String(await askRedis(port, "CLUSTER", "MYID")),
      })),
    );
    const from = nodes.find((_, index) => Number(slot) < Math.floor(((index + 1) * 16_384) / 3));
    const to = nodes.find((node) => node !== from);
    if (!from || !to) throw new Error("The cluster must have three nodes.");
    const { cursor = "" } = await step(store, { limit: 3 });
    await askRedis(to.port, "CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
    await askRedis(from.port, "CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
    await expect(scan(store, 10)).rejects.toThrow(MOVED);
    const keys = (await askRedis(from.port, "CLUSTER", "GETKEYSINSLOT", slot, "100")) as string[];
    for (const each of keys)
      await askRedis(from.port, "MIGRATE", "127.0.0.1", `${to.port}`, each, "0", "5000");
    for (const { port } of [to, ...nodes.filter((node) => node !== to)])
      await askRedis(port, "CLUSTER", "SETSLOT", slot, "NODE", to.id);
    await expect.poll(() => step(store, { limit: 3, cursor }).catch(String)).toMatch(MOVED);
    await expect.poll(async () => (await scan(store, 10).catch(() => [])).sort()).toEqual(sortedIds(records));
  });
});
