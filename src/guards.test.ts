import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../test/support/browser.ts";
import { GatedStore } from "../test/support/gated-store.ts";
import { type AuthOptions, Manager, type ManagerOptions } from "./index.ts";
import { TestClock } from "./testing/test-clock.ts";

async function setUp(options: ManagerOptions = {}) {
  const clock = new TestClock();
  const store = new GatedStore();
  const manager = new Manager(store, { clock: clock.now, idleTimeout: "30m", ...options });
  const sessions = testSessions(manager);
  const browser = new Browser();
  await browser.visit((request) => sessions.init(request, "ann"));
  const lastSeenAt = async () => (await manager.fetchByUserKey("ann"))[0]?.lastSeenAt.getTime();
  return { clock, store, manager, sessions, browser, lastSeenAt };
}

describe("the options of auth and public", () => {
  it.each([
    [{ touch: 1 }, /^auth\.touch: needs true or false/],
    [{ maxAuthAge: 600 }, /^auth\.maxAuthAge: needs a whole number above zero and "s"/],
    [{ maxAge: "10m" }, /^auth: no option "maxAge"; there are touch, maxAuthAge/],
    [null, /^auth: needs an object/],
  ])("are checked when the middleware is made: %j", async (options, message) => {
    const { sessions } = await setUp();
    expect(() => sessions.guards.auth(options as unknown as AuthOptions)).toThrow(message);
    expect(() => sessions.guards.auth(options as unknown as AuthOptions)).toThrow(TypeError);
  });

  it("are no others for public", async () => {
    const { sessions } = await setUp();
    const options = { maxAuthAge: "10m" } as object;
    expect(() => sessions.guards.public(options)).toThrow(/^public: no option "maxAuthAge"; there are touch/);
  });
});

describe("touch", () => {
  it("ASVS 7.3.1: keeps no idle session alive where it is false", async () => {
    const { clock, sessions, browser, lastSeenAt } = await setUp();
    const begun = clock.now();
    const polls = [sessions.guards.auth({ touch: false }), sessions.guards.public({ touch: false })];
    for (let minute = 5; minute < 30; minute += 5) {
      clock.advance("5m");
      for (const poll of polls) expect(await browser.visit(poll)).toBeUndefined();
    }
    expect(await lastSeenAt()).toBe(begun);
    clock.advance("5m");
    expect(await browser.visit(sessions.guards.auth({ touch: false }))).toMatchObject({ reason: "idle" });
  });

  it("counts where any middleware of the request says so, in whatever order", async () => {
    const { clock, sessions, browser, lastSeenAt } = await setUp();
    const [quiet, counted] = [sessions.guards.public({ touch: false }), sessions.guards.auth()];
    for (const guards of [
      [quiet, counted],
      [counted, quiet],
    ]) {
      clock.advance("5m");
      const request = browser.request();
      for (const guard of guards) expect(await guard(request)).toBeUndefined();
      expect(await lastSeenAt()).toBe(clock.now());
      expect(sessions.current(request)?.lastSeenAt.getTime()).toBe(clock.now());
    }
  });

  it("costs no second look at a session that is known", async () => {
    const { clock, store, sessions, browser } = await setUp();
    clock.advance("5m");
    store.calls.length = 0;
    const request = browser.request();
    for (const guard of [sessions.guards.public(), sessions.guards.auth(), sessions.guards.auth()])
      expect(await guard(request)).toBeUndefined();
    expect(store.calls).toEqual(["fetchById", "update"]);
  });

  it("tells who is out between two of a request's middlewares", async () => {
    const { clock, manager, sessions, browser } = await setUp();
    clock.advance("5m");
    const request = browser.request();
    await sessions.guards.public({ touch: false })(request);
    await manager.revokeByUserKey("ann");
    expect(await sessions.guards.auth()(request)).toMatchObject({ reason: "revoked" });
    expect(sessions.current(request)).toBeUndefined();
  });

  it.each([
    ["sec-purpose", "prefetch"],
    ["sec-purpose", "prefetch;prerender"],
    ["sec-purpose", "prefetch;anonymous-client-ip"],
    ["purpose", "prefetch"],
  ])("ASVS 7.3.1: is no browser's that fetches ahead: %s: %s", async (name, value) => {
    const { clock, sessions, browser, lastSeenAt } = await setUp();
    const begun = clock.now();
    clock.advance("5m");
    browser.headers = { [name]: value };
    for (const guard of [sessions.guards.auth(), sessions.guards.public()])
      expect(await browser.visit(guard)).toBeUndefined();
    await browser.visit(sessions.get);
    expect(await lastSeenAt()).toBe(begun);
    browser.headers = { [name]: "" };
    await browser.visit(sessions.guards.auth());
    expect(await lastSeenAt()).toBe(clock.now());
  });
});

describe("maxAuthAge", () => {
  it("ASVS 7.5.1: refuses a proof that is older, to the millisecond, and lets the session live", async () => {
    const { clock, sessions, browser } = await setUp();
    const fresh = sessions.guards.auth({ maxAuthAge: "10m" });
    const begun = clock.now();
    clock.set(begun + 600_000);
    expect(await browser.visit(fresh)).toBeUndefined();
    clock.set(begun + 600_001);
    expect(await browser.visit(fresh)).toMatchObject({ status: 401, reason: "stale_authentication" });
    expect(await browser.visit(sessions.guards.auth())).toBeUndefined();
    await browser.visit(sessions.reauthenticate);
    expect(await browser.visit(fresh)).toBeUndefined();
  });

  it("is asked for behind other middleware too, and tells of what it refuses", async () => {
    const { clock, manager, sessions, browser } = await setUp();
    const told: string[] = [];
    manager.events.on("rejected", ({ reason }) => told.push(reason));
    clock.advance("11m");
    const request = browser.request();
    expect(await sessions.guards.auth()(request)).toBeUndefined();
    const refused = await sessions.guards.auth({ maxAuthAge: "10m" })(request);
    expect([refused?.reason, told]).toEqual(["stale_authentication", ["stale_authentication"]]);
    expect(sessions.current(request)?.userKey).toBe("ann");
  });

  it("ASVS 7.2.4: is never met by the old secret of a session that has proved it since", async () => {
    const { clock, sessions, browser } = await setUp();
    const fresh = sessions.guards.auth({ maxAuthAge: "10m" });
    clock.advance("11m");
    const old = browser.request();
    await browser.visit(sessions.reauthenticate);
    expect(await fresh(old)).toMatchObject({ reason: "stale_authentication" });
    expect(await browser.visit(fresh)).toBeUndefined();
  });
});
