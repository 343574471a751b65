import { SessionError } from "sessionup";
import { redisStore } from "sessionup/stores/redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, HOUR, NOW } from "../../support/record.ts";
import { indexKey, newUser, RedisFixture, recordKey } from "./_fixture.ts";

describe.each(["Redis", "Valkey"] as const)("redisStore on %s", (program) => {
  let redis: RedisFixture;
  beforeAll(async () => {
    redis = await RedisFixture.start({ program });
  }, 300_000);
  afterAll(() => redis.stop());

  const limit = { max: 2, onExceed: "evict-oldest" } as const;
  const end = { reason: "revoked", now: NOW } as const;

  describe("commands", () => {
    it("are one for each operation, and none of them scans all keys", async () => {
      const store = redis.store({ onWarning: () => undefined });
      const user = newUser();
      const [a, b, c] = [
        createRecord({ userKey: user }),
        createRecord({ userKey: user }),
        createRecord({ userKey: user }),
      ];
      // Loads the scripts and triggers the store's check of the memory policy, so that neither is counted.
      await store.create(createRecord({ userKey: user }), { now: NOW });
      await store.create(createRecord({ userKey: user }), { now: NOW });
      await store.fetchByUserKey(newUser(), { now: NOW, limit: 1 });
      await store.update(c.id, {}, { now: NOW });
      await store.deleteById(c.id, end);
      await store.deleteByUserKey(newUser(), end);
      const operations: Record<string, () => Promise<unknown>> = {
        create: () => store.create(a, { now: NOW }),
        "create, evicting": () => store.create(b, { now: NOW, limit }),
        "create, replacing": () => store.create(c, { now: NOW, limit, replaces: b.id }),
        fetchById: async () => store.fetchById(c.id),
        fetchByIds: () => store.fetchByIds([a.id, b.id, c.id]),
        fetchByUserKey: () => store.fetchByUserKey(user, { now: NOW, limit: 10 }),
        update: () => store.update(c.id, { data: { v: 1 } }, { now: NOW, ifRevision: 0 }),
        "update of activity": () =>
          store.update(c.id, { activity: { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR } }, { now: NOW }),
        deleteById: () => store.deleteById(c.id, end, user),
        "deleteByUserKey, but one": () => store.deleteByUserKey(user, end, [a.id]),
        deleteByUserKey: () =>
          store.deleteByUserKey(user, { ...end, tombstones: { keepFor: 1_000, max: 1 } }),
      };
      for (const [title, operation] of Object.entries(operations)) {
        const heard = await redis.monitored(operation);
        expect(
          heard.filter(({ byScript }) => !byScript),
          title,
        ).toHaveLength(1);
        expect(heard.map(({ name }) => name).join(), title).not.toMatch(/SCAN|KEYS|SORT|PUBLISH/);
      }
    });

    it("are one MGET for all lookups of an event-loop turn", async () => {
      const user = newUser();
      const store = redis.store();
      const records = Array.from({ length: 5 }, () => createRecord({ userKey: user }));
      for (const record of records) await store.create(record, { now: NOW });
      const heard = await redis.monitored(async () => {
        const found = await Promise.all(records.map(({ id }) => store.fetchById(id)));
        expect(found).toEqual(records);
      });
      expect(heard).toEqual([{ name: "MGET", byScript: false }]);
    });

    it("send the whole script again after SCRIPT FLUSH, even between concurrent operations", async () => {
      const user = newUser();
      const store = redis.store();
      await redis.client.script("FLUSH");
      const records = Array.from({ length: 20 }, () => createRecord({ userKey: user }));
      await Promise.all(
        records.map(async (record, index) => {
          if (index % 5 === 0) await redis.client.script("FLUSH");
          await store.create(record, { now: NOW });
        }),
      );
      await redis.client.script("FLUSH");
      const heard = await redis.monitored(() => store.fetchByUserKey(user, { now: NOW, limit: 100 }));
      const own = heard.filter(({ byScript }) => !byScript).map(({ name }) => name);
      expect(own).toEqual(["EVALSHA", "EVAL"]);
      await redis.client.script("FLUSH");
      expect(await store.deleteByUserKey(user, end)).toHaveLength(20);
    });
  });

  describe("failures", () => {
    it("reject without partial writes when the index key has another type", async () => {
      const user = newUser();
      const store = redis.store();
      const record = createRecord({ userKey: user });
      await redis.client.set(indexKey(user), "something else");
      await expect(store.create(record, { now: NOW })).rejects.toThrow("WRONGTYPE");
      await expect(store.create(record, { now: NOW, limit })).rejects.toThrow("WRONGTYPE");
      await expect(store.fetchByUserKey(user, { now: NOW, limit: 1 })).rejects.toThrow("WRONGTYPE");
      await expect(store.deleteByUserKey(user, end)).rejects.toThrow("WRONGTYPE");
      expect(await redis.client.exists(recordKey(record.id))).toBe(0);
      await redis.client.del(indexKey(user));
      await store.create(record, { now: NOW });
      const stored = await redis.client.get(recordKey(record.id));
      await redis.client.set(indexKey(user), "something else");
      const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + 2 };
      await expect(store.update(record.id, { activity }, { now: NOW })).rejects.toThrow("WRONGTYPE");
      await expect(store.deleteById(record.id, end)).rejects.toThrow("WRONGTYPE");
      expect(await redis.client.get(recordKey(record.id))).toBe(stored);
    });

    it("of one unreadable record do not affect other records", async () => {
      const user = newUser();
      const store = redis.store();
      const [good, bad] = [createRecord({ userKey: user }), createRecord({ userKey: user })];
      await store.create(good, { now: NOW });
      for (const text of ["no JSON", "{}", "[1,0]", "[2,0]", "[3,0]"]) {
        await redis.client.set(recordKey(bad.id), text);
        const [found, refused] = await Promise.allSettled([
          store.fetchById(good.id),
          store.fetchById(bad.id),
        ]);
        expect(found).toMatchObject({ status: "fulfilled", value: good });
        expect(refused).toMatchObject({ status: "rejected" });
        await expect(store.update(bad.id, { data: { v: 1 } }, { now: NOW })).rejects.toThrow("no record");
        await expect(store.deleteById(bad.id, end)).rejects.toThrow("no record");
        expect(await redis.client.get(recordKey(bad.id))).toBe(text);
      }
    });

    it("reject commands that the app's MULTI only queues", async () => {
      const client = redis.client.duplicate();
      const store = redisStore(client);
      const user = newUser();
      const record = createRecord({ userKey: user });
      await client.multi({ pipeline: false });
      const outcomes = await Promise.allSettled([
        store.create(record, { now: NOW }),
        store.fetchById(record.id),
        store.fetchByUserKey(user, { now: NOW, limit: 1 }),
        store.update(record.id, { data: { v: 1 } }, { now: NOW }),
        store.deleteById(record.id, end),
        store.deleteByUserKey(user, end),
      ]);
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ reason: { message: expect.stringContaining("MULTI") } });
      await client.discard();
      expect(await store.fetchById(record.id)).toBeUndefined();
      client.disconnect();
    });

    it("reject an id whose shard differs from its user's shard", async () => {
      const record = { ...createRecord({ userKey: newUser() }), id: "--aaaaaaaaaaaaaaaaaaaa" };
      await expect(redis.store().create(record, { now: NOW })).rejects.toThrow(TypeError);
    });

    it("reject with ERR_STORE when the server does not answer in time, and end when the server answers again", async () => {
      const store = redis.store({ timeout: "1s" });
      const user = newUser();
      const record = createRecord({ userKey: user });
      await store.create(record, { now: NOW });
      await redis.server.process.signal("SIGSTOP");
      try {
        const outcomes = await Promise.allSettled([
          store.fetchById(record.id),
          store.fetchByUserKey(user, { now: NOW, limit: 1 }),
        ]);
        for (const outcome of outcomes) {
          const error: unknown = outcome.status === "rejected" && outcome.reason;
          expect(SessionError.is(error) && error.code).toBe("ERR_STORE");
        }
      } finally {
        await redis.server.process.signal("SIGCONT");
      }
      expect(await store.fetchById(record.id)).toEqual(record);
    });
  });

  describe("a server without free memory", () => {
    let full: RedisFixture;
    beforeAll(async () => {
      full = await RedisFixture.start({ program });
    });
    afterAll(() => full.stop());

    it("rejects creates and updates, and still ends sessions with tombstones", async () => {
      const warnings: string[] = [];
      const store = full.store({ onWarning: (message) => warnings.push(message) });
      const user = newUser();
      const [a, b, c] = [
        createRecord({ userKey: user }),
        createRecord({ userKey: user }),
        createRecord({ userKey: user }),
      ];
      for (const record of [a, b, c]) await store.create(record, { now: NOW });
      await full.client.config("SET", "maxmemory", "1");
      await expect(store.create(createRecord({ userKey: user }), { now: NOW })).rejects.toThrow("OOM");
      const change = { activity: { lastSeenAt: NOW + 1, expiresAt: NOW + 2 }, data: { v: 2 } };
      const tombstones = { keepFor: HOUR, max: 2 };
      await expect(store.update(a.id, change, { now: NOW })).rejects.toThrow("OOM");
      expect(await store.fetchByUserKey(user, { now: NOW + 2, limit: 9 })).toHaveLength(3);
      expect(await store.deleteById(a.id, { ...end, tombstones }, user)).toBe("deleted");
      expect(await store.deleteByUserKey(user, { ...end, tombstones }, [c.id])).toEqual([b.id]);
      expect((await store.fetchById(a.id))?.ended).toEqual({ at: NOW, reason: "revoked" });
      expect((await store.fetchById(b.id))?.ended).toEqual({ at: NOW, reason: "revoked" });
      expect(await store.deleteByUserKey(user, end)).toEqual([c.id]);
      await full.client.config("SET", "maxmemory", "0");
      expect(warnings).toEqual([]);
    });

    it("causes one onWarning call when maxmemory-policy would evict sessions", async () => {
      await full.client.config("SET", "maxmemory", "1gb");
      await full.client.config("SET", "maxmemory-policy", "volatile-lru");
      const warnings: string[] = [];
      const store = full.store({ onWarning: (message) => warnings.push(message) });
      const heard = await full.monitored(async () => {
        await store.fetchById(createRecord({ userKey: "a" }).id);
        for (const user of ["a", "b", "c"]) await store.create(createRecord({ userKey: user }), { now: NOW });
      });
      expect(heard.filter(({ name }) => name === "INFO")).toHaveLength(1);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain("maxmemory-policy is volatile-lru");
    });
  });
});
