import { describe, expect, it } from "vitest";
import { Browser, TestRequest } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";

function setUp() {
  const harness = createHarness({ rotateEvery: "5m" });
  const rotated: string[] = [];
  harness.manager.events.on("rotated", ({ id }) => rotated.push(id));
  return { ...harness, rotated, browser: new Browser() };
}

describe("rotation by time", () => {
  it("sends a new secret when it is due, which counts when it comes back, in one write each", async () => {
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
    expect(rotated).toEqual([first?.split(".")[0]]);
    store.calls.length = 0;
    await browser.visit(sessions.authorize);
    expect(store.calls).toEqual(["fetchById"]);
  });

  it.each<
    [string, (sessions: ReturnType<typeof setUp>["sessions"], request: TestRequest) => Promise<unknown>]
  >([
    ["what is public", (sessions, request) => sessions.get(request)],
    [
      "what is fetched ahead",
      (sessions, request) =>
        sessions.authorize(new TestRequest({ ...request.headers, "sec-purpose": "prefetch" }, "GET")),
    ],
    [
      "an upgrade",
      (sessions, request) =>
        sessions.authorize(new TestRequest({ ...request.headers, upgrade: "websocket" })),
    ],
    [
      "a response that is on its way",
      (sessions, request) => {
        request.sent = true;
        return sessions.authorize(request);
      },
    ],
  ])("sends none with %s", async (_what, use) => {
    const { clock, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("1h");
    const request = browser.request();
    await use(sessions, request);
    expect(request.cookies).toEqual([]);
    // Nor was one made that nobody has.
    await browser.visit(sessions.authorize);
    expect(browser.request().headers.cookie).not.toBe(request.headers.cookie);
  });

  it("sends one to whom a middleware before has let in, and no second one with the next", async () => {
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

  it("sends one cookie to two requests at the same time: who is not first to write has none", async () => {
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

  it("lets in and sends nothing when the store fails to write", async () => {
    const { clock, store, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    store.fail("update");
    const request = browser.request();
    expect(await sessions.authorize(request)).toBeUndefined();
    expect(request.cookies).toEqual([]);
  });

  it("never revives a session that ends before the write, and clears its cookie", async () => {
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

  it("lets requests under way in with the old secret for 30 seconds, and takes it for stolen after that", async () => {
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

  it("counts anew when the client presents a secret that it was sent", async () => {
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

  it("keeps the kind of the cookie, and its end", async () => {
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

  it("sends none to the holder of a retired secret, though one be due", async () => {
    const { clock, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    const slow = browser.request();
    await browser.visit(sessions.authorize);
    // It comes back much later, to a public page, which sends none.
    clock.advance("20m");
    await browser.visit(sessions.get);
    expect(await sessions.authorize(slow)).toBeUndefined();
    expect(slow.cookies).toEqual([]);
    const current = browser.request();
    expect(await sessions.authorize(current)).toBeUndefined();
    expect(current.cookies).toHaveLength(1);
  });

  it("knows what it has written: a change in the same request is one write more", async () => {
    const { clock, store, sessions, browser } = setUp();
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("5m");
    store.calls.length = 0;
    const request = browser.request();
    await sessions.authorize(request);
    await sessions.rotate(request);
    expect(store.calls).toEqual(["fetchById", "update", "update"]);
  });

  it("can be followed by a rotation at the app's bidding, though its own write failed", async () => {
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
