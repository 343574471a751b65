import { once } from "node:events";
import type { RootDatabase } from "lmdb";
import { type LmdbStore, lmdbPush } from "sessionup/stores/lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HeardEvents } from "../../support/heard-events.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { changedRoot, LmdbFile, startThread } from "./_fixture.ts";

const end = { reason: "revoked", now: NOW } as const;

const file = new LmdbFile();
let root: RootDatabase;
beforeEach(async () => {
  await file.make();
  root = file.open();
});
afterEach(() => file.remove());

async function subscribed(push = lmdbPush({ interval: "10ms" })) {
  const store = await file.store({ push });
  const heard = new HeardEvents();
  await store.subscribe?.(heard);
  await expect.poll(() => heard.states).toEqual([true]);
  return { store, heard };
}

/** Creates a session and ends it. Returns its id. */
async function endOne(store: LmdbStore): Promise<string> {
  const record = createRecord();
  await store.create(record, { now: NOW });
  await store.deleteById(record.id, end);
  return record.id;
}

const events = () =>
  root.openDB<string, Buffer>({ name: "sessionup_events", encoding: "string", keyEncoding: "binary" });
function numbers(): number[] {
  root.resetReadTxn();
  return [...events().getKeys()].map((key) => Number(key.readBigUInt64BE()));
}
/** Makes the events up to a number as old as if they had been recorded two minutes ago. */
async function age(last: number): Promise<void> {
  await root.transaction(() => {
    for (const { key, value } of [...events().getRange()])
      if (Number(key.readBigUInt64BE()) <= last)
        events().putSync(
          key,
          value.replace(/^\d+/, (at) => String(Number(at) - 120_000)),
        );
  });
}

describe("push of lmdbStore", () => {
  it("records events only with the option, and is absent unless the option is the result of lmdbPush", async () => {
    for (const [push, count] of [
      [undefined, 0],
      [false, 0],
      [true, 1],
      [lmdbPush(), 1],
    ] as const) {
      const store = await file.store(push === undefined ? {} : { push });
      const before = numbers().length;
      await endOne(store);
      expect(numbers().length - before).toBe(count);
      expect("subscribe" in store).toBe(typeof push === "object");
    }
  });

  it("reports sessions that another thread ends, also just before the thread is killed", async () => {
    const { store, heard } = await subscribed();
    const thread = startThread({ path: file.path, push: true });
    try {
      await once(thread, "message");
      const record = createRecord();
      await store.create(record, { now: NOW });
      thread.postMessage({ method: "deleteById", args: [record.id, end] });
      await once(thread, "message");
      await expect.poll(() => heard.ids).toEqual([record.id]);
      const many = Array.from({ length: 500 }, () => createRecord({ userKey: "many" }));
      for (const each of many) await store.create(each, { now: NOW });
      thread.postMessage({ method: "deleteByUserKey", args: ["many", end] });
      await expect.poll(() => store.fetchById(many[0]?.id ?? "")).toBeUndefined();
    } finally {
      await thread.terminate();
    }
    await expect.poll(() => heard.ids.length).toBe(501);
  });

  it("reports each of thousands of sessions that end in several steps once", async () => {
    const { store, heard } = await subscribed();
    const records = Array.from({ length: 2_100 }, () => createRecord({ userKey: "many" }));
    await Promise.all(records.map((record) => store.create(record, { now: NOW })));
    await store.deleteByUserKey("many", { ...end, tombstones: { keepFor: 1_000, max: 5 } });
    await expect.poll(() => heard.ids.length).toBe(records.length);
    expect(heard.ids.toSorted()).toEqual(records.map(({ id }) => id).toSorted());
  });

  it("reads hundreds of events that were recorded between two reads in their order", async () => {
    const { store, heard } = await subscribed(lmdbPush({ interval: "1s" }));
    const records = Array.from({ length: 250 }, () => createRecord());
    await Promise.all(records.map((record) => store.create(record, { now: NOW })));
    await Promise.all(records.map(({ id }) => store.deleteById(id, end)));
    await expect.poll(() => heard.ids.length).toBeGreaterThan(0);
    expect(heard.ids).toEqual(records.map(({ id }) => id));
  });

  it("records no event of a step that fails", async () => {
    const store = await file.store({ push: true });
    const broken = await file.store({ push: true }, changedRoot(root, "sessionup_by_user", { broken: true }));
    const record = createRecord();
    await store.create(record, { now: NOW });
    await expect(broken.deleteById(record.id, end)).rejects.toThrow("no room");
    expect(numbers()).toEqual([]);
    expect(await store.fetchById(record.id)).toEqual(record);
  });

  it("the cleanup removes events older than a minute except the newest of them", async () => {
    const store = await file.store({ push: true, cleanupEvery: false });
    for (let count = 0; count < 9; count++) await endOne(store);
    await store.deleteExpired(NOW, 2);
    expect(numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await age(7);
    // Several steps, each of at most two events.
    await store.deleteExpired(NOW, 2);
    expect(numbers()).toEqual([7, 8, 9]);
    await age(9);
    await store.deleteExpired(NOW, 100);
    expect(numbers()).toEqual([9]);
    await store.deleteExpired(NOW, 100);
    await endOne(store);
    expect(numbers()).toEqual([9, 10]);
  });

  it("a cleanup is reported as a loss if events were not read, and not reported otherwise", async () => {
    const quick = await subscribed();
    // One subscription begins when there is no event, and one later.
    const first = await subscribed(lmdbPush({ interval: "1s" }));
    await endOne(quick.store);
    const second = await subscribed(lmdbPush({ interval: "1s" }));
    for (let count = 0; count < 3; count++) await endOne(quick.store);
    await expect.poll(() => quick.heard.ids.length).toBe(4);
    await age(4);
    await quick.store.deleteExpired(NOW, 100);
    for (const { heard } of [first, second])
      await expect.poll(() => heard.states).toEqual([true, false, true]);
    const last = await endOne(quick.store);
    for (const { heard } of [quick, first, second]) await expect.poll(() => heard.ids.at(-1)).toBe(last);
    expect(quick.heard.states).toEqual([true]);
  });

  it("closing the store ends the reads and the subscription", async () => {
    const { store, heard } = await subscribed();
    const other = await file.store({ push: true });
    await store.close();
    await endOne(other);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard.states).toEqual([true]);
    expect(heard.ids).toEqual([]);
  });

  it("reads that fail are reported", async () => {
    const own = file.open();
    const store = await file.store({ push: lmdbPush({ interval: "10ms" }) }, own);
    const heard = new HeardEvents();
    await store.subscribe?.(heard);
    await own.close();
    await expect.poll(() => heard.states).toEqual([true, false]);
  });

  it.each([1, "lmdb", null, {}, () => undefined])("rejects with a TypeError for %s as push", async (push) => {
    await expect(file.store({ push: push as never })).rejects.toThrow(TypeError);
  });

  it("throws a TypeError for an invalid interval", () => {
    expect(() => lmdbPush({ interval: "soon" as never })).toThrow("interval must be a duration");
  });
});
