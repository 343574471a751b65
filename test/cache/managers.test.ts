import { Manager, type ManagerOptions } from "sessionup";
import { cached } from "sessionup/cache";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { PushedStore } from "../support/pushed-store.ts";

describe("managers over a cache", () => {
  it("an authenticated request needs no round trip, and its activity is written at close", async () => {
    let now = Date.UTC(2026, 0, 1, 12);
    const store = new PushedStore();
    const manager = new Manager(cached(store), { idleTimeout: "30m", clock: () => now });
    const sessions = testSessions(manager);
    const browser = new Browser();
    const { id } = await browser.visit((request) => sessions.init(request, "ann"));
    const visit = () => browser.visit(sessions.authorize);
    for (let count = 0; count < 2; count++) expect(await visit()).toBeUndefined();
    store.calls.length = 0;
    // The next request is activity.
    now += 60_000;
    for (let count = 0; count < 5; count++) expect(await visit()).toBeUndefined();
    expect(store.calls).toEqual([]);
    await manager.close();
    expect(await store.fetchById(id)).toMatchObject({ lastSeenAt: now, expiresAt: now + 30 * 60_000 });
  });

  it("a session that one instance ends is rejected on it at once, and on the other after its event", async () => {
    const store = memoryStore();
    const [here, there] = [0, 1].map(() => testSessions(new Manager(cached(store))));
    const browser = new Browser();
    await browser.visit(async (request) => here?.init(request, "ann"));
    for (const sessions of [here, there, here, there])
      await browser.visit(async (request) => expect(await sessions?.authorize(request)).toBeUndefined());
    const other = new Browser();
    for (const [name, value] of browser.jar) other.jar.set(name, value);
    await browser.visit(async (request) => here?.revoke(request));
    for (const sessions of [here, there])
      await other.visit(async (request) => expect(await sessions?.authorize(request)).toBe("unknown"));
  });
});

describe("cached", () => {
  it("throws a TypeError for a store without subscribe, which names the option", () => {
    const { subscribe: _, ...store } = memoryStore();
    expect(() => cached(store)).toThrow(TypeError);
    expect(() => cached(store)).toThrow(
      "cached requires a store with subscribe. Set the store's option push",
    );
    expect(() => cached(undefined as never)).toThrow(TypeError);
  });

  it.each([
    ["maxAge", 10],
    ["maxAge", "0s"],
    ["maxEntries", 0],
    ["maxEntries", 1.5],
    ["writeEvery", true],
    ["writeEvery", "25d"],
    ["onError", "log"],
    ["age", "10s"],
  ])("throws a TypeError that names the option for %s: %j", (name, value) => {
    const create = () => cached(memoryStore(), { [name]: value });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(name);
  });
});

describe("a manager whose cache is out of date", () => {
  /** Creates two managers over one store whose events do not arrive. */
  function setUp(options: ManagerOptions = {}) {
    let now = Date.UTC(2026, 0, 1, 12);
    const store = new PushedStore();
    const managers = [0, 1].map(() => new Manager(cached(store), { clock: () => now, ...options }));
    const ended: unknown[] = [];
    for (const { events } of managers) events.on("ended", (event) => ended.push(event));
    const [here, there] = managers.map((manager) => testSessions(manager));
    if (!here || !there) throw new Error("There are two managers.");
    const pass = (time: number) => {
      now += time;
    };
    return { here, there, store, ended, pass };
  }

  async function logIn({ here, there }: ReturnType<typeof setUp>): Promise<Browser> {
    const browser = new Browser();
    await browser.visit((request) => here.init(request, "ann"));
    // The first read subscribes, and the second one is kept.
    for (const sessions of [here, there, here, there])
      expect(await browser.visit(sessions.authorize)).toBeUndefined();
    return browser;
  }

  it("accepts a secret that another instance has just issued", async () => {
    const open = setUp();
    const browser = await logIn(open);
    await browser.visit((request) => open.here.rotate(request));
    expect(await browser.visit(open.there.authorize)).toBeUndefined();
    expect(open.ended).toEqual([]);
  });

  it("accepts a session whose idle timeout another instance has extended", async () => {
    const open = setUp({ idleTimeout: "30m" });
    const browser = await logIn(open);
    open.pass(29 * 60_000);
    expect(await browser.visit(open.here.authorize)).toBeUndefined();
    open.pass(2 * 60_000);
    expect(await browser.visit(open.there.authorize)).toBeUndefined();
    expect(open.ended).toEqual([]);
  });

  it("rejects and ends a session that is over, after one more read", async () => {
    const open = setUp({ idleTimeout: "30m" });
    const browser = await logIn(open);
    open.pass(30 * 60_000);
    open.store.calls.length = 0;
    expect(await browser.visit(open.there.authorize)).toBe("idle");
    expect(open.store.calls).toEqual(["fetchByIds", "deleteById"]);
    expect(open.ended).toHaveLength(1);
  });
});
