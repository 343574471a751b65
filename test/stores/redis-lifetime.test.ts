import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY, HOUR, NOW, recordOf } from "../support/record.ts";
import { indexKey, newUser, RedisFixture, recordKey, SLACK, within } from "./_redis-fixture.ts";

describe.each(["Redis", "Valkey"] as const)("on %s", (program) => {
  let redis: RedisFixture;
  beforeAll(async () => {
    redis = await RedisFixture.start({ program });
  }, 300_000);
  afterAll(() => redis.stop());

  /** That the server lets go of the key in that time, but for what the test itself has taken. */
  async function expectToEndIn(milliseconds: number, key: string): Promise<void> {
    const left = await redis.client.pttl(key);
    expect(left, key).toBeLessThanOrEqual(milliseconds);
    expect(left, key).toBeGreaterThan(milliseconds - 10_000);
  }

  const end = { reason: "revoked", now: NOW } as const;

  describe("what the server keeps", () => {
    it("ends a minute after the session, by the clock that was told", async () => {
      const store = redis.store();
      const user = newUser();
      const record = recordOf({ userKey: user, expiresAt: NOW + HOUR, deadline: NOW + DAY });
      await store.create(record, { now: NOW });
      await expectToEndIn(HOUR + SLACK, recordKey(record.id));
      await expectToEndIn(HOUR + SLACK, indexKey(user));
    });

    it("moves with the activity, and not with what changes nothing of the time", async () => {
      const store = redis.store();
      const user = newUser();
      const record = recordOf({ userKey: user, expiresAt: NOW + HOUR, deadline: NOW + DAY });
      await store.create(record, { now: NOW });
      const later = { lastSeenAt: NOW + HOUR - 1, expiresAt: NOW + 3 * HOUR - 1 };
      await store.update(record.id, { activity: later }, { now: later.lastSeenAt });
      await expectToEndIn(2 * HOUR + SLACK, recordKey(record.id));
      await expectToEndIn(2 * HOUR + SLACK, indexKey(user));
      await store.update(record.id, { data: { v: 2 } }, { now: NOW + 2 * HOUR });
      await expectToEndIn(2 * HOUR + SLACK, recordKey(record.id));
      const nearer = { lastSeenAt: later.lastSeenAt + 1, expiresAt: later.lastSeenAt + 1 + HOUR };
      await store.update(record.id, { activity: nearer }, { now: nearer.lastSeenAt });
      await expectToEndIn(HOUR + SLACK, recordKey(record.id));
      await expectToEndIn(HOUR + SLACK, indexKey(user));
    });

    it("of a user ends with the last of the sessions that are left", async () => {
      const store = redis.store();
      const user = newUser();
      const [short, middle, long] = [HOUR, 2 * HOUR, 30 * DAY].map((length) =>
        recordOf({ userKey: user, expiresAt: NOW + length }),
      );
      for (const record of [short, long, middle]) if (record) await store.create(record, { now: NOW });
      await expectToEndIn(30 * DAY + SLACK, indexKey(user));
      await store.deleteById(long?.id ?? "", end);
      await expectToEndIn(2 * HOUR + SLACK, indexKey(user));
      await store.deleteByUserKey(user, end, [short?.id ?? ""]);
      await expectToEndIn(HOUR + SLACK, indexKey(user));
      const limit = { max: 1, onExceed: "evict-oldest" } as const;
      await store.create(recordOf({ userKey: user, createdAt: NOW + 1, expiresAt: NOW + 1_000 }), {
        now: NOW,
        limit,
      });
      await expectToEndIn(1_000 + SLACK, indexKey(user));
    });

    it("of a tombstone ends a minute after it, and no list knows of it", async () => {
      const store = redis.store();
      const user = newUser();
      const record = recordOf({ userKey: user });
      await store.create(record, { now: NOW });
      await store.deleteById(record.id, { ...end, tombstone: 5_000 });
      await expectToEndIn(5_000 + SLACK, recordKey(record.id));
      expect(await redis.client.exists(indexKey(user))).toBe(0);
    });

    it("is gone when its time has come", async () => {
      const prefix = "gone:";
      const store = redis.store({ prefix });
      const user = newUser();
      for (const length of [100, 200]) {
        await store.create(recordOf({ userKey: user, expiresAt: NOW + length }), { now: NOW });
      }
      const keys = await redis.keys(`${prefix}*`);
      expect(keys).toHaveLength(3);
      // The server's clock cannot be turned: what is turned is the minute of slack.
      for (const key of keys) await redis.client.pexpire(key, (await redis.client.pttl(key)) - SLACK + 100);
      expect(await within(10_000, async () => (await redis.keys(`${prefix}*`)).length === 0)).toBe(true);
    });

    it("is nothing when everything has ended", async () => {
      const prefix = "left:";
      const store = redis.store({ prefix });
      const user = newUser();
      const limit = { max: 3, onExceed: "evict-idlest" } as const;
      const records = Array.from({ length: 8 }, (_, index) =>
        recordOf({ userKey: user, createdAt: NOW + index }),
      );
      for (const record of records) await store.create(record, { now: NOW, limit });
      const [, , , , , a, b, c] = records;
      const last = recordOf({ userKey: user });
      await store.create(last, { now: NOW, replaces: a?.id ?? "" });
      await store.update(last.id, { data: { v: 2 } }, { now: NOW });
      await store.deleteById(b?.id ?? "", end, user);
      expect((await store.deleteByUserKey(user, end, [last.id])).length).toBe(1);
      expect(await store.fetchById(c?.id ?? "")).toBeUndefined();
      await store.deleteByUserKey(user, end);
      expect(await redis.keys(`${prefix}*`)).toEqual([]);
    });
  });

  describe("the index", () => {
    it("of who logs in daily for a year and never out stays as small as on the first days", async () => {
      const store = redis.store();
      const user = newUser();
      let largest = 0;
      for (let day = 0; day < 365; day++) {
        const now = NOW + day * DAY;
        const session = { userKey: user, createdAt: now, lastSeenAt: now, expiresAt: now + DAY };
        await store.create(recordOf(session), { now });
        largest = Math.max(largest, await redis.client.zcard(indexKey(user)));
      }
      // Each session is in it twice; yesterday's is within its minute of slack.
      expect(largest).toBe(4);
      expect(await store.fetchByUserKey(user, { now: NOW + 364 * DAY, limit: 10 })).toHaveLength(1);
    });

    it("loses a hundred dead ones at two logins", async () => {
      const store = redis.store();
      const user = newUser();
      const dead = { userKey: user, expiresAt: NOW + HOUR };
      for (let count = 0; count < 100; count++) await store.create(recordOf(dead), { now: NOW });
      const now = NOW + DAY;
      const session = () =>
        recordOf({ userKey: user, createdAt: now, lastSeenAt: now, expiresAt: now + DAY });
      await store.create(session(), { now });
      expect(await redis.client.zcard(indexKey(user))).toBe(2 * 51);
      await store.create(session(), { now });
      expect(await redis.client.zcard(indexKey(user))).toBe(2 * 2);
    });

    it("counts the living without the dead that are still in it", async () => {
      const store = redis.store();
      const user = newUser();
      for (let count = 0; count < 5; count++) {
        await store.create(recordOf({ userKey: user, createdAt: NOW - count, expiresAt: NOW + 10 }), {
          now: NOW,
        });
      }
      // Between them: neither the oldest nor the newest.
      const live = recordOf({ userKey: user, createdAt: NOW - 2 });
      await store.create(live, { now: NOW });
      const limit = { max: 2, onExceed: "evict-oldest" } as const;
      const now = NOW + 10;
      expect(await store.create(recordOf({ userKey: user, createdAt: now }), { now, limit })).toEqual({
        evicted: [],
      });
      const { evicted } = await store.create(recordOf({ userKey: user, createdAt: now }), { now, limit });
      expect(evicted).toEqual([live.id]);
    });

    it("has a session again that fell out of it, when it is used", async () => {
      const store = redis.store();
      const user = newUser();
      const record = recordOf({ userKey: user });
      await store.create(record, { now: NOW });
      await redis.client.del(indexKey(user));
      const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
      await store.update(record.id, { activity }, { now: NOW + 1 });
      expect(await store.deleteByUserKey(user, end)).toEqual([record.id]);
    });
  });
});
