import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { Manager, type ManagerOptions, type SessionEvents, type Store } from "../index.ts";
import { memoryStore } from "../stores/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import {
  checkManager,
  countSessions,
  eraseUser,
  exportUser,
  forgetAddresses,
  revokeAllBefore,
  revokeWhere,
  type SessionFilter,
  scanSessions,
} from "./admin.ts";

const KEYS = ["k".repeat(32)];

function setUp(options: ManagerOptions = {}, store: Store = new GatedStore()) {
  const clock = new TestClock();
  const manager = new Manager(store, { clock: clock.now, ...options });
  const sessions = testSessions(manager);
  const ended: SessionEvents["ended"][] = [];
  manager.events.on("ended", (event) => ended.push(event));
  const login = (userKey = "ann", peer = "192.0.2.1") =>
    new Browser().visit((request) => {
      request.peer = peer;
      return sessions.init(request, userKey);
    });
  const find = async (filter: SessionFilter) =>
    (await scanSessions(manager, { filter })).sessions.map(({ id }) => id);
  return { clock, store, manager, sessions, ended, login, find };
}

describe("the conditions of a filter", () => {
  it.each<[unknown, RegExp]>([
    [{ ip: "192.0.2" }, /^filter\.ip must be an address such as "203\.0\.113\.7" or a network such as/],
    [{ ip: "192.0.2.0/33" }, /^filter\.ip must be/],
    [{ ip: "192.0.2.0/" }, /^filter\.ip must be/],
    [{ ip: "192.0.2.0/8/8" }, /^filter\.ip must be/],
    [{ ip: "2001:db8::/129" }, /^filter\.ip must be/],
    [{ ip: 7 }, /^filter\.ip must be/],
    [{ browser: "" }, /^filter\.browser must be a text of 1 to 1024 characters/],
    [{ os: "\ud800" }, /^filter\.os must be a text/],
    [{ country: 49 }, /^filter\.country must be a text/],
    [{ level: 0 }, /^filter\.level must be a positive integer/],
    [{ createdAt: new Date() }, /createdAt/],
    [{ createdAt: { form: new Date() } }, /^"form" is not an option of filter\.createdAt/],
    [{ lastSeenAt: { before: "2026" } }, /^filter\.lastSeenAt\.before must be a valid Date/],
    [{ userKey: "" }, /^filter\.userKey must not be empty/],
    [{ user: "ann" }, /^"user" is not an option of filter/],
    [undefined, /./],
  ])("%j is checked before the store is asked", async (filter, message) => {
    const { manager, store } = setUp();
    const given = filter as SessionFilter;
    if (
      filter !== undefined &&
      JSON.stringify(filter) !== "{}" &&
      !(Object(filter).createdAt instanceof Date)
    )
      await expect(scanSessions(manager, { filter: given })).rejects.toThrow(message);
    if (!(Object(filter).createdAt instanceof Date))
      await expect(revokeWhere(manager, given)).rejects.toThrow(TypeError);
    expect((store as GatedStore).calls).toEqual([]);
  });

  it("an address finds the sessions of its network where only networks are stored", async () => {
    for (const ip of ["prefix", "hash"] as const) {
      const { login, find } = setUp({ client: { ip }, keys: KEYS });
      const { id } = await login("ann", "192.0.2.1");
      const { id: six } = await login("ann", "2001:db8:1:2:3::4");
      await login("bob", "192.0.3.1");
      expect(await find({ ip: "192.0.2.99" })).toEqual([id]);
      expect(await find({ ip: "2001:db8:1:2::" })).toEqual([six]);
      expect(await find({ ip: "192.0.2.0/24" })).toEqual(ip === "prefix" ? [id] : []);
      expect(await find({ ip: "10.0.0.1" })).toEqual([]);
    }
  });

  it("a session without an address is in no network", async () => {
    const { login, find } = setUp({ client: { ip: false } });
    await login();
    expect(await find({ ip: "0.0.0.0/0" })).toEqual([]);
  });

  it("a level finds the sessions that have reached it and not lost it", async () => {
    const { clock, manager, sessions, find } = setUp();
    const browser = new Browser();
    const { id } = await browser.visit((request) => sessions.init(request, "ann", { level: 3 }));
    await new Browser().visit((request) => sessions.init(request, "ann"));
    expect(await find({ level: 2 })).toEqual([id]);
    expect(await find({ level: 4 })).toEqual([]);
    expect((await find({ level: 1 })).length).toBe(2);
    clock.advance("23h");
    expect((await scanSessions(manager)).sessions).toHaveLength(2);
  });

  it("a country is read from an object only", async () => {
    for (const geo of ["DE", null, ["DE"], { country: "FR" }, { country: ["DE"] }]) {
      const { login, find } = setUp({ client: { geo: () => geo } });
      await login();
      expect(await find({ country: "DE" })).toEqual([]);
    }
  });
});

describe("scanSessions", () => {
  it("leaves out what this manager considers over", async () => {
    const { clock, manager, login } = setUp({ idleTimeout: "10m" });
    await login();
    clock.advance("5m");
    const { id } = await login();
    clock.advance("6m");
    expect((await scanSessions(manager)).sessions.map((session) => session.id)).toEqual([id]);
  });

  it("continues at the cursor, and rejects text that is none", async () => {
    const { manager, login } = setUp();
    for (let count = 0; count < 5; count++) await login();
    const first = await scanSessions(manager, { limit: 2 });
    expect(first.sessions).toHaveLength(2);
    const rest = await scanSessions(manager, { limit: 9, ...(first.cursor && { cursor: first.cursor }) });
    expect(rest.sessions).toHaveLength(3);
    expect(rest.cursor).toBeUndefined();
    for (const cursor of ["", "\u0000", "x", 7, "1".repeat(2_000)])
      await expect(scanSessions(manager, { cursor: cursor as string })).rejects.toThrow(/cursor/);
  });

  it("wraps a failure of the store, and rejects a store without scan", async () => {
    const { store, manager } = setUp();
    (store as GatedStore).scan = async () => {
      throw new Error("connection reset");
    };
    await expect(scanSessions(manager)).rejects.toMatchObject({ code: "ERR_STORE" });
    const { scan: _, ...poor } = memoryStore();
    for (const call of [scanSessions, countSessions])
      await expect(call(new Manager(poor))).rejects.toThrow(/^\w+ requires a store with scan/);
  });
});

describe("countSessions", () => {
  it("counts by a scan where the store cannot count, and otherwise asks it", async () => {
    const { manager, login } = setUp();
    for (let count = 0; count < 3; count++) await login();
    expect(await countSessions(manager)).toEqual({ count: 3, isExact: true });
    const estimating = Object.assign(memoryStore(), { count: async () => ({ count: 7, isExact: false }) });
    expect(await countSessions(new Manager(estimating))).toEqual({ count: 7, isExact: false });
  });
});

describe("revokeWhere", () => {
  it.each([{}, { createdAt: {} }, { userKey: undefined }])(
    "rejects the filter %j, which would end every session",
    async (filter) => {
      const { manager, login } = setUp();
      await login();
      await expect(revokeWhere(manager, filter as SessionFilter)).rejects.toThrow(
        /^filter must have a condition/,
      );
      expect(await countSessions(manager)).toMatchObject({ count: 1 });
    },
  );

  it("reports progress, and keeps what has ended when the store fails midway", async () => {
    const { manager, login, store } = setUp();
    for (let count = 0; count < 3; count++) await login();
    await login("bob");
    const progress: number[] = [];
    const onProgress = (ended: number) => progress.push(ended);
    expect(await revokeWhere(manager, { userKey: "bob" }, { onProgress })).toBe(1);
    expect(progress).toEqual([1]);
    (store as GatedStore).fail("deleteById");
    await expect(revokeWhere(manager, { userKey: "ann" })).rejects.toMatchObject({ code: "ERR_STORE" });
    await expect.poll(() => countSessions(manager)).toMatchObject({ count: 1 });
  });

  it.each([
    [{ kind: "root" }, /^revokeWhere\.by\.kind must be "user", "admin", "system" or "policy"/],
    [{ id: "grace" }, /^revokeWhere\.by\.kind must be/],
    [{ kind: "admin", id: "" }, /^revokeWhere\.by\.id must not be empty/],
    ["grace", /^The options of revokeWhere\.by must be an object/],
  ])("rejects the party %j", async (by, message) => {
    const { manager } = setUp();
    await expect(revokeWhere(manager, { userKey: "ann" }, { by: by as never })).rejects.toThrow(message);
  });
});

describe("revokeAllBefore", () => {
  it("names the party, ends sessions that a fast clock considers expired, and leaves claims", async () => {
    const store = memoryStore();
    const { clock, manager, login, ended } = setUp({}, store);
    const { id } = await login();
    const check = checkManager(manager);
    clock.advance("20h");
    const fast = new Manager(store, { clock: () => clock.now() + 5 * 3_600_000 });
    expect((await check).ok).toBe(true);
    fast.events.on("ended", (event) => ended.push(event));
    const by = { kind: "admin", id: "grace" } as const;
    expect(await revokeAllBefore(fast, new Date(clock.now()), { by })).toBe(1);
    expect(ended).toMatchObject([{ ids: [id], reason: "revoked", by }]);
  });

  it("uses the store's own operation where it has one, and wraps its failure midway", async () => {
    const store = memoryStore();
    store.deleteCreatedBefore = async function* () {
      yield ["a"];
      throw new Error("connection reset");
    };
    const { manager, ended } = setUp({}, store);
    await expect(revokeAllBefore(manager, new Date())).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(ended).toMatchObject([{ ids: ["a"] }]);
  });
});

describe("the data of a user", () => {
  it("an export has the entries of the trail, and an erasure asks it last", async () => {
    const { manager, login, ended } = setUp({ tombstones: "1h" });
    await login();
    const asked: unknown[] = [];
    const trail = {
      async *readUser(userKey: string) {
        yield { userKey };
      },
      async eraseUser(userKey: string, options: object) {
        asked.push([userKey, options, ended.length]);
        return 5;
      },
    };
    expect((await exportUser(manager, "ann", { trail })).trail).toEqual([{ userKey: "ann" }]);
    expect(await eraseUser(manager, "ann", { trail, trailPolicy: "delete" })).toEqual({
      sessions: 1,
      tombstones: 1,
      trail: 5,
    });
    expect(asked).toEqual([["ann", { policy: "delete" }, 1]]);
    for (const given of [{ trail: {} }, { trailPolicy: "keep" }, { audit: trail }])
      await expect(eraseUser(manager, "ann", given as never)).rejects.toThrow(TypeError);
  });

  it("an erasure that the store interrupts can be repeated", async () => {
    const { manager, login, store } = setUp({ tombstones: "1h" });
    await login();
    (store as GatedStore).fail("deleteByUserKey");
    await expect(eraseUser(manager, "ann")).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(await eraseUser(manager, "ann")).toMatchObject({ sessions: 1, tombstones: 1 });
  });

  it("forgetAddresses changes nothing that another process changed meanwhile, and changes nothing twice", async () => {
    const { manager, login, clock } = setUp({ tombstones: "1h" });
    const { id } = await login();
    await manager.revokeById(id);
    expect(await forgetAddresses(manager, new Date(clock.now()))).toBe(0);
    expect(await forgetAddresses(manager, new Date(clock.now() + 1))).toBe(1);
    expect(await forgetAddresses(manager, new Date(clock.now() + 1))).toBe(0);
    await expect(forgetAddresses(manager, 0 as unknown as Date)).rejects.toThrow(/^endedBefore must be/);
  });
});

describe("checkManager", () => {
  it("finds no problem of a store that works, and leaves nothing behind", async () => {
    const { manager, ended } = setUp();
    expect(await checkManager(manager)).toMatchObject({ ok: true, push: "up", problems: [] });
    expect(await countSessions(manager)).toMatchObject({ count: 0 });
    expect(ended).toEqual([]);
  });

  it.each(["create", "fetchByIds", "deleteById", "subscribe"] as const)(
    "says that %s fails, and does not reject",
    async (method) => {
      const { manager, store } = setUp();
      (store as GatedStore).fail(method, new Error("connection reset"));
      const { ok, problems } = await checkManager(manager);
      expect(ok).toBe(false);
      expect(problems.join()).toMatch(/^The store failed to .*: connection reset/);
    },
  );

  it("does not wait longer than the timeout for an answer", async () => {
    const { manager, store } = setUp();
    const gate = (store as GatedStore).hold("create");
    const { ok, problems } = await checkManager(manager, { timeout: "1s" });
    expect([ok, problems[0]]).toEqual([false, "The store failed to write: no answer within 1000 ms."]);
    gate.open();
    await expect(checkManager(manager, { timeout: "0s" })).rejects.toThrow(/^checkManager\.timeout/);
  });

  it("tells old tables, another clock and the store's own warnings", async () => {
    const clock = new TestClock();
    const store = Object.assign(memoryStore(), {
      inspect: async () => ({
        clock: clock.now() + 60_000,
        schema: { found: 1, needed: 2 },
        warnings: ["The server deletes keys when its memory is full."],
      }),
    });
    const check = await checkManager(new Manager(store, { clock: clock.now }));
    expect(check).toMatchObject({ ok: false, clockSkew: 60_000, schema: { found: 1, needed: 2 } });
    expect(check.problems.join(" ")).toMatch(/differs by 60000 ms.*version 1.*needs 2.*deletes keys/);
  });

  it("a store whose tables are current is not ok if the tables of its audit trail are old", async () => {
    const store = Object.assign(memoryStore(), {
      inspect: async () => ({
        schema: { found: 4, needed: 4 },
        auditSchema: { found: 1, needed: 2 },
      }),
    });
    const { ok, auditSchema, problems } = await checkManager(new Manager(store));
    expect([ok, auditSchema]).toEqual([false, { found: 1, needed: 2 }]);
    expect(problems).toEqual([
      "The tables of the audit trail have version 1, this release needs 2. Call migrate().",
    ]);
  });

  it("a store that loses what it writes is not ok", async () => {
    const store = Object.assign(memoryStore(), { fetchByIds: async () => [undefined] });
    const { ok, problems } = await checkManager(new Manager(store));
    expect([ok, problems]).toEqual([false, ["The store does not return what it has just stored."]]);
  });
});

describe("a scan of a store in memory", () => {
  it("gives other work its turn between the steps", async () => {
    const { login, manager } = setUp();
    for (let count = 0; count < 2_500; count++) await login(`user-${count}`);
    let turns = 0;
    const timer = setInterval(() => turns++);
    expect(await countSessions(manager)).toEqual({ count: 2_500, isExact: true });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});
