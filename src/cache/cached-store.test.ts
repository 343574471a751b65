import type { SessionRecord } from "sessionup";
import { describe, expect, it } from "vitest";
import { TestCacheClock } from "../../test/cache/_cache-clock.ts";
import { END, isHit, openCache, TOMBSTONES } from "../../test/cache/_open-cache.ts";
import { hearMessages } from "../../test/support/heard-messages.ts";
import { PushedStore } from "../../test/support/pushed-store.ts";
import { createRecord, HOUR, NOW } from "../../test/support/record.ts";
import { CachedStore } from "./cached-store.ts";
import { parseCacheOptions } from "./options.ts";

describe("a cached read", () => {
  it("a second read returns the same frozen record without a promise and without the store", async () => {
    const { cache, store, create } = await openCache();
    const record = await create({ data: { v: 1, list: ["a"] } });
    const first = await cache.fetchById(record.id);
    expect(cache.fetchById(record.id)).toBe(first);
    expect(first).toEqual(record);
    expect(Object.isFrozen(first?.data.list)).toBe(true);
    expect(store.calls).toEqual(["fetchById"]);
  });

  it("publishes whether it came from memory, from the store or from the read of another request", async () => {
    const { cache, create } = await openCache();
    const { id } = await create();
    const messages = hearMessages("sessionup:cache");
    expect(cache.holds(id)).toBe(false);
    await Promise.all([cache.fetchById(id), cache.fetchById(id)]);
    expect(cache.holds(id)).toBe(true);
    await cache.fetchById(id);
    expect(messages).toEqual([{ read: "miss" }, { read: "joined" }, { read: "hit" }]);
  });

  it("the cache no longer holds an entry when it is too old", async () => {
    const { cache, clock, kept } = await openCache({ maxAge: "10s" });
    const { id } = await kept();
    await clock.pass(9_999);
    expect(cache.holds(id)).toBe(true);
    await clock.pass(1);
    expect(cache.holds(id)).toBe(false);
  });

  it("the age of an entry counts from the beginning of its read, and is below maxAge", async () => {
    const { cache, store, clock, create } = await openCache({ maxAge: "10s" });
    const { id } = await create();
    const gate = store.hold("fetchById");
    const reading = cache.fetchById(id);
    await gate.arrived;
    await clock.pass(4_000);
    gate.open();
    await reading;
    await clock.pass(5_999);
    expect(isHit(cache.fetchById(id))).toBe(true);
    await clock.pass(1);
    expect(isHit(cache.fetchById(id))).toBe(false);
  });

  it.each([
    ["was turned forward by maxAge", 10_000, false],
    ["was turned back", -1, false],
    ["was turned forward by less", 9_999, true],
  ])("an entry counts as old when the wall clock %s", async (_, time, hits) => {
    const { cache, clock, kept } = await openCache({ maxAge: "10s" });
    const { id } = await kept();
    clock.turn(time);
    expect(isHit(cache.fetchById(id))).toBe(hits);
  });

  it("an old entry does not become fresh again when the wall clock is turned back", async () => {
    const { cache, store, clock, kept } = await openCache();
    const { id } = await kept();
    clock.turn(HOUR);
    const gate = store.hold("fetchById");
    const reading = cache.fetchById(id);
    clock.turn(-HOUR);
    expect(isHit(cache.fetchById(id))).toBe(false);
    gate.open();
    await reading;
  });

  it("neither unknown ids nor tombstones are kept, and they evict nothing", async () => {
    const { cache, store, create, kept } = await openCache({ maxEntries: 1 });
    const { id } = await kept();
    const ended = await create();
    await store.deleteById(ended.id, { ...END, tombstones: TOMBSTONES });
    for (const other of ["unknown", ended.id]) {
      await cache.fetchById(other);
      expect(isHit(cache.fetchById(other))).toBe(false);
    }
    expect(isHit(cache.fetchById(id))).toBe(true);
  });

  it("the cache holds at most maxEntries, and evicts an entry that was not used", async () => {
    const { cache, kept } = await openCache({ maxEntries: 3 });
    const first = await kept();
    const second = await kept();
    await kept();
    expect(isHit(cache.fetchById(first.id))).toBe(true);
    await kept();
    expect(cache.size).toBe(3);
    expect(isHit(cache.fetchById(first.id))).toBe(true);
    expect(isHit(cache.fetchById(second.id))).toBe(false);
  });

  it("the cache evicts a used entry when it finds no other one soon", async () => {
    const { cache, kept } = await openCache({ maxEntries: 30 });
    const ids: string[] = [];
    for (let count = 0; count < 30; count++) ids.push((await kept()).id);
    for (const id of ids) expect(isHit(cache.fetchById(id))).toBe(true);
    await kept();
    expect(cache.size).toBe(30);
    expect(ids.filter((id) => !isHit(cache.fetchById(id)))).toEqual([ids[10]]);
  });

  it("a failed read rejects, and the next one asks again", async () => {
    const { cache, store, create } = await openCache();
    const record = await create();
    store.fail("fetchById");
    await expect(cache.fetchById(record.id)).rejects.toThrow("connection reset");
    expect(await cache.fetchById(record.id)).toEqual(record);
    expect(isHit(cache.fetchById(record.id))).toBe(true);
  });
});

describe("concurrent reads of one session", () => {
  it("become one read", async () => {
    const { cache, store, create } = await openCache();
    const { id } = await create();
    const gate = store.hold("fetchById");
    const reads = [cache.fetchById(id), cache.fetchById(id)];
    gate.open();
    const [one, other] = await Promise.all(reads);
    expect(one).toBe(other);
    expect(store.calls).toEqual(["fetchById"]);
  });

  it("do not join a read that began maxAge ago", async () => {
    const { cache, store, clock, create } = await openCache();
    const { id } = await create();
    const gate = store.hold("fetchById");
    const reading = cache.fetchById(id);
    await gate.arrived;
    await clock.pass(10_000);
    await cache.fetchById(id);
    expect(store.calls).toEqual(["fetchById", "fetchById"]);
    gate.open();
    await reading;
  });

  it.each(["deleteById", "deleteByUserKey", "an event"] as const)(
    "do not join a read that began before %s ended the session, and its result is not kept",
    async (how) => {
      const { cache, store, create } = await openCache();
      const { id, userKey } = await create();
      // The answer is on its way when the session ends.
      const stale = await store.fetchById(id);
      let answer: (record: SessionRecord | undefined) => void = () => undefined;
      const { fetchById } = store;
      store.fetchById = () => new Promise((resolve) => (answer = resolve));
      const reading = cache.fetchById(id);
      store.fetchById = fetchById;
      if (how === "deleteById") await cache.deleteById(id, END);
      else if (how === "deleteByUserKey") await cache.deleteByUserKey(userKey, END);
      else {
        await store.deleteById(id, END);
        store.push((listener) => listener.ended({ ids: [id], userKey, reason: "revoked" }));
      }
      expect(await cache.fetchById(id)).toBeUndefined();
      answer(stale);
      expect(await reading).toEqual(stale);
      expect(await cache.fetchById(id)).toBeUndefined();
    },
  );
});

describe("events", () => {
  it("an entry is dropped when its session has ended, or changed to another revision", async () => {
    const { cache, store, kept } = await openCache();
    const [a, b, c] = [await kept(), await kept(), await kept()];
    store.push((listener) => listener.ended({ ids: [a.id], userKey: a.userKey, reason: "revoked" }));
    store.push((listener) => listener.changed({ id: b.id, revision: 1 }));
    store.push((listener) => listener.changed({ id: c.id, revision: 0 }));
    expect([a, b, c].map(({ id }) => isHit(cache.fetchById(id)))).toEqual([false, false, true]);
  });

  it("subscribe passes the events of the store on", async () => {
    const { cache, store } = await openCache();
    const heard: unknown[] = [];
    const stop = await cache.subscribe({
      ended: (event) => void heard.push(event),
      changed: (event) => void heard.push(event),
      status: (isUp) => void heard.push(isUp),
    });
    const event = { id: "a", revision: 7 };
    store.push((listener) => listener.changed(event));
    expect(heard).toEqual([true, event]);
    await stop();
    expect(store.listeners).toBe(1);
  });
});

describe("the channel", () => {
  it("the cache subscribes at the first read, once", async () => {
    const store = new PushedStore();
    const cache = new CachedStore(store, parseCacheOptions({}), new TestCacheClock());
    await cache.fetchByIds(["a"]);
    expect(store.subscriptions).toBe(0);
    for (const id of ["a", "b"]) await cache.fetchById(id);
    expect(store.subscriptions).toBe(1);
  });

  it("while the channel is down, every read asks the store, and afterwards the cache begins empty", async () => {
    const { cache, store, kept } = await openCache();
    const { id } = await kept();
    store.push((listener) => listener.status(false));
    for (let count = 0; count < 2; count++) expect(isHit(cache.fetchById(id))).toBe(false);
    expect(store.calls).toEqual(["fetchById", "fetchById"]);
    store.push((listener) => listener.status(true));
    expect(isHit(cache.fetchById(id))).toBe(false);
    await cache.fetchById(id);
    expect(isHit(cache.fetchById(id))).toBe(true);
  });

  it.each([[false, true], [true]])("a read that began before status(%s) is not kept", async (...states) => {
    const { cache, store, create } = await openCache();
    const { id } = await create();
    const gate = store.hold("fetchById");
    const reading = cache.fetchById(id);
    for (const isUp of states) store.push((listener) => listener.status(isUp));
    gate.open();
    await reading;
    expect(isHit(cache.fetchById(id))).toBe(false);
  });

  it("a failed subscription is reported and tried again later, and no request fails", async () => {
    const store = new PushedStore();
    const clock = new TestCacheClock();
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const cache = new CachedStore(store, parseCacheOptions({ onError }), clock);
    const record = createRecord();
    await store.create(record, { now: NOW });
    store.refuses = new Error("refused");
    const read = async () => expect(await cache.fetchById(record.id)).toEqual(record);
    await read();
    expect(errors).toEqual([store.refuses]);
    const attempts: number[] = [];
    for (let time = 0; time < 120_000; time += 500) {
      const before = store.subscriptions;
      await read();
      if (store.subscriptions > before) attempts.push(time);
      await clock.pass(500);
    }
    // The pauses double, up to half a minute.
    expect(attempts).toEqual([500, 1_500, 3_500, 7_500, 15_500, 31_500, 61_500, 91_500]);
    store.refuses = undefined;
    await clock.pass(30_000);
    for (let count = 0; count < 2; count++) await read();
    expect(isHit(cache.fetchById(record.id))).toBe(true);
  });
});

describe("the cache's own writes", () => {
  const writes: Readonly<
    Record<string, (open: Awaited<ReturnType<typeof openCache>>, id: string) => Promise<unknown>>
  > = {
    create: ({ cache }, id) => cache.create(createRecord({ id, userKey: "ann" }), { now: NOW }),
    update: ({ cache }, id) => cache.update(id, { data: { v: 1, new: true } }, { now: NOW }),
    deleteById: ({ cache }, id) => cache.deleteById(id, END),
    deleteByUserKey: ({ cache }) => cache.deleteByUserKey("ann", END),
  };

  it.each(Object.entries(writes))(
    "a failed %s drops the entry: the store may have executed it",
    async (name, write) => {
      const open = await openCache();
      const { id } = await open.kept();
      open.store.fail(name as "create");
      await expect(write(open, id)).rejects.toThrow();
      expect(isHit(open.cache.fetchById(id))).toBe(false);
    },
  );

  it("create drops the entries of the replaced and of the evicted sessions, and keeps the others", async () => {
    const { cache, kept } = await openCache();
    const [a, b, c] = [await kept(), await kept(), await kept()];
    const limit = { max: 2, onExceed: "evict-oldest" } as const;
    const { evicted } = await cache.create(createRecord(), { now: NOW, limit, replaces: b.id });
    expect(evicted).toEqual([a.id]);
    expect([a, b, c].map(({ id }) => isHit(cache.fetchById(id)))).toEqual([false, false, true]);
  });

  it("deleteByUserKey drops the user's entries, those that another instance has ended included", async () => {
    const { cache, store, kept } = await openCache();
    const [a, b] = [await kept(), await kept()];
    const theirs = await kept({ userKey: "ben" });
    await store.deleteById(a.id, END);
    expect(await cache.deleteByUserKey("ann", END)).toEqual([b.id]);
    expect([a, b, theirs].map(({ id }) => isHit(cache.fetchById(id)))).toEqual([false, false, true]);
  });

  it("deleteCreatedBefore drops the entries of each step, and all when the caller stops", async () => {
    const { cache, kept } = await openCache();
    const old = await kept({ createdAt: NOW - HOUR });
    const young = await kept();
    for await (const ids of cache.deleteCreatedBefore?.(NOW, END) ?? []) {
      expect(ids).toEqual([old.id]);
      expect(isHit(cache.fetchById(old.id))).toBe(false);
      expect(isHit(cache.fetchById(young.id))).toBe(true);
      break;
    }
    expect(isHit(cache.fetchById(young.id))).toBe(false);
  });
});

describe("the cache as a store", () => {
  it("the cache states how old its records may be", async () => {
    const { cache } = await openCache({ maxAge: "7s" });
    expect(cache.maxStaleness).toBe(7_000);
  });

  it("the cache has the optional operations that its store has", async () => {
    const { subscribe, ...others } = new PushedStore();
    const { fetchByLink, scan, deleteCreatedBefore, deleteTombstones, deleteExpired, onExpired, ...needed } =
      others;
    for (const [store, type] of [
      [{ ...others, subscribe }, "function"],
      [{ ...needed, subscribe }, "undefined"],
    ] as const) {
      const cache = new CachedStore(store, parseCacheOptions({}), new TestCacheClock());
      const { fetchByLink, scan, deleteTombstones, deleteExpired, onExpired } = cache;
      const types = [fetchByLink, scan, deleteTombstones, deleteExpired, onExpired].map(
        (method) => typeof method,
      );
      expect(new Set(types)).toEqual(new Set([type]));
    }
  });

  it("close ends the subscription, and the cache then asks the store and subscribes no more", async () => {
    const { cache, store, kept } = await openCache();
    const { id } = await kept();
    await cache.close();
    expect(store.listeners).toBe(0);
    for (let count = 0; count < 2; count++) expect(isHit(cache.fetchById(id))).toBe(false);
    expect(store.subscriptions).toBe(1);
  });

  it("after close, a failed subscription is not tried again", async () => {
    const store = new PushedStore();
    const clock = new TestCacheClock();
    const cache = new CachedStore(store, parseCacheOptions({ onError: () => undefined }), clock);
    store.refuses = new Error("refused");
    await cache.fetchById("a");
    await cache.close();
    await clock.pass(HOUR);
    await cache.fetchById("a");
    expect(store.subscriptions).toBe(1);
  });

  it("a subscription that succeeds after close ends", async () => {
    const store = new PushedStore();
    const { subscribe } = store;
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    store.subscribe = async (listener) => {
      await opened;
      return subscribe(listener);
    };
    const cache = new CachedStore(store, parseCacheOptions({}), new TestCacheClock());
    const record = createRecord();
    await store.create(record, { now: NOW });
    await cache.fetchById(record.id);
    await cache.close();
    open();
    await expect.poll(() => store.subscriptions).toBe(1);
    await expect.poll(() => store.listeners).toBe(0);
    await cache.fetchById(record.id);
    expect(isHit(cache.fetchById(record.id))).toBe(false);
  });
});
