import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import { shardOf } from "../cookie/shard.ts";
import { SessionError } from "../errors.ts";
import { Manager, type Store } from "../index.ts";
import { typed } from "../standard-schema.ts";
import { TestClock } from "../testing/test-clock.ts";
import { getLifecycle } from "./lifecycle.ts";
import { STORE_METHODS } from "./repository.ts";

describe("a store", () => {
  it.each(STORE_METHODS)("without %s is rejected, with the name of the method", (method) => {
    const store = { ...new GatedStore(), [method]: undefined };
    expect(() => new Manager(store as unknown as Store)).toThrow(
      new TypeError(`store must have the method ${method}, as memoryStore() does.`),
    );
  });
});

describe("insert", () => {
  it("prefixes every id with the shard of the user key", async () => {
    const { sessions } = createHarness();
    const { id } = await sessions.init(new TestRequest(), "ann");
    expect(id.slice(0, 2)).toBe(shardOf("ann"));
    let count = 0;
    const custom = createHarness({ generateId: () => `custom${String(count++).padStart(14, "0")}` });
    expect((await custom.sessions.init(new TestRequest(), "ann")).id).toBe(
      `${shardOf("ann")}custom00000000000002`,
    );
  });

  it("tries another id after a duplicate, at most five times", async () => {
    const texts = ["a", "b", "c", "c", "c", "d"].map((letter) => letter.repeat(20));
    const { sessions, manager } = createHarness({ generateId: () => texts.shift() ?? "c".repeat(20) });
    await sessions.init(new TestRequest(), "ann");
    const second = await sessions.init(new TestRequest(), "ann");
    expect(second.id.slice(2)).toBe("d".repeat(20));
    await expect(sessions.init(new TestRequest(), "ann")).rejects.toMatchObject({ code: "ERR_DUPLICATE_ID" });
    expect(await manager.fetchByUserKey("ann")).toHaveLength(2);
  });
});

describe("ended", () => {
  it("names the user, the system or a rule as the party, by the reason", async () => {
    const { sessions, manager, login, record } = createHarness({
      maxSessions: { max: 1, onExceed: "evict-oldest" },
    });
    const ended = record("ended");
    const browser = new Browser();
    await login(browser);
    await browser.visit((request) => sessions.revoke(request));
    await login(new Browser());
    await login(new Browser());
    await manager.revokeByUserKey("ann");
    expect(ended.map(({ reason, by }) => [reason, by])).toEqual([
      ["logout", { kind: "user", id: "ann" }],
      ["evicted", { kind: "policy" }],
      ["revoked", { kind: "system" }],
    ]);
  });

  it("does not report the replaced session if another step has ended it", async () => {
    const { login, store, record } = createHarness();
    const browser = new Browser();
    await login(browser);
    const ended = record("ended");
    const { create } = store;
    store.create = async (draft, options) => ({ ...(await create(draft, options)), replaced: false });
    await login(browser);
    expect(ended).toEqual([]);
  });

  it("has no user key if the store does not know the user of an expired session any more", () => {
    let report: Parameters<NonNullable<Store["onExpired"]>>[0] = () => undefined;
    const store = Object.assign(new GatedStore(), {
      onExpired: (listener: typeof report) => {
        report = listener;
        return () => undefined;
      },
    });
    const manager = new Manager(store);
    const ended: unknown[] = [];
    manager.events.on("ended", (event) => ended.push(event));
    report([{ id: "a", expiresAt: 1, deadline: 2 }]);
    expect(ended).toEqual([{ ids: ["a"], reason: "idle", at: 1, by: { kind: "policy" } }]);
  });
});

describe("change", () => {
  function setUpCount() {
    const [clock, store, browser] = [new TestClock(), new GatedStore(), new Browser()];
    const options = { clock: clock.now, meta: typed<number>() };
    const sessions = testSessions(new Manager(store, options));
    const login = () => browser.visit((request) => sessions.init(request, "ann", { meta: 0 }));
    return { clock, store, browser, sessions, login };
  }

  it("needs no second read for two changes in one request", async () => {
    const { store, browser, sessions, login } = setUpCount();
    await login();
    store.calls.length = 0;
    const request = browser.request();
    await sessions.updateMeta(request, (count) => count + 1);
    expect((await sessions.updateMeta(request, (count) => count + 1))?.meta).toBe(2);
    expect(store.calls).toEqual(["fetchById", "update", "update"]);
  });

  it("writes nothing when the data stays the same", async () => {
    const { store, browser, sessions, login } = setUpCount();
    await login();
    const slow = browser.request();
    await browser.visit(sessions.rotate);
    store.calls.length = 0;
    // The holder of a retired secret gets no new one.
    await sessions.rotate(slow);
    expect([store.calls, slow.cookies]).toEqual([["fetchById"], []]);
  });

  it("rejects with the reason of a session that ends meanwhile", async () => {
    const { clock, browser, sessions, login } = setUpCount();
    await login();
    const attempt = browser.visit((request) =>
      sessions.updateMeta(request, (count) => {
        clock.advance("24h");
        return count + 1;
      }),
    );
    await expect(attempt).rejects.toMatchObject({ code: "ERR_UNAUTHORIZED", reason: "expired" });
  });

  it("gives up with ERR_STORE after a thousand changes by others", async () => {
    const { clock, store, browser, sessions, login } = setUpCount();
    const { id } = await login();
    let attempts = 0;
    const attempt = browser.visit((request) =>
      sessions.updateMeta(request, async (count) => {
        attempts++;
        const { data = { v: 1 } } = (await store.fetchById(id)) ?? {};
        await store.update(id, { data }, { now: clock.now() });
        return count + 1;
      }),
    );
    await expect(attempt).rejects.toMatchObject({
      code: "ERR_STORE",
      message: "Another client always changed the session first.",
    });
    expect(attempts).toBe(1_000);
  });
});

describe("maxSessions", () => {
  it("evicts the oldest session beyond the limit, and emits evicted", async () => {
    const { login, reason, events, clock } = createHarness({
      maxSessions: { max: 2, onExceed: "evict-oldest" },
    });
    const browsers = [new Browser(), new Browser(), new Browser()];
    const ids: string[] = [];
    for (const browser of browsers) {
      ids.push((await login(browser)).id);
      clock.advance("1s");
    }
    expect(await Promise.all(browsers.map(reason))).toEqual(["unknown", undefined, undefined]);
    expect(events).toContainEqual([
      "ended",
      expect.objectContaining({ ids: [ids[0]], reason: "evicted", userKey: "ann" }),
    ]);
  });

  it('onExceed: "reject" rejects a login beyond the limit, and sends no cookie', async () => {
    const { login, reason, sessions } = createHarness({ maxSessions: { max: 1, onExceed: "reject" } });
    const [first, second] = [new Browser(), new Browser()];
    await login(first);
    const request = second.request();
    await expect(sessions.init(request, "ann")).rejects.toMatchObject({ code: "ERR_LIMIT" });
    expect(request.cookies).toEqual([]);
    // The browser's own session makes room for the new one.
    await login(first);
    expect(await reason(first)).toBeUndefined();
  });

  it('onExceed: "reject" asks the store once when no session can make room', async () => {
    const { login, store } = createHarness({ maxSessions: { max: 1, onExceed: "reject" } });
    await login(new Browser());
    store.calls.length = 0;
    await expect(login(new Browser())).rejects.toMatchObject({ code: "ERR_LIMIT" });
    expect(store.calls).toEqual(["create", "fetchByUserKey"]);
  });

  it("holds for 50 concurrent logins", async () => {
    const { manager, login } = createHarness({ maxSessions: { max: 5, onExceed: "evict-oldest" } });
    await Promise.all(Array.from({ length: 50 }, () => login(new Browser())));
    expect(await manager.fetchByUserKey("ann")).toHaveLength(5);
  });
});

describe("ids of sessions", () => {
  it("are not found when they are impossible", async () => {
    const { repository } = getLifecycle(createHarness().manager);
    expect(await repository.endById("x", "revoked")).toBe("not_found");
  });

  it("are not looked up in the store when they are impossible", async () => {
    const { login, sessions, manager, store } = createHarness();
    const browser = new Browser();
    await login(browser);
    store.calls.length = 0;
    for (const id of ["", "x", "../../etc", "*", `${"a".repeat(21)}é`]) {
      expect(await browser.visit((request) => sessions.revokeOwn(request, id))).toBe(false);
      expect(await manager.revokeById(id)).toBe(false);
    }
    expect(new Set(store.calls)).toEqual(new Set(["fetchById"]));
    await expect(browser.visit((request) => sessions.revokeOwn(request, 5 as never))).rejects.toThrow(
      TypeError,
    );
    await expect(manager.revokeById(5 as never)).rejects.toThrow(TypeError);
  });
});

describe("answers of the store", () => {
  it("a login beyond the limit and a taken id emit no error", async () => {
    const ids = ["a".repeat(20), "b".repeat(20), "c".repeat(20), "c".repeat(20), "d".repeat(20)];
    const { login, events } = createHarness({
      maxSessions: { max: 2, onExceed: "reject" },
      generateId: () => ids.shift() ?? "e".repeat(20),
    });
    // The first two ids are those of the check of the generator.
    await login(new Browser());
    await login(new Browser());
    await expect(login(new Browser())).rejects.toMatchObject({ code: "ERR_LIMIT" });
    expect(ids).toEqual([]);
    expect(events.filter(([name]) => name === "error")).toEqual([]);
  });

  it.each([
    [
      "another error",
      new RangeError("connection reset"),
      "The session store failed. The cause has the store's error.",
    ],
    [
      "ERR_STORE of the store itself",
      new SessionError("ERR_STORE", "The disk is full."),
      "The disk is full.",
    ],
  ])("%s is emitted as error once, with the code ERR_STORE", async (_case, thrown, message) => {
    const { login, store, record } = createHarness();
    const errors = record("error");
    store.fail("create", thrown);
    await expect(login(new Browser())).rejects.toMatchObject({ code: "ERR_STORE", message });
    expect(errors).toEqual([
      { error: expect.objectContaining({ code: "ERR_STORE", message }), at: expect.any(Number) },
    ]);
  });
});

describe("ended", () => {
  it("is not emitted for a session that the store ended before it failed, not even by a later attempt", async () => {
    const { login, manager, sessions, store, record, reason } = createHarness();
    const browser = new Browser();
    const { id } = await login(browser);
    const [ended, errors] = [record("ended"), record("error")];
    const { deleteById } = store;
    store.deleteById = async (...given) => {
      await deleteById(...given);
      throw new Error("timeout");
    };
    const before = browser.request().headers.cookie;
    await expect(browser.visit(sessions.revoke)).rejects.toMatchObject({ code: "ERR_STORE" });
    store.deleteById = deleteById;
    expect(browser.request().headers.cookie).toBe(before);
    expect(await reason(browser)).toBe("unknown");
    expect(await manager.revokeById(id)).toBe(false);
    expect([ended.length, errors.length]).toEqual([0, 1]);
  });

  it("has a user key only if the end names the user", async () => {
    const { login, manager, record } = createHarness();
    const { id } = await login(new Browser());
    await login(new Browser());
    const ended = record("ended");
    await manager.revokeById(id);
    await manager.revokeByUserKey("ann");
    expect(ended.map((event) => "userKey" in event)).toEqual([false, true]);
  });
});
