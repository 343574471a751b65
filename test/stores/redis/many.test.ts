import { type SessionRecord, shardOf } from "sessionup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, HOUR, NOW } from "../../support/record.ts";
import { inBatches, indexKey, newUser, RedisFixture, recordKey, tombstonesKey } from "./_fixture.ts";

/** More sessions than ten scripts end. */
const MANY = 12_000;

describe.each(["Redis", "Valkey"] as const)("redisStore on %s", (program) => {
  let redis: RedisFixture;
  beforeAll(async () => {
    redis = await RedisFixture.start({
      program,
      args: ["--slowlog-log-slower-than", "0", "--slowlog-max-len", "100000"],
    });
  }, 300_000);
  afterAll(() => redis.stop());

  const end = { reason: "revoked", now: NOW } as const;

  async function storedMany(user: string, count: number): Promise<SessionRecord[]> {
    const store = redis.store({ timeout: "30s" });
    // Thousands of sessions share a millisecond, as in a restored backup.
    const records = Array.from({ length: count }, (_, index) =>
      createRecord({ userKey: user, createdAt: NOW - (index % 3) }),
    );
    await inBatches(count, (index) =>
      store.create(records[index] ?? createRecord({ userKey: user }), { now: NOW }),
    );
    return records;
  }

  /** Returns the largest number of sessions that one script has ended. */
  function mostInOneStep(heard: ReadonlyArray<{ name: string; byScript: boolean }>): number {
    let most = 0;
    let inThis = 0;
    for (const { name, byScript } of heard) {
      if (!byScript) inThis = 0;
      else if (name === "ZREM") most = Math.max(most, ++inThis);
    }
    return most;
  }

  function sorted(ids: readonly string[]): string[] {
    return [...ids].sort();
  }

  describe("a user with thousands of sessions", () => {
    it("loses them in steps of a thousand by deleteByUserKey and by a lower limit", async () => {
      const user = newUser();
      await storedMany(user, 3_500);
      const store = redis.store({ timeout: "30s" });
      const heard = await redis.monitored(() => store.deleteByUserKey(user, end));
      expect(mostInOneStep(heard)).toBe(1_000);
      expect(heard.filter(({ name, byScript }) => !byScript && name === "EVALSHA")).toHaveLength(4);
      await storedMany(user, 2_500);
      const limit = { max: 1, onExceed: "evict-oldest" } as const;
      const evicting = await redis.monitored(() =>
        store.create(createRecord({ userKey: user }), { now: NOW, limit }),
      );
      expect(mostInOneStep(evicting)).toBe(1_000);
    });

    it("loses all earlier sessions by deleteByUserKey while logins continue, and each new one is live or returned", async () => {
      const user = newUser();
      const records = await storedMany(user, MANY);
      const store = redis.store({ timeout: "30s" });
      const late: string[] = [];
      let ended: readonly string[] | undefined;
      const ending = store.deleteByUserKey(user, end).then((ids) => {
        ended = ids;
      });
      while (ended === undefined) {
        const record = createRecord({ userKey: user, createdAt: NOW + late.length - 5 });
        late.push(record.id);
        await store.create(record, { now: NOW });
      }
      await ending;
      expect(new Set(ended).size).toBe(ended.length);
      const live = (await store.fetchByUserKey(user, { now: NOW, limit: 10_000 })).map(({ id }) => id);
      expect(sorted([...ended, ...live])).toEqual(sorted([...records.map(({ id }) => id), ...late]));
      const named = new Set(ended);
      expect(records.every(({ id }) => named.has(id))).toBe(true);
      const left = await redis.client.exists(...records.map(({ id }) => recordKey(id)));
      expect(left).toBe(0);
    });

    it("keeps every excepted session among 100 000 exceptions", async () => {
      const user = newUser();
      const records = await storedMany(user, 5_000);
      const store = redis.store({ timeout: "30s" });
      const kept = records.filter((_, index) => index % 2 === 0).map(({ id }) => id);
      const others = records.filter((_, index) => index % 2 === 1).map(({ id }) => id);
      const ghosts = Array.from({ length: 100_000 }, (_, index) => `${shardOf(user)}ghost${index}`);
      expect(sorted(await store.deleteByUserKey(user, end, [...ghosts, ...kept]))).toEqual(sorted(others));
      expect(await redis.client.zcard(indexKey(user))).toBe(2 * kept.length);
      const few = kept.slice(0, 900);
      expect((await store.deleteByUserKey(user, end, few)).length).toBe(kept.length - few.length);
      const live = await store.fetchByUserKey(user, { now: NOW, limit: 10_000 });
      expect(sorted(live.map(({ id }) => id))).toEqual(sorted(few));
    });

    it("leaves at most the maximum number of tombstones", async () => {
      const user = newUser();
      const records = await storedMany(user, 2_500);
      const store = redis.store({ timeout: "30s" });
      const tombstones = { keepFor: HOUR, max: 1_200 };
      expect(await store.deleteByUserKey(user, { ...end, tombstones })).toHaveLength(2_500);
      const left = (await store.fetchByIds(records.map(({ id }) => id))).filter((record) => record);
      expect(left).toHaveLength(1_200);
      for (const record of left) expect(record?.ended).toEqual({ at: NOW, reason: "revoked" });
      expect(await redis.client.exists(indexKey(user))).toBe(0);
      expect(await redis.client.llen(tombstonesKey(user))).toBe(1_200);
    });

    it("is reduced to a lowered limit by one create", async () => {
      const user = newUser();
      const records = await storedMany(user, 2_500);
      const store = redis.store({ timeout: "30s" });
      const record = createRecord({ userKey: user, createdAt: NOW + 1 });
      const limit = { max: 2, onExceed: "evict-oldest" } as const;
      const { evicted } = await store.create(record, { now: NOW, limit, replaces: records[0]?.id ?? "" });
      expect(evicted).toHaveLength(2_498);
      const live = await store.fetchByUserKey(user, { now: NOW, limit: 10 });
      expect(live).toHaveLength(2);
      expect(live[0]).toEqual(record);
      expect(await store.fetchById(records[0]?.id ?? "")).toBeUndefined();
    });

    it("is listed completely and in order although the cursor's session ends between pages", async () => {
      const user = newUser();
      const records = await storedMany(user, 3_000);
      const store = redis.store({ timeout: "30s" });
      const expected = records
        .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
        .map(({ id }) => id);
      const seen: string[] = [];
      for (;;) {
        const before = seen.length === 0 ? undefined : records.find(({ id }) => id === seen.at(-1));
        const page = await store.fetchByUserKey(user, { now: NOW, limit: 700, ...(before && { before }) });
        seen.push(...page.map(({ id }) => id));
        // Ends the session that the next page's cursor names.
        await store.deleteById(seen.at(-1) ?? "", end);
        if (page.length < 700) break;
      }
      expect(seen).toEqual(expected);
    });

    it("logs in below the limit with a small constant number of commands", async () => {
      const user = newUser();
      await storedMany(user, 5_000);
      const store = redis.store({ onWarning: () => undefined });
      await store.create(createRecord({ userKey: user }), { now: NOW });
      const limit = { max: 5_002, onExceed: "evict-oldest" } as const;
      const heard = await redis.monitored(() =>
        store.create(createRecord({ userKey: user }), { now: NOW, limit }),
      );
      expect(heard.filter(({ byScript }) => byScript).length).toBeLessThan(10);
      const evicting = await redis.monitored(() =>
        store.create(createRecord({ userKey: user }), { now: NOW, limit }),
      );
      expect(evicting.filter(({ byScript }) => byScript).length).toBeLessThan(20);
    });
  });
});
