import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, DAY, HOUR, NOW } from "../../support/record.ts";
import { indexKey, newUser, RedisFixture, recordKey, SLACK, tombstonesKey, within } from "./_fixture.ts";

describe.each(["Redis", "Valkey"] as const)("redisStore on %s", (program) => {
  let redis: RedisFixture;
  beforeAll(async () => {
    redis = await RedisFixture.start({ program });
  }, 300_000);
  afterAll(() => redis.stop());

  /** Checks the TTL of a key, and allows for the time that the test itself takes. */
  async function expectToEndIn(milliseconds: number, key: string): Promise<void> {
    const left = await redis.client.pttl(key);
    expect(left, key).toBeLessThanOrEqual(milliseconds);
    expect(left, key).toBeGreaterThan(milliseconds - 10_000);
  }

  const end = { reason: "revoked", now: NOW } as const;

  describe("the TTL of keys", () => {
    it("ends 15 minutes after the session's end by the caller's clock", async () => {
      const store = redis.store();
      const user = newUser();
      const record = createRecord({ userKey: user, expiresAt: NOW + HOUR, deadline: NOW + DAY });
      await store.create(record, { now: NOW });
      await expectToEndIn(HOUR + SLACK, recordKey(record.id));
      await expectToEndIn(HOUR + SLACK, indexKey(user));
    });

    it("grows with activity and never shrinks", async () => {
      const store = redis.store();
      const user = newUser();
      const record = createRecord({ userKey: user, expiresAt: NOW + HOUR, deadline: NOW + DAY });
      await store.create(record, { now: NOW });
      const later = { lastSeenAt: NOW + HOUR - 1, expiresAt: NOW + 3 * HOUR - 1 };
      await store.update(record.id, { activity: later }, { now: later.lastSeenAt });
      await expectToEndIn(2 * HOUR + SLACK, recordKey(record.id));
      await expectToEndIn(2 * HOUR + SLACK, indexKey(user));
      await store.update(record.id, { data: { v: 2 } }, { now: NOW + 2 * HOUR });
      await expectToEndIn(2 * HOUR + SLACK, recordKey(record.id));
      const nearer = { lastSeenAt: later.lastSeenAt + 1, expiresAt: later.lastSeenAt + 1 + HOUR };
      await store.update(record.id, { activity: nearer }, { now: nearer.lastSeenAt });
      await expectToEndIn(2 * HOUR + SLACK, recordKey(record.id));
      await expectToEndIn(2 * HOUR + SLACK, indexKey(user));
    });

    it("of a user's index follows the session that ends last", async () => {
      const store = redis.store();
      const user = newUser();
      const [short, middle, long] = [HOUR, 2 * HOUR, 30 * DAY].map((length) =>
        createRecord({ userKey: user, expiresAt: NOW + length }),
      );
      for (const record of [short, middle]) if (record) await store.create(record, { now: NOW });
      await expectToEndIn(2 * HOUR + SLACK, indexKey(user));
      if (long) await store.create(long, { now: NOW });
      await expectToEndIn(30 * DAY + SLACK, indexKey(user));
      await store.deleteById(middle?.id ?? "", end);
      await store.deleteByUserKey(user, end, [short?.id ?? "", long?.id ?? ""]);
      const last = createRecord({ userKey: user, createdAt: NOW + 1, expiresAt: NOW + 1_000 });
      await store.create(last, { now: NOW, replaces: short?.id ?? "" });
      await expectToEndIn(30 * DAY + SLACK, indexKey(user));
      await expectToEndIn(1_000 + SLACK, recordKey(last.id));
    });

    it("of a tombstone ends 15 minutes after its keepFor, and the list of tombstones ends with the last one", async () => {
      const store = redis.store();
      const user = newUser();
      const [first, second] = [createRecord({ userKey: user }), createRecord({ userKey: user })];
      for (const record of [first, second]) await store.create(record, { now: NOW });
      await store.deleteById(first.id, { ...end, tombstones: { keepFor: 2 * HOUR, max: 5 } });
      await store.deleteById(second.id, { ...end, tombstones: { keepFor: HOUR, max: 5 } });
      await expectToEndIn(2 * HOUR + SLACK, recordKey(first.id));
      await expectToEndIn(HOUR + SLACK, recordKey(second.id));
      await expectToEndIn(2 * HOUR + SLACK, tombstonesKey(user));
      expect(await redis.client.lrange(tombstonesKey(user), 0, -1)).toEqual([first.id, second.id]);
    });

    it("of the list of tombstones is touched only by operations that leave tombstones", async () => {
      const store = redis.store();
      const user = newUser();
      const records = Array.from({ length: 4 }, () => createRecord({ userKey: user }));
      for (const record of records) await store.create(record, { now: NOW });
      const [a, b, c] = records;
      await store.deleteById(a?.id ?? "", { ...end, tombstones: { keepFor: HOUR, max: 5 } });
      // Any command that reads the list fails from here on.
      await redis.client.set(tombstonesKey(user), "something else");
      const limit = { max: 3, onExceed: "evict-oldest" } as const;
      const record = createRecord({ userKey: user });
      expect(await store.create(record, { now: NOW, limit })).toEqual({ evicted: [b?.id], replaced: false });
      const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
      expect(await store.update(record.id, { activity }, { now: NOW })).toBe("updated");
      expect(await store.fetchByUserKey(user, { now: NOW, limit: 9 })).toHaveLength(3);
      expect(await store.deleteById(c?.id ?? "", end)).toBe("deleted");
      expect(await store.deleteByUserKey(user, end)).toHaveLength(2);
    });

    it("of a session is not cut when its id belonged to an expired tombstone", async () => {
      const store = redis.store();
      const user = newUser();
      const tombstones = { keepFor: HOUR, max: 1 };
      const [record, other] = [createRecord({ userKey: user }), createRecord({ userKey: user })];
      for (const each of [record, other]) await store.create(each, { now: NOW });
      await store.deleteById(record.id, { ...end, tombstones });
      // Simulates the tombstone's expiry.
      await redis.client.del(recordKey(record.id));
      await store.create(record, { now: NOW });
      await store.deleteById(other.id, { ...end, tombstones });
      expect(await store.fetchById(record.id)).toEqual(record);
    });

    it("removes all keys when it has run out", async () => {
      const prefix = "gone:";
      const store = redis.store({ prefix });
      const user = newUser();
      for (const length of [100, 200]) {
        await store.create(createRecord({ userKey: user, expiresAt: NOW + length }), { now: NOW });
      }
      const keys = await redis.keys(`${prefix}*`);
      expect(keys).toHaveLength(3);
      // The test cannot move the server's clock, so it subtracts the slack from each TTL.
      for (const key of keys) await redis.client.pexpire(key, (await redis.client.pttl(key)) - SLACK + 100);
      expect(await within(10_000, async () => (await redis.keys(`${prefix}*`)).length === 0)).toBe(true);
    });

    it("is not needed when all sessions were ended: no keys are left", async () => {
      const prefix = "left:";
      const store = redis.store({ prefix });
      const user = newUser();
      const limit = { max: 3, onExceed: "evict-idlest" } as const;
      const records = Array.from({ length: 8 }, (_, index) =>
        createRecord({ userKey: user, createdAt: NOW + index }),
      );
      for (const record of records) await store.create(record, { now: NOW, limit });
      const [, , , , , a, b, c] = records;
      const last = createRecord({ userKey: user });
      await store.create(last, { now: NOW, replaces: a?.id ?? "" });
      await store.update(last.id, { data: { v: 2 } }, { now: NOW });
      await store.deleteById(b?.id ?? "", end, user);
      expect((await store.deleteByUserKey(user, end, [last.id])).length).toBe(1);
      expect(await store.fetchById(c?.id ?? "")).toBeUndefined();
      await store.deleteByUserKey(user, end);
      expect(await redis.keys(`${prefix}*`)).toEqual([]);
    });
  });

  describe("a user's index", () => {
    /** Removes records as the server does when they expire. */
    async function expire(...ids: readonly string[]): Promise<void> {
      if (ids.length > 0) await redis.client.del(ids.map((id) => recordKey(id)));
    }

    it("does not grow when the user logs in daily for a year without a logout", async () => {
      const store = redis.store();
      const user = newUser();
      let largest = 0;
      let yesterdays: string[] = [];
      for (let day = 0; day < 365; day++) {
        const now = NOW + day * DAY;
        await expire(...yesterdays);
        const record = createRecord({
          userKey: user,
          createdAt: now,
          lastSeenAt: now,
          expiresAt: now + HOUR,
        });
        await store.create(record, { now });
        yesterdays = [record.id];
        largest = Math.max(largest, await redis.client.zcard(indexKey(user)));
      }
      // The index has two entries for each session.
      expect(largest).toBe(2);
      expect(await store.fetchByUserKey(user, { now: NOW + 364 * DAY, limit: 10 })).toHaveLength(1);
    });

    it("drops a hundred expired sessions at two logins", async () => {
      const store = redis.store();
      const user = newUser();
      const expired = Array.from({ length: 100 }, () =>
        createRecord({ userKey: user, expiresAt: NOW + HOUR }),
      );
      for (const record of expired) await store.create(record, { now: NOW });
      await expire(...expired.map(({ id }) => id));
      const now = NOW + DAY;
      const session = () =>
        createRecord({ userKey: user, createdAt: now, lastSeenAt: now, expiresAt: now + DAY });
      await store.create(session(), { now });
      expect(await redis.client.zcard(indexKey(user))).toBe(2 * 51);
      await store.create(session(), { now });
      expect(await redis.client.zcard(indexKey(user))).toBe(2 * 2);
    });

    it("does not report sessions that the server expired as ended", async () => {
      const store = redis.store();
      const user = newUser();
      const [a, b, c] = Array.from({ length: 3 }, () => createRecord({ userKey: user }));
      for (const record of [a, b, c]) if (record) await store.create(record, { now: NOW });
      await expire(a?.id ?? "");
      const limit = { max: 2, onExceed: "evict-oldest" } as const;
      const record = createRecord({ userKey: user });
      expect(await store.create(record, { now: NOW, limit })).toEqual({ evicted: [b?.id], replaced: false });
      await expire(c?.id ?? "");
      const next = createRecord({ userKey: user });
      expect(await store.create(next, { now: NOW, replaces: c?.id ?? "" })).toEqual({
        evicted: [],
        replaced: false,
      });
      expect((await store.deleteByUserKey(user, end)).toSorted()).toEqual([record.id, next.id].toSorted());
    });

    it("does not count expired sessions that are still in it towards the limit", async () => {
      const store = redis.store();
      const user = newUser();
      for (let count = 0; count < 5; count++) {
        await store.create(createRecord({ userKey: user, createdAt: NOW - count, expiresAt: NOW + 10 }), {
          now: NOW,
        });
      }
      // Created between the expired sessions: neither the oldest nor the newest.
      const live = createRecord({ userKey: user, createdAt: NOW - 2 });
      await store.create(live, { now: NOW });
      const limit = { max: 2, onExceed: "evict-oldest" } as const;
      const now = NOW + 10;
      expect(await store.create(createRecord({ userKey: user, createdAt: now }), { now, limit })).toEqual({
        evicted: [],
        replaced: false,
      });
      const { evicted } = await store.create(createRecord({ userKey: user, createdAt: now }), { now, limit });
      expect(evicted).toEqual([live.id]);
    });

    it("regains a missing session at the session's next activity", async () => {
      const store = redis.store();
      const user = newUser();
      const record = createRecord({ userKey: user });
      await store.create(record, { now: NOW });
      await redis.client.del(indexKey(user));
      const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
      await store.update(record.id, { activity }, { now: NOW + 1 });
      expect(await store.deleteByUserKey(user, end)).toEqual([record.id]);
    });
  });
});
