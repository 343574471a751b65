import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import type { ExpiredSession, Store } from "sessionup";
import { redisStore } from "sessionup/stores/redis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { testEndedOnce } from "../../support/ended-once/ended-once.ts";
import { createRecord, DAY, HOUR, NOW } from "../../support/record.ts";
import { type RedisCluster, startRedisCluster } from "../../support/servers/redis-cluster.ts";
import { indexKey, newUser, RedisFixture, recordKey, SLACK, tombstonesKey } from "./_fixture.ts";

const program = fileURLToPath(new URL("_ended-once.ts", import.meta.url));

let redis: RedisFixture;
let cluster: RedisCluster;
beforeAll(async () => {
  redis = await RedisFixture.start();
  cluster = await startRedisCluster(3);
});
afterAll(async () => {
  await redis.stop();
  await cluster.stop();
});

describe("redisStore on one server", () => {
  testEndedOnce({ program, args: () => ["once:", `${redis.server.port}`] });
});

describe("redisStore on a Cluster", () => {
  const ports = () => cluster.masters.map(({ port }) => port).join();
  testEndedOnce({ program, args: () => ["once:", ports()], crashesRunOn: "one server" });
});

describe("redisStore with reportExpired", () => {
  const opened: Store[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close?.();
    await redis.client.flushall();
  });

  /** Opens a store, and returns the sessions that it reports. */
  function open(options: Parameters<typeof redisStore>[1] = {}) {
    const store = redis.store({ reportExpired: true, cleanupEvery: false, ...options });
    opened.push(store);
    const reported: ExpiredSession[] = [];
    store.onExpired?.((sessions) => void reported.push(...sessions));
    return { store, reported };
  }

  const endsKey = (user: string) => indexKey(user).replace(/\}u:.*$/s, "}e:");
  const takenKey = (user: string) => indexKey(user).replace(/\}u:.*$/s, "}r:");
  const end = { reason: "revoked", now: NOW } as const;

  it("keeps no key when all sessions were ended", async () => {
    const { store } = open();
    const user = newUser();
    const records = Array.from({ length: 5 }, () => createRecord({ userKey: user }));
    for (const record of records) await store.create(record, { now: NOW });
    expect(await redis.client.zcard(endsKey(user))).toBe(5);
    const [a, b, c] = records;
    await store.deleteById(a?.id ?? "", end);
    await store.create(createRecord({ userKey: user }), { now: NOW, replaces: b?.id ?? "" });
    const limit = { max: 3, onExceed: "evict-oldest" } as const;
    const tombstones = { keepFor: HOUR, max: 2 };
    await store.create(createRecord({ userKey: user }), { now: NOW, limit, tombstones });
    await store.deleteById(c?.id ?? "", { ...end, tombstones });
    await store.deleteByUserKey(user, { ...end, tombstones });
    expect(await redis.client.zcard(endsKey(user))).toBe(2);
    expect(await store.deleteTombstones?.(user)).toBe(2);
    expect(await redis.keys()).toEqual([]);
  });

  it("removes an expired tombstone from the user's list, and reports nothing", async () => {
    const { store, reported } = open();
    const user = newUser();
    const record = createRecord({ userKey: user });
    await store.create(record, { now: NOW });
    await store.deleteById(record.id, { ...end, tombstones: { keepFor: HOUR, max: 5 } });
    expect(await redis.client.llen(tombstonesKey(user))).toBe(1);
    expect(await store.deleteExpired?.(NOW + HOUR - 1, 10)).toBe(0);
    expect(await store.deleteExpired?.(NOW + HOUR, 10)).toBe(1);
    expect(reported).toEqual([]);
    expect(await redis.keys()).toEqual([]);
  });

  it("moves the entry of a session that was used meanwhile, without a write at its activity", async () => {
    const { store, reported } = open();
    const user = newUser();
    const record = createRecord({ userKey: user, expiresAt: NOW + HOUR, deadline: NOW + DAY });
    await store.create(record, { now: NOW });
    const activity = { lastSeenAt: NOW + 1_000, expiresAt: NOW + 2 * HOUR };
    const heard = await redis.monitored(() => store.update(record.id, { activity }, { now: NOW + 1_000 }));
    expect(heard.filter(({ name }) => name === "ZADD")).toHaveLength(1);
    expect(await store.deleteExpired?.(NOW + HOUR, 10)).toBe(0);
    expect(await redis.client.zscore(endsKey(user), record.id)).toBe(String(activity.expiresAt));
    expect(await store.fetchByUserKey(user, { now: NOW + HOUR, limit: 9 })).toHaveLength(1);
    expect(await store.deleteExpired?.(activity.expiresAt, 10)).toBe(1);
    const { id, userKey, deadline } = record;
    expect(reported).toEqual([{ id, userKey, deadline, expiresAt: activity.expiresAt }]);
    expect(await redis.keys()).toEqual([]);
  });

  it("does not report a session that a process without the option has ended", async () => {
    const { store, reported } = open();
    const user = newUser();
    const [a, b] = [createRecord({ userKey: user }), createRecord({ userKey: user, expiresAt: NOW + HOUR })];
    await store.create(a, { now: NOW });
    await store.create(b, { now: NOW });
    await redis.store().deleteById(a.id, end);
    expect(await store.deleteExpired?.(NOW + DAY, 10)).toBe(1);
    expect(reported.map(({ id }) => id)).toEqual([b.id]);
    expect(await redis.keys()).toEqual([]);
  });

  it("keeps records for a day beyond the 15 minutes, so that the next process can report them", async () => {
    const { store } = open();
    const user = newUser();
    const record = createRecord({ userKey: user, expiresAt: NOW + HOUR });
    await store.create(record, { now: NOW });
    for (const key of [recordKey(record.id), indexKey(user), endsKey(user)])
      expect(await redis.client.pttl(key), key).toBeGreaterThan(DAY + HOUR + SLACK - 60_000);
    const claim = createRecord({ userKey: "\0claim x", expiresAt: NOW + HOUR });
    await store.create(claim, { now: NOW });
    expect(await redis.client.pttl(recordKey(claim.id))).toBeLessThanOrEqual(HOUR + SLACK);
    expect(await redis.client.exists(endsKey(claim.userKey))).toBe(0);
  });

  it("leaves sessions to another process when a reply comes late", async () => {
    const { store } = open({ timeout: "1s" });
    const user = newUser();
    const record = createRecord({ userKey: user, expiresAt: NOW + HOUR });
    await store.create(record, { now: NOW });
    const lost: ExpiredSession[] = [];
    store.onExpired?.((sessions) => void lost.push(...sessions));
    await redis.client.call("CLIENT", "PAUSE", "1500", "ALL");
    await expect(store.deleteExpired?.(NOW + HOUR, 10)).rejects.toThrow("did not answer");
    await sleep(1_000);
    const other = open();
    expect(lost).toEqual([]);
    await other.store.deleteExpired?.(NOW + HOUR + 60_000, 10_000);
    expect(other.reported.map(({ id }) => id)).toEqual([record.id]);
    expect(await redis.client.exists(takenKey(user))).toBe(0);
  });

  it("holds no session whose listener fails", async () => {
    const { store } = open();
    const user = newUser();
    store.onExpired?.(() => {
      throw new Error("a listener fails");
    });
    await store.create(createRecord({ userKey: user, expiresAt: NOW + 1 }), { now: NOW });
    await expect(store.deleteExpired?.(NOW + 1, 9)).rejects.toThrow("a listener fails");
    expect(await redis.keys()).toEqual([]);
  });

  it("cleans up in the background, in one process per interval", async () => {
    const clients = [new Redis(redis.server.port, "127.0.0.1"), new Redis(redis.server.port, "127.0.0.1")];
    const reported: string[] = [];
    const stores = clients.map((client) =>
      redisStore(client, {
        reportExpired: true,
        cleanupEvery: "1s",
        onWarning: () => undefined,
        // A cleanup that is running when the test ends fails.
        onCleanupError: () => undefined,
      }),
    );
    opened.push(...stores);
    const old = createRecord({ userKey: newUser(), expiresAt: NOW + 1_000 });
    const heard = await redis.monitored(async () => {
      for (const store of stores) {
        store.onExpired?.((sessions) => void reported.push(...sessions.map(({ id }) => id)));
        await store.create(createRecord({ userKey: newUser() }), { now: NOW });
      }
      await stores[0]?.create(old, { now: NOW });
      // The caller's clock is the only one that the cleanup knows.
      const now = NOW + 1_000 + SLACK;
      for (const store of stores) await store.create(createRecord({ userKey: newUser() }), { now });
      await expect.poll(() => reported, { timeout: 10_000 }).toEqual([old.id]);
    });
    expect(heard.filter(({ name, byScript }) => name === "SET" && !byScript).length).toBeGreaterThan(1);
    for (const store of stores) await store.close?.();
    for (const client of clients) client.disconnect();
  });
});
