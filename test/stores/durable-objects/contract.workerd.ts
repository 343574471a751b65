/** Runs the Durable Objects store inside Cloudflare's runtime. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Manager, type SessionRecord, shardOf } from "sessionup";
import { durableObjectStore } from "sessionup/stores/durable-objects";
import { storeContract } from "sessionup/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { skip } from "./_skip.ts";
import { sparse } from "./_sparse.ts";

const HOUR = 3_600_000;
let count = 0;

function record(userKey: string, deadline: number): SessionRecord {
  const id = `${shardOf(userKey)}object${String(count++).padStart(14, "0")}`;
  const data = { v: 1 };
  return { id, userKey, revision: 0, createdAt: 0, lastSeenAt: 0, expiresAt: deadline, deadline, data };
}

/** Returns the number of rows in a user's object and the time of its next alarm. */
function inside(userKey: string): Promise<{ rows: number; alarm: number | null }> {
  return runInDurableObject(getStub(userKey), async (_object, { storage }) => {
    const [row] = storage.sql.exec("SELECT count(*) AS rows FROM sessionup_sessions").toArray();
    return { rows: Number(row?.rows), alarm: await storage.getAlarm() };
  });
}

function getStub(userKey: string) {
  return env.OBJECTS.get(env.OBJECTS.idFromName(shardOf(userKey)));
}

describe("durable-objects × Cloudflare", () => {
  storeContract({ describe, it }, { skip, create: () => durableObjectStore(sparse(env.SESSIONS)) });

  describe("a durable object", () => {
    // A separate namespace: the contract's users may have any shard.
    const store = durableObjectStore(env.OBJECTS);
    afterEach(() => vi.useRealTimers());

    it("keeps the sessions of one shard only", async () => {
      // The contract's namespace has an object for this shard too.
      const others = durableObjectStore(env.SESSIONS);
      await others.create(record("kay", Date.now() + HOUR), { now: Date.now() });
      await store.create(record("kay", Date.now() + HOUR), { now: Date.now() });
      await store.create(record("lee", Date.now() + HOUR), { now: Date.now() });
      expect([(await inside("kay")).rows, (await inside("lee")).rows]).toEqual([1, 1]);
    });

    it("removes expired sessions within an hour and sets the alarm for the next ones", async () => {
      const now = Date.now();
      const dead = record("mia", now + 1_000);
      const live = record("mia", now + 5 * HOUR);
      for (const each of [live, dead]) await store.create(each, { now });
      const { alarm } = await inside("mia");
      expect(alarm).toBeGreaterThan(now + 61_000);
      expect(alarm).toBeLessThan(now + 61_000 + HOUR);

      vi.setSystemTime(alarm ?? 0);
      expect(await runDurableObjectAlarm(getStub("mia"))).toBe(true);
      expect(await store.fetchByIds([dead.id, live.id])).toEqual([undefined, live]);
      const after = await inside("mia");
      expect(after.rows).toBe(1);
      expect(after.alarm).toBeGreaterThan(live.deadline);

      vi.setSystemTime(after.alarm ?? 0);
      await runDurableObjectAlarm(getStub("mia"));
      expect(await inside("mia")).toEqual({ rows: 0, alarm: null });
    });

    it("cleans up by the managers' clocks, not by the platform's", async () => {
      const long = record("nat", 1_000 + 3 * HOUR);
      const short = record("nat", 2_000);
      for (const each of [long, short]) await store.create(each, { now: 1_000 });
      vi.setSystemTime((await inside("nat")).alarm ?? 0);
      await runDurableObjectAlarm(getStub("nat"));
      expect(await store.fetchByIds([long.id, short.id])).toEqual([long, undefined]);
    });

    it("removes expired tombstones at its alarm", async () => {
      const now = Date.now();
      const ended = record("quin", now + 5 * HOUR);
      await store.create(ended, { now });
      const tombstones = { keepFor: 6 * HOUR, max: 9 };
      await store.deleteById(ended.id, { reason: "revoked", now, tombstones });
      for (const rows of [1, 0]) {
        vi.setSystemTime((await inside("quin")).alarm ?? 0);
        await runDurableObjectAlarm(getStub("quin"));
        expect((await inside("quin")).rows).toBe(rows);
      }
    });

    it("keeps acknowledged sessions and its alarm after an eviction", async () => {
      const now = Date.now();
      const kept = record("pia", now + HOUR);
      await store.create(kept, { now });
      const { alarm } = await inside("pia");
      await evictDurableObject(getStub("pia"));
      expect(await store.fetchById(kept.id)).toEqual(kept);
      await store.create(record("pia", now + 24 * HOUR), { now });
      expect(await inside("pia")).toEqual({ rows: 2, alarm });
    });

    it("removes more expired sessions than fit into one step", async () => {
      const now = Date.now();
      const many = Array.from({ length: 1_100 }, () => record("oda", now + 1_000));
      for (let start = 0; start < many.length; start += 100)
        await Promise.all(many.slice(start, start + 100).map((each) => store.create(each, { now })));
      vi.setSystemTime(now + 2 * HOUR);
      await runDurableObjectAlarm(getStub("oda"));
      expect(await inside("oda")).toEqual({ rows: 0, alarm: null });
    });
  });

  it("create rejects a record whose id belongs to another shard than its user", async () => {
    const stray = { ...record("ann", 1), id: `${shardOf("bob")}0000000000000000` };
    await expect(durableObjectStore(env.SESSIONS).create(stray, { now: 0 })).rejects.toThrow(
      /^record\.id must begin with/,
    );
  });

  it("an operation fails with ERR_STORE when the object fails or does not answer in time", async () => {
    const broken = new Manager(durableObjectStore(env.BROKEN));
    await expect(broken.fetchByUserKey("ann")).rejects.toMatchObject({ code: "ERR_STORE", status: 503 });
    const silent = new Manager(durableObjectStore(env.SILENT, { timeout: "1s" }));
    await expect(silent.fetchByUserKey("ann")).rejects.toMatchObject({ code: "ERR_STORE", status: 503 });
  });

  it.each([
    [undefined, {}, /^namespace must be the binding/],
    [{}, {}, /^namespace must be the binding/],
    [env.SESSIONS, { timeout: "soon" }, /^timeout must be a duration/],
    [env.SESSIONS, { table: "sessions" }, /table/],
  ])("durableObjectStore rejects the namespace %o with the options %o", (namespace, options, message) => {
    expect(() => durableObjectStore(namespace as typeof env.SESSIONS, options as object)).toThrow(message);
  });
});
