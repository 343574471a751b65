import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";
import { Manager, typed } from "../index.ts";

function setUp() {
  const harness = createHarness({ rotateEvery: "5m" });
  return { ...harness, rotated: harness.record("rotated"), browser: new Browser() };
}

describe("activity", () => {
  it("is written at most once a minute", async () => {
    const { clock, login, reason, store, sessions } = createHarness();
    const browser = new Browser();
    await login(browser);
    store.calls.length = 0;
    for (let second = 0; second < 125; second += 5) {
      clock.advance("5s");
      await reason(browser);
    }
    expect(store.calls.filter((call) => call === "update")).toHaveLength(2);
    const session = await browser.visit(sessions.get);
    expect(session?.lastSeenAt.getTime()).toBe(clock.now() - 5_000);
  });

  it("is visible to the request that causes it", async () => {
    const { clock, login, sessions } = createHarness({ idleTimeout: "30m" });
    const browser = new Browser();
    await login(browser);
    clock.advance("2m");
    const session = await browser.visit(sessions.get);
    expect(session?.lastSeenAt.getTime()).toBe(clock.now());
    expect(session?.expiresAt.getTime()).toBe(clock.now() + 30 * 60_000);
  });

  it("is recorded for GET without prefetch headers", async () => {
    const { clock, login, sessions } = createHarness();
    const browser = new Browser();
    await login(browser);
    clock.advance("2m");
    const session = await browser.visit(sessions.get, "GET");
    expect(session?.lastSeenAt.getTime()).toBe(clock.now());
  });

  it("does not raise the revision", async () => {
    const { clock, login, sessions, store } = createHarness();
    const browser = new Browser();
    const { id } = await login(browser);
    clock.advance("2m");
    await browser.visit(sessions.get);
    expect(await store.fetchById(id)).toMatchObject({ revision: 0, lastSeenAt: clock.now() });
  });

  it("recorded by a later middleware keeps the metadata", async () => {
    const { clock, store } = createHarness();
    const manager = new Manager(store, { clock: clock.now, meta: typed<{ theme: string }>() });
    const sessions = testSessions(manager);
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { theme: "dark" } }));
    clock.advance("2m");
    const request = browser.request();
    await sessions.guards.public({ touch: false })(request);
    await sessions.guards.auth()(request);
    expect(sessions.require(request).meta).toEqual({ theme: "dark" });
    expect(sessions.require(request).lastSeenAt.getTime()).toBe(clock.now());
  });

  it("does not revive a session that ends between the read and the write", async () => {
    const { clock, login, store, sessions, manager } = createHarness();
    const browser = new Browser();
    await login(browser);
    clock.advance("2m");
    const gate = store.hold("update");
    const request = browser.request();
    const late = sessions.authorize(request);
    await gate.arrived;
    await manager.revokeByUserKey("ann");
    gate.open();
    expect(await late).toBe("revoked");
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    expect(request.cookies[0]?.maxAge).toBe(0);
  });

  it("is dropped when a concurrent change came first", async () => {
    const { clock, login, store, sessions, events } = createHarness();
    const browser = new Browser();
    const { id } = await login(browser);
    const born = clock.now();
    clock.advance("2m");
    const gate = store.hold("update");
    const late = browser.visit((request) => sessions.authorize(request));
    await gate.arrived;
    const record = await store.fetchById(id);
    if (record) await store.update(id, { data: record.data }, { now: clock.now() });
    gate.open();
    expect(await late).toBeUndefined();
    expect(events.filter(([name]) => name === "error")).toEqual([]);
    expect(await store.fetchById(id)).toMatchObject({ revision: 1, lastSeenAt: born });
  });

  it("is dropped when the store fails, which is emitted as error", async () => {
    const { clock, login, store, reason, events } = createHarness();
    const browser = new Browser();
    await login(browser);
    clock.advance("2m");
    store.fail("update");
    expect(await reason(browser)).toBeUndefined();
    expect(events.at(-1)).toMatchObject([
      "error",
      { error: { code: "ERR_STORE", cause: Error("connection reset") } },
    ]);
  });
});

describe("rotation by time", () => {
  it("sends a due secret, which becomes current when it returns, in one write each", async () => {
    const { clock, store, sessions, rotated, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    const [first] = browser.jar.values();
    clock.advance("4m");
    await browser.visit(sessions.authorize);
    expect([...browser.jar.values()]).toEqual([first]);
    clock.advance("1m");
    store.calls.length = 0;
    await browser.visit(sessions.authorize);
    expect(store.calls).toEqual(["fetchById", "update"]);
    expect(rotated).toEqual([]);
    const [second] = browser.jar.values();
    expect(second).not.toBe(first);
    expect(second?.split(".")[0]).toBe(first?.split(".")[0]);
    store.calls.length = 0;
    await browser.visit(sessions.authorize);
    expect(store.calls).toEqual(["fetchById", "update"]);
    expect(rotated.map(({ id, cause }) => [id, cause])).toEqual([[first?.split(".")[0], "time"]]);
    store.calls.length = 0;
    await browser.visit(sessions.authorize);
    expect(store.calls).toEqual(["fetchById"]);
  });

  it("makes a returned secret current, so that rotate replaces it in the same request", async () => {
    const { clock, sessions, rotated, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    await browser.visit(sessions.authorize);
    await browser.visit(async (request) => {
      await sessions.authorize(request);
      await sessions.rotate(request);
    });
    expect(rotated.map(({ cause }) => cause)).toEqual(["time", "rotate"]);
  });

  it.each<
    [string, (sessions: ReturnType<typeof setUp>["sessions"], request: TestRequest) => Promise<unknown>]
  >([
    ["a public route", (sessions, request) => sessions.get(request)],
    [
      "a prefetch",
      (sessions, request) =>
        sessions.authorize(new TestRequest({ ...request.headers, "sec-purpose": "prefetch" }, "GET")),
    ],
    [
      "an upgrade",
      (sessions, request) =>
        sessions.authorize(new TestRequest({ ...request.headers, upgrade: "websocket" })),
    ],
    [
      "a response that has been sent",
      (sessions, request) => {
        request.sent = true;
        return sessions.authorize(request);
      },
    ],
  ])("sends no secret with %s", async (_what, use) => {
    const { clock, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("1h");
    const request = browser.request();
    await use(sessions, request);
    expect(request.cookies).toEqual([]);
    // An unsent secret would have been created in vain: the next request must receive one.
    await browser.visit(sessions.authorize);
    expect(browser.request().headers.cookie).not.toBe(request.headers.cookie);
  });

  it("sends a due secret from a later middleware, and none from the one after it", async () => {
    const { clock, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    const request = browser.request();
    await sessions.get(request);
    expect(request.cookies).toEqual([]);
    expect(await sessions.authorize(request)).toBeUndefined();
    expect(request.cookies).toHaveLength(1);
    const [cookie] = request.cookies;
    expect(await sessions.authorize(request)).toBeUndefined();
    expect(request.cookies).toEqual([cookie]);
  });

  it("sends a secret to the first of two concurrent requests only", async () => {
    const { clock, store, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    const gates = [store.hold("update"), store.hold("update")];
    const [one, two] = [browser.request(), browser.request()];
    const both = [sessions.authorize(one), sessions.authorize(two)];
    await Promise.all(gates.map(({ arrived }) => arrived));
    for (const gate of gates) gate.open();
    expect(await Promise.all(both)).toEqual([undefined, undefined]);
    expect([...one.cookies, ...two.cookies]).toHaveLength(1);
  });

  it("authenticates and sends nothing when the write fails", async () => {
    const { clock, store, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    store.fail("update");
    const request = browser.request();
    expect(await sessions.authorize(request)).toBeUndefined();
    expect(request.cookies).toEqual([]);
  });

  it("does not revive a session that ends before the write, and clears its cookie", async () => {
    const { clock, store, manager, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    const gate = store.hold("update");
    const request = browser.request();
    const authorized = sessions.authorize(request);
    await gate.arrived;
    await manager.revokeByUserKey("ann");
    gate.open();
    expect(await authorized).toBe("revoked");
    expect(request.cookies).toMatchObject([{ maxAge: 0 }]);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("accepts the old secret of slow requests for 30 seconds, then ends the session as reused", async () => {
    const { clock, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    const slow = browser.request();
    await browser.visit(sessions.authorize);
    await browser.visit(sessions.authorize);
    clock.advance("29s");
    expect(await sessions.authorize(new TestRequest(slow.headers))).toBeUndefined();
    clock.advance("1s");
    expect(await sessions.authorize(new TestRequest(slow.headers))).toBe("reused");
    expect(await sessions.authorize(browser.request())).toBe("unknown");
  });

  it("issues eight secrets to a client that ignores them, and ends the session ten minutes after the last", async () => {
    const { clock, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    let issued = 0;
    for (let round = 0; round < 8; round++) {
      clock.advance("6m");
      const request = browser.request();
      expect(await sessions.authorize(request)).toBeUndefined();
      issued += request.cookies.length;
    }
    expect(issued).toBe(8);
    clock.set(clock.now() + 599_999);
    const last = browser.request();
    expect(await sessions.authorize(last)).toBeUndefined();
    expect(last.cookies).toEqual([]);
    clock.set(clock.now() + 1);
    expect(await sessions.authorize(browser.request())).toBe("reused");
    expect(await sessions.authorize(browser.request())).toBe("unknown");
  });

  it("restarts the count when the client presents a secret that it was sent", async () => {
    const { clock, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    for (let round = 0; round < 40; round++) {
      clock.advance("6m");
      const request = browser.request();
      expect(await sessions.authorize(request)).toBeUndefined();
      // Seven of eight responses are lost.
      if (round % 8 === 7) browser.receive(request);
    }
  });

  it("keeps the kind of the cookie and its expiry", async () => {
    const { clock, sessions } = setUp();
    for (const expiresIn of ["1h", undefined] as const) {
      const browser = new Browser();
      await browser.visit((request) => sessions.init(request, "ann", expiresIn ? { expiresIn } : {}));
      clock.advance("6m");
      const request = browser.request();
      await sessions.authorize(request);
      expect(request.cookies[0]?.maxAge).toBe(expiresIn && 54 * 60);
    }
  });

  it("sends no secret to the holder of a retired secret", async () => {
    const { clock, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    const slow = browser.request();
    await browser.visit(sessions.authorize);
    // The browser returns much later to a public page, which sends no secret.
    clock.advance("20m");
    await browser.visit(sessions.get);
    expect(await sessions.authorize(slow)).toBeUndefined();
    expect(slow.cookies).toEqual([]);
    const current = browser.request();
    expect(await sessions.authorize(current)).toBeUndefined();
    expect(current.cookies).toHaveLength(1);
  });

  it("knows its own write: a rotation in the same request needs one more write", async () => {
    const { clock, store, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    store.calls.length = 0;
    const request = browser.request();
    await sessions.authorize(request);
    await sessions.rotate(request);
    expect(store.calls).toEqual(["fetchById", "update", "update"]);
  });

  it("can be followed by an explicit rotation when its own write failed", async () => {
    const { clock, store, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    await browser.visit(sessions.authorize);
    store.fail("update");
    const request = browser.request();
    await sessions.authorize(request);
    await sessions.rotate(request);
    browser.receive(request);
    expect(request.cookies).toHaveLength(1);
    clock.advance("1h");
    expect(await sessions.authorize(browser.request())).toBeUndefined();
  });
});
