import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { ABORT, open, type RootDatabase, type RootDatabaseOptionsWithPath } from "lmdb";
import { CLAIM_PREFIX, type ScanFilter, SessionError, type SessionRecord } from "sessionup";
import { type LmdbStore, lmdbStore } from "sessionup/stores/lmdb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DATABASE_CLEANUP } from "../../../src/stores/shared/cleanup.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { changedRoot, LmdbFile } from "./_fixture.ts";

const END = { reason: "revoked", now: NOW } as const;
const PAGE = { now: NOW, limit: 10_000 };

const file = new LmdbFile();
let root: RootDatabase;
beforeEach(async () => {
  await file.make();
  root = file.open();
});
afterEach(() => file.remove());

/** Opens one of the store's databases. */
const database = (part: string) =>
  root.openDB<string, Buffer>({ name: `sessionup_${part}`, encoding: "string", keyEncoding: "binary" });

/** Returns the records of all steps of a scan. */
async function scanAll(store: LmdbStore, filter: ScanFilter = {}, limit = 1_000): Promise<SessionRecord[]> {
  const records: SessionRecord[] = [];
  let cursor: string | undefined;
  do {
    const step = await store.scan({ now: NOW, limit, filter, ...(cursor && { cursor }) });
    records.push(...step.records);
    ({ cursor } = step);
  } while (cursor);
  return records;
}

describe("the file of lmdbStore", () => {
  it("keeps every session across a close and a new open", async () => {
    const records = [createRecord(), createRecord({ userKey: "bob" })];
    for (const each of records) await (await file.store({}, root)).create(each, { now: NOW });
    await root.close();
    expect(await (await file.store()).fetchByIds(records.map(({ id }) => id))).toEqual(records);
  });

  it("is rejected with ERR_STORE when a later release has written it", async () => {
    await (await file.store()).close();
    await database("schema").put(Buffer.from("version"), "3");
    const error = await file.store().catch((error) => error);
    expect(error.message).toBe(
      "lmdbStore: the file has version 3, this release supports 2. Upgrade sessionup.",
    );
    expect(error).toBeInstanceOf(SessionError);
  });

  it("is completed when the first version of the format has written it", async () => {
    const store = await file.store({}, root);
    const records = Array.from({ length: 2_500 }, () => createRecord());
    const claim = createRecord({ userKey: `${CLAIM_PREFIX}x` });
    const [ended] = records.splice(1_200, 1) as [SessionRecord];
    await Promise.all([...records, ended, claim].map((each) => store.create(each, { now: NOW })));
    await store.deleteById(ended.id, { ...END, tombstones: { keepFor: 1_000, max: 9 } });
    await store.close();
    root = file.open();
    // The first version had no such database.
    await database("by_created").clearAsync();
    await database("schema").put(Buffer.from("version"), "1");
    const [one, other] = await Promise.all([file.store({}, root), file.store()]);
    expect(await scanAll(one)).toEqual(records.toReversed());
    expect(await other.count()).toEqual({ count: 2_499, isExact: false });
    expect(await one.inspect()).toEqual({ schema: { found: 2, needed: 2 } });
    await one.deleteById(records[0]?.id ?? "", END);
    await one.close();
    expect(await (await file.store()).count()).toEqual({ count: 2_498, isExact: false });
  });

  it("is reported by inspect if it was opened with noSync", async () => {
    expect(await (await file.store({}, root)).inspect()).not.toHaveProperty("warnings");
    await root.close();
    const { warnings } = await (await file.store({}, file.open({ noSync: true }))).inspect();
    expect(warnings?.join()).toContain("noSync");
  });

  it("keeps stores with different names separate", async () => {
    const [one, other] = [await file.store({}, root), await file.store({ name: "admins" }, root)];
    const own = createRecord();
    await one.create(own, { now: NOW });
    expect(await other.fetchById(own.id)).toBeUndefined();
    expect(await other.deleteByUserKey("ann", END)).toEqual([]);
  });

  it("is read only at the user's own entries, although other user keys begin with the same text", async () => {
    const store = await file.store({}, root);
    const names = Array.from({ length: 100 }, (_, index) => `1${index}`);
    await Promise.all(
      ["1", ...names].map((userKey) => store.create(createRecord({ userKey }), { now: NOW })),
    );
    let looks = 0;
    const counted = await file.store({}, changedRoot(root, "sessionup_by_id", { looked: () => looks++ }));
    expect(await counted.fetchByUserKey("1", PAGE)).toHaveLength(1);
    const draft = createRecord({ userKey: "1" });
    await counted.create(draft, { now: NOW, limit: { max: 100, onExceed: "reject" } });
    expect(await counted.deleteByUserKey("1", END)).toHaveLength(2);
    expect(looks).toBe(4);
  });

  it("reuses the space of ended sessions", async () => {
    const store = await file.store({}, root);
    const size = async () => (await stat(file.path)).size;
    let after = 0;
    for (let round = 0; round < 30; round++) {
      const records = Array.from({ length: 200 }, () => createRecord());
      await Promise.all(records.map((each) => store.create(each, { now: NOW })));
      await store.deleteByUserKey("ann", END);
      if (round === 9) after = await size();
    }
    expect(await size()).toBeLessThan(2 * after);
  });

  const options: Array<[string, Partial<RootDatabaseOptionsWithPath>]> = [
    ["no overlappingSync", { overlappingSync: false }],
    ["noSync", { noSync: true }],
    ["compression", { compression: { threshold: 10 } }],
    ["a cache", { cache: true }],
    ["another encoding", { encoding: "json", keyEncoding: "binary" }],
    ["no batching of the writes of one event-loop turn", { eventTurnBatching: false }],
    ["a strict asynchronous order", { strictAsyncOrder: true }],
    ["a remapping of chunks", { remapChunks: true }],
    ["encryption", { encryptionKey: "0123456789abcdef0123456789abcdef" }],
  ];
  it.each(options)("supports every store operation when opened with %s", async (_what, options) => {
    await root.close();
    await file.remove();
    await file.make();
    const stores = [await file.store({}, file.open(options)), await file.store({}, file.open(options))];
    for (const [index, store] of stores.entries()) {
      const other = stores[1 - index] ?? store;
      const [first, second, third] = [
        createRecord(),
        createRecord(),
        createRecord({ data: { v: 1, "": [1e21, {}, "é\0"] } }),
      ];
      await Promise.all([first, second].map((each) => store.create(each, { now: NOW })));
      const refused = store.create(third, { now: NOW, limit: { max: 2, onExceed: "reject" } });
      await expect(refused).rejects.toMatchObject({ code: "ERR_LIMIT" });
      const limit = { max: 2, onExceed: "evict-oldest" } as const;
      expect(await store.create(third, { now: NOW, limit })).toMatchObject({ evicted: [first.id] });
      expect(await other.fetchByUserKey("ann", PAGE)).toEqual([third, second]);
      expect(await other.deleteById(second.id, { ...END, tombstones: { keepFor: 5, max: 9 } })).toBe(
        "deleted",
      );
      expect(await store.fetchById(second.id)).toMatchObject({ revision: 1, ended: { at: NOW } });
      expect(await other.deleteByUserKey("ann", END)).toEqual([third.id]);
      expect(await store.fetchByUserKey("ann", PAGE)).toEqual([]);
    }
  });
});

describe("scans of lmdbStore", () => {
  it("return the newest sessions of all users first, and a user's latest tombstones first", async () => {
    const store = await file.store({}, root);
    const users = ["ann", "bob", "ann", "carl", "bob"];
    const records = users.map((userKey) => createRecord({ userKey }));
    for (const each of records.toReversed()) await store.create(each, { now: NOW });
    expect(await scanAll(store, {}, 2)).toEqual(records.toReversed());
    const [first, , second] = records as [SessionRecord, SessionRecord, SessionRecord];
    const tombstones = { keepFor: 1_000, max: 9 };
    await store.deleteById(second.id, { ...END, tombstones });
    await store.deleteById(first.id, { ...END, now: NOW + 1, tombstones });
    const ids = async (filter: ScanFilter) => (await scanAll(store, filter, 1)).map(({ id }) => id);
    expect(await ids({ userKey: "ann", ended: {} })).toEqual([first.id, second.id]);
    expect(await ids({ userKey: "ann", ended: { before: NOW + 1 } })).toEqual([second.id]);
    expect(await ids({ ended: { from: NOW + 1 } })).toEqual([first.id]);
    expect(await ids({})).toHaveLength(3);
    expect(await store.count()).toEqual({ count: 3, isExact: false });
  });

  it("look at 500 records in one turn of the event loop, and at none outside of createdAt", async () => {
    const store = await file.store({}, root);
    const records = Array.from({ length: 2_500 }, () => createRecord());
    await Promise.all(records.map((each) => store.create(each, { now: NOW })));
    let looks = 0;
    const counted = await file.store({}, changedRoot(root, "sessionup_by_id", { looked: () => looks++ }));
    let cursor: string | undefined;
    const steps: number[] = [];
    let turns = 0;
    let isOver = false;
    const turn = () => {
      turns++;
      if (!isOver) setImmediate(turn);
    };
    turn();
    do {
      const before: number = looks;
      const filter = { dataIncludes: ["rare"] };
      const step = await counted.scan({ now: NOW, limit: 10, filter, ...(cursor && { cursor }) });
      expect(step.records).toEqual([]);
      steps.push(looks - before);
      ({ cursor } = step);
    } while (cursor);
    isOver = true;
    expect(steps).toEqual([500, 500, 500, 500, 500, 0]);
    expect(turns).toBeGreaterThanOrEqual(steps.length);

    looks = 0;
    const [from = 0, before = 0] = [records[1_300]?.createdAt, records[1_303]?.createdAt];
    const range = records.slice(1_300, 1_303).toReversed();
    expect(await scanAll(counted, { createdAt: { from, before } })).toEqual(range);
    expect(looks).toBe(3);
    // A caller may pass no real times.
    const all = { from: Number.NEGATIVE_INFINITY, before: Number.POSITIVE_INFINITY };
    expect(await scanAll(counted, { createdAt: all })).toHaveLength(2_500);
  });

  it("deleteTombstones removes more tombstones than one transaction does", async () => {
    const store = await file.store({}, root);
    const records = Array.from({ length: 2_100 }, () => createRecord());
    await Promise.all(records.map((each) => store.create(each, { now: NOW })));
    await store.deleteByUserKey("ann", { ...END, tombstones: { keepFor: 1_000, max: 5_000 } });
    expect(await store.deleteTombstones("ann")).toBe(2_100);
    for (const part of ["by_id", "by_user", "by_deadline"]) expect(database(part).getCount()).toBe(0);
  });
});

describe("transactions of lmdbStore", () => {
  it("a failing operation writes nothing and does not undo other operations in the same commit", async () => {
    const store = await file.store({}, root);
    const [kept, ended, other] = [createRecord(), createRecord(), createRecord()];
    for (const each of [kept, ended]) await store.create(each, { now: NOW });
    // The last write of a removal fails.
    const broken = await file.store({}, changedRoot(root, "sessionup_by_deadline", { broken: true }));
    const failing = expect(broken.deleteById(ended.id, END)).rejects.toThrow("no room");
    // Operations of one event-loop turn share a commit.
    await Promise.all([failing, store.create(other, { now: NOW })]);
    expect(await store.fetchByUserKey("ann", PAGE)).toEqual([other, ended, kept]);
    expect(database("by_id").getCount()).toBe(3);
    expect(database("by_deadline").getCount()).toBe(3);
  });

  it("a write inside the app's transaction is rejected, because a rollback would undo it", async () => {
    const store = await file.store({}, root);
    const [own, other] = [createRecord(), createRecord()];
    await store.create(own, { now: NOW });
    let written: Promise<unknown> | undefined;
    root.transactionSync(() => {
      written = store.deleteById(own.id, END);
      return ABORT;
    });
    await expect(written).rejects.toThrow(
      "lmdbStore: do not call the store inside a transaction of the app.",
    );
    // The store waits for an asynchronous transaction of the app.
    let aborted = false;
    const apps = root.childTransaction(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      aborted = true;
      return ABORT;
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await store.create(other, { now: NOW });
    expect(aborted).toBe(true);
    await apps;
    expect(await store.fetchByUserKey("ann", PAGE)).toEqual([other, own]);
  });
});

describe("lmdbStore with many sessions of one user", () => {
  const stored = async (count: number) => {
    const store = await file.store({ timeout: "30s" }, root);
    for (let first = 0; first < count; first += 1_000) {
      const records = Array.from({ length: Math.min(1_000, count - first) }, () => createRecord());
      await Promise.all(records.map((each) => store.create(each, { now: NOW })));
    }
    return store;
  };

  it("deleteByUserKey ends up to a thousand sessions in one atomic step", async () => {
    const store = await stored(1_000);
    const seen = new Set<number>();
    let ending = true;
    const look = async () => {
      while (ending) {
        seen.add((await store.fetchByUserKey("ann", PAGE)).length);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const looking = look();
    const ended = await store.deleteByUserKey("ann", END);
    ending = false;
    await looking;
    expect(ended).toHaveLength(1_000);
    expect([...seen].filter((count) => count !== 0 && count !== 1_000)).toEqual([]);
  });

  it("deleteByUserKey does not block the event loop while thousands of sessions end or become tombstones", async () => {
    const store = await stored(5_500);
    const kept = createRecord();
    await store.create(kept, { now: NOW });
    for (const tombstones of [undefined, { keepFor: 1_000, max: 10_000 }]) {
      let turns = 0;
      const turn = setInterval(() => turns++, 0);
      const end = { ...END, ...(tombstones && { tombstones }) };
      const ended = await store.deleteByUserKey("ann", end, [kept.id]);
      clearInterval(turn);
      expect(new Set(ended).size).toBe(5_500);
      expect(turns).toBeGreaterThanOrEqual(5);
      expect(await store.fetchByUserKey("ann", PAGE)).toEqual([kept]);
      if (!tombstones) await stored(5_500);
    }
    let removed = 0;
    for (;;) {
      const count = await store.deleteExpired(NOW + 1_000, 1_000);
      removed += count;
      if (count < 1_000) break;
    }
    expect(removed).toBe(5_500);
    for (const part of ["by_id", "by_user", "by_deadline"]) expect(database(part).getCount()).toBe(1);
  });
});

describe("tombstones of lmdbStore", () => {
  it("are stored under keys that logins and lists do not read", async () => {
    const store = await file.store({}, root);
    const limit = { max: 5, onExceed: "evict-oldest" } as const;
    const tombstones = { keepFor: 1_000, max: 100 };
    for (let count = 0; count < 150; count++)
      await store.create(createRecord({ link: "idp" }), { now: NOW, limit, tombstones });
    root.resetReadTxn();
    const firstBytes = [...database("by_user").getKeys()].map((key) => (key as Uint8Array)[0]);
    expect(firstBytes.filter((byte) => byte !== 255)).toHaveLength(5);
    expect(firstBytes.filter((byte) => byte === 255)).toHaveLength(100);
    expect(database("by_link").getCount()).toBe(5);
    expect(await store.fetchByUserKey("ann", { now: NOW, limit: 1_000 })).toHaveLength(5);
    await store.deleteExpired(NOW + 1_000, 1_000);
    root.resetReadTxn();
    expect(database("by_user").getCount()).toBe(5);
  });
});

describe("the cleanup of lmdbStore", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  const dead = () => createRecord({ expiresAt: NOW + 1, deadline: NOW + 1 });
  const count = () => database("by_id").getCount();
  /** Advances the time and waits until the sweeps that began meanwhile have finished. */
  const pass = async (milliseconds: number, roots: readonly RootDatabase[] = [root]) => {
    for (let passed = 0; passed < milliseconds; passed += 10_000) {
      vi.advanceTimersByTime(Math.min(10_000, milliseconds - passed));
      // Transactions run in the order in which they were requested, and timers in the order in which they are due.
      // A sweep here consists of a claim and three batches with pauses between them.
      for (let step = 0; step < 6; step++) {
        for (const each of roots) await each.transaction(() => new Promise(setImmediate));
        await new Promise((resolve) => setTimeout(resolve, DATABASE_CLEANUP.pause + 1));
      }
    }
    root.resetReadTxn();
  };

  it("removes 450 expired sessions a minute after their end and keeps live ones", async () => {
    const store = await file.store({}, root);
    for (let some = 0; some < 450; some++) await store.create(dead(), { now: NOW });
    await store.create(createRecord(), { now: NOW });
    await pass(60_000);
    expect(count()).toBe(451);
    await pass(61_000);
    expect(count()).toBe(1);
    await store.close();
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("runs in one store of the process at a time", async () => {
    const roots = [root, file.open()] as const;
    const [store, other] = [await file.store({}, roots[0]), await file.store({}, roots[1])];
    await store.create(dead(), { now: NOW });
    await pass(20_000, roots);
    await other.create(createRecord(), { now: NOW + 20_000 });
    await pass(101_000, roots);
    expect(count()).toBe(1);
    // The first store swept a moment ago, so the second store skips its turn.
    await other.create(dead(), { now: NOW + 20_000 });
    await pass(20_000, roots);
    expect(count()).toBe(2);
    await pass(40_000, roots);
    expect(count()).toBe(1);
    for (const each of [store, other]) await each.close();
  });

  it.each([0, 1, 2])(
    "stops without an error when the store closes %i transactions after the sweep began",
    async (transactions) => {
      const errors: unknown[] = [];
      const store = await file.store({ onCleanupError: (error) => errors.push(error) }, root);
      await Promise.all(Array.from({ length: 900 }, () => store.create(dead(), { now: NOW })));
      await pass(110_000);
      vi.advanceTimersByTime(10_000);
      for (let step = 0; step < transactions; step++) await root.transaction(() => step);
      await store.close();
      await root.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(errors).toEqual([]);
      const { length } = await (await file.store()).fetchByUserKey("ann", { now: NOW, limit: 1_000 });
      expect(length).toBeGreaterThanOrEqual(900 - 200 * transactions);
    },
  );

  it("reports a failed sweep to onCleanupError and retries", async () => {
    const errors: unknown[] = [];
    let broken = true;
    const breakable = Object.assign(Object.create(root), {
      transaction: (work: () => unknown) => {
        if (broken) throw new Error("no room");
        return root.transaction(work);
      },
    });
    await (await file.store({}, root)).create(dead(), { now: NOW });
    const store = await file.store({ onCleanupError: (error) => errors.push(error) }, breakable);
    await expect(store.create(createRecord(), { now: NOW })).rejects.toThrow("no room");
    await pass(121_000);
    expect(String(errors[0])).toBe("Error: no room");
    broken = false;
    await pass(60_000);
    expect(count()).toBe(0);
    await store.close();
  });
});

describe("lmdbStore", () => {
  const path = "sessions.lmdb";
  it.each<[what: string, make: () => Promise<unknown>, message: string]>([
    ["an open root as open", () => lmdbStore(root as never, { path }), "open must be the function open"],
    [
      "undefined as open",
      () => lmdbStore(undefined as never, { path }),
      "open must be the function open of the package lmdb",
    ],
    ["no options", () => lmdbStore(open, undefined as never), "The options of lmdbStore must be an object"],
    ["no path", () => lmdbStore(open, {} as never), "path must be a file name with an extension"],
    [
      "a path without an extension",
      () => lmdbStore(open, { path: "sessions" }),
      "path must be a file name with an extension",
    ],
    [
      "an empty name",
      () => lmdbStore(open, { path, name: "" }),
      "name must be text of 1 to 100 characters without NUL.",
    ],
    [
      "a number as timeout",
      () => lmdbStore(open, { path, timeout: 5 as never }),
      "timeout must be a duration",
    ],
    ["a number as cleanupEvery", () => lmdbStore(open, { path, cleanupEvery: 5 as never }), "cleanupEvery"],
    [
      "a number as onCleanupError",
      () => lmdbStore(open, { path, onCleanupError: 5 as never }),
      "onCleanupError must be a function",
    ],
    ["a misspelt option", () => lmdbStore(open, { path, nam: "x" } as never), "nam"],
    [
      "an open that does not return a root",
      () => lmdbStore(() => ({}) as never, { path: file.path }),
      "open must return the root database",
    ],
  ])("rejects %s with a TypeError", async (_what, make, message) => {
    const making = make();
    await expect(making).rejects.toThrow(TypeError);
    await expect(making).rejects.toThrow(message);
    expect(existsSync(path)).toBe(false);
  });

  it("rejects useWritemap, which cannot undo a write, and releases the file", async () => {
    await root.close();
    await expect(file.store({}, file.open({ useWritemap: true }))).rejects.toThrow(
      "useWritemap must not be set",
    );
    expect(await (await file.otherProcess()).ask("fetchById", "x")).toBeUndefined();
  });
});
