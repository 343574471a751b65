import { Redis } from "ioredis";
import { createSentinel } from "redis";
import type { SessionRecord, Store } from "sessionup";
import { type RedisClient, redisStore } from "sessionup/stores/redis";
import { afterAll, describe, expect, it } from "vitest";
import { createRecord, NOW } from "../../support/record.ts";
import { type RedisSentinel, startRedisSentinel } from "../../support/servers/redis-sentinel.ts";
import { newUser, RedisFixture, within } from "./_fixture.ts";

const stops: Array<() => Promise<void>> = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

const end = { reason: "revoked", now: NOW } as const;

/** Returns whether the store answers. */
async function answers(store: Store, id: string): Promise<boolean> {
  try {
    await store.fetchById(id);
    return true;
  } catch {
    return false;
  }
}

describe("a crash of a Redis server with appendfsync always", () => {
  it("loses no acknowledged login and no acknowledged logout", async () => {
    const redis = await RedisFixture.start({ appendonly: true });
    stops.push(() => redis.stop());
    const store = redis.store({ timeout: "2s" });
    const user = newUser();
    const ended: string[] = [];
    const stored: SessionRecord[] = [];
    // The server is killed during this loop.
    const writing = (async () => {
      for (;;) {
        const record = createRecord({ userKey: user });
        await store.create(record, { now: NOW });
        stored.push(record);
        const { id } = stored[Math.floor(stored.length / 2)] ?? record;
        if (stored.length % 3 === 0 && (await store.deleteById(id, end)) === "deleted") ended.push(id);
      }
    })();
    await within(10_000, async () => stored.length > 200);
    await redis.server.process.signal("SIGKILL");
    await expect(writing).rejects.toThrow();
    await redis.server.process.start(redis.server.port);
    expect(await within(20_000, () => answers(store, stored[0]?.id ?? ""))).toBe(true);
    const gone = new Set(ended);
    expect(ended.length).toBeGreaterThan(50);
    const found = await store.fetchByIds(stored.map(({ id }) => id));
    // The kill may interrupt one deletion, which may or may not have been carried out.
    const lost = stored.filter(({ id }, index) => !gone.has(id) && !found[index]);
    const back = stored.filter(({ id }, index) => gone.has(id) && found[index]);
    expect(back).toEqual([]);
    expect(lost.length).toBeLessThanOrEqual(1);
    const live = await store.fetchByUserKey(user, { now: NOW, limit: 10_000 });
    expect(live.length).toBeGreaterThanOrEqual(stored.length - ended.length - 1);
  });
});

describe("redisStore after a failover by Sentinel", () => {
  const clients = {
    ioredis: async ({ name, port }: RedisSentinel) => {
      const client = new Redis({
        sentinels: [{ host: "127.0.0.1", port }],
        name,
        sentinelRetryStrategy: () => 100,
      });
      client.on("error", () => undefined);
      stops.unshift(async () => client.disconnect());
      return client;
    },
    "node-redis": async ({ name, port }: RedisSentinel) => {
      const client = createSentinel({
        name,
        sentinelRootNodes: [{ host: "127.0.0.1", port }],
        scanInterval: 500,
      });
      client.on("error", () => undefined);
      await client.connect();
      stops.unshift(async () => client.destroy());
      return client;
    },
  } satisfies Record<string, (servers: RedisSentinel) => Promise<RedisClient>>;

  it.each(Object.entries(clients))(
    "keeps every replicated write, and %s finds the new primary",
    async (_name, connect) => {
      const servers = await startRedisSentinel();
      const { primary, replica } = servers;
      stops.push(() => servers.stop());
      const store = redisStore(await connect(servers), { timeout: "1s" });
      const user = newUser();
      const records = Array.from({ length: 50 }, () => createRecord({ userKey: user }));
      for (const record of records) await store.create(record, { now: NOW });
      const [revoked, ...kept] = records as [SessionRecord, ...SessionRecord[]];
      expect(await store.deleteById(revoked.id, end, user)).toBe("deleted");
      // Waits for the replica, because a failover keeps only replicated writes.
      const admin = new Redis(primary.port, "127.0.0.1", { lazyConnect: true });
      await admin.set("all", "replicated");
      expect(await admin.wait(1, 10_000)).toBe(1);
      admin.disconnect();
      await primary.process.signal("SIGKILL");
      const refused = await store
        .create(createRecord({ userKey: user }), { now: NOW })
        .catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Error);
      const recovered = () =>
        store
          .update(kept[0]?.id ?? "", { data: { v: 2 } }, { now: NOW })
          .then((outcome) => outcome === "updated")
          .catch(() => false);
      expect(await within(30_000, recovered)).toBe(true);
      const ids = (await store.fetchByUserKey(user, { now: NOW, limit: 100 })).map(({ id }) => id);
      for (const { id } of kept) expect(ids).toContain(id);
      expect(ids).not.toContain(revoked.id);
      expect(await store.fetchById(revoked.id)).toBeUndefined();
      expect(replica.port).not.toBe(primary.port);
    },
    60_000,
  );
});
