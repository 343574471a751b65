import { describe, expect, it } from "vitest";
import { Browser } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";
import type { AuthOptions, ManagerOptions } from "../index.ts";

async function setUp(options: ManagerOptions = {}) {
  const harness = createHarness({ idleTimeout: "30m", ...options });
  const browser = new Browser();
  await harness.login(browser);
  const lastSeenAt = async () => (await harness.manager.fetchByUserKey("ann"))[0]?.lastSeenAt.getTime();
  return { ...harness, browser, lastSeenAt };
}

describe("the options of auth and public", () => {
  it.each([
    [{ touch: 1 }, /^auth\.touch must be true or false\. Received 1\./],
    [{ maxAuthAge: 600 }, /^auth\.maxAuthAge/],
    [
      { maxAge: "10m" },
      /^"maxAge" is not an option of auth\. The options are touch, crossOrigin, maxAuthAge, level\./,
    ],
    [{ level: 0 }, /^auth\.level must be a positive integer/],
    [{ level: "2" }, /^auth\.level must be a positive integer/],
    [null, /^The options of auth must be an object\. Received null\./],
  ])("reject %j when the middleware is created", async (options, message) => {
    const { sessions } = await setUp();
    expect(() => sessions.guards.auth(options as unknown as AuthOptions)).toThrow(message);
    expect(() => sessions.guards.auth(options as unknown as AuthOptions)).toThrow(TypeError);
  });

  it("of public do not include step-up options", async () => {
    const { sessions } = await setUp();
    const options = { maxAuthAge: "10m" } as object;
    expect(() => sessions.guards.public(options)).toThrow(
      /^"maxAuthAge" is not an option of public\. The options are touch, crossOrigin\./,
    );
  });
});

describe("touch", () => {
  it("touch: false does not extend the idle timeout [asvs 7.3.1]", async () => {
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

  it("applies when any middleware of the request touches, in any order", async () => {
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

  it("needs no second read of a loaded session", async () => {
    const { clock, store, sessions, browser } = await setUp();
    clock.advance("5m");
    store.calls.length = 0;
    const request = browser.request();
    for (const guard of [sessions.guards.public(), sessions.guards.auth(), sessions.guards.auth()])
      expect(await guard(request)).toBeUndefined();
    expect(store.calls).toEqual(["fetchById", "update"]);
  });

  it("rejects a session that ended between two middlewares of a request", async () => {
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
    ["x-moz", "prefetch"],
    ["next-router-prefetch", "1"],
    ["next-router-prefetch", "2"],
  ])("a prefetch with %s: %s does not extend the idle timeout [asvs 7.3.1]", async (name, value) => {
    const { clock, sessions, browser, lastSeenAt } = await setUp();
    const begun = clock.now();
    clock.advance("5m");
    browser.headers = { [name]: value };
    for (const guard of [sessions.guards.auth(), sessions.guards.public(), sessions.get])
      for (const method of ["GET", "HEAD"]) await guard(browser.request(method));
    expect(await lastSeenAt()).toBe(begun);
    browser.headers = { "next-url": "/", rsc: "1", ...(name !== "next-router-prefetch" && { [name]: "" }) };
    await browser.visit(sessions.guards.auth());
    expect(await lastSeenAt()).toBe(clock.now());
  });

  it.each(["POST", "DELETE", "PROPFIND"])(
    "a %s request touches, whatever its prefetch headers say: browsers prefetch only with GET and HEAD",
    async (method) => {
      const { clock, sessions, browser, lastSeenAt } = await setUp();
      clock.advance("5m");
      browser.headers = { "sec-purpose": "prefetch", purpose: "prefetch" };
      await sessions.guards.auth()(browser.request(method));
      expect(await lastSeenAt()).toBe(clock.now());
    },
  );

  it("reads the prefetch headers only when a write is due", async () => {
    const { clock, sessions, browser } = await setUp();
    const asked: string[] = [];
    const visit = async () => {
      const request = browser.request("GET");
      const header = (name: string) => {
        asked.push(name);
        return request.headers[name];
      };
      await sessions.guards.auth()(Object.assign(request, { header }));
    };
    await visit();
    expect(asked.filter((name) => /purpose|moz|prefetch/.test(name))).toEqual([]);
    clock.advance("5m");
    await visit();
    expect(asked).toContain("sec-purpose");
  });
});

describe("level", () => {
  it("auth names the missing level, reauthenticate reaches it, and the level falls back when it expires [asvs 7.5.3]", async () => {
    const { clock, sessions, browser } = await setUp({ idleTimeout: "10h" });
    const [two, three] = [sessions.guards.auth({ level: 2 }), sessions.guards.auth({ level: 3 })];
    const needed = async (guard: typeof two) => (await browser.visit(guard))?.needed;
    expect([await needed(two), await needed(three)]).toEqual([{ level: 2 }, { level: 3 }]);
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2 }));
    await browser.visit((request) => sessions.reauthenticate(request, { level: 3, expiresIn: "15m" }));
    expect([await needed(two), await needed(three)]).toEqual([undefined, undefined]);
    expect((await browser.visit(sessions.get))?.level).toBe(3);
    clock.advance("15m");
    expect([await needed(two), await needed(three)]).toEqual([undefined, { level: 3 }]);
    expect((await browser.visit(sessions.get))?.level).toBe(2);
  });

  it("the new level is not available to the old secret [asvs 7.2.4]", async () => {
    const { clock, sessions, browser } = await setUp();
    const two = sessions.guards.auth({ level: 2 });
    const old = browser.request();
    const thief = browser.request();
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2 }));
    expect(await two(old)).toMatchObject({ reason: "stale_authentication", needed: { level: 2 } });
    expect(sessions.current(old)?.level).toBe(1);
    expect(await browser.visit(two)).toBeUndefined();
    clock.advance("30s");
    expect(await two(thief)).toMatchObject({ reason: "reused" });
  });

  it("the old secret keeps the former level, and a weaker proof does not raise it [asvs 7.2.4]", async () => {
    const { sessions, browser } = await setUp();
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2 }));
    const old = browser.request();
    const slow = browser.request();
    await browser.visit((request) => sessions.reauthenticate(request, { level: 3 }));
    expect((await sessions.get(old))?.level).toBe(2);
    await sessions.reauthenticate(slow);
    expect(sessions.current(slow)?.level).toBe(2);
    browser.receive(slow);
    expect((await browser.visit(sessions.get))?.level).toBe(2);
  });

  it("survives rotations and changes of the metadata", async () => {
    const { clock, sessions, browser } = await setUp({ rotateEvery: "1m", idleTimeout: "10h" });
    const two = sessions.guards.auth({ level: 2 });
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2, expiresIn: "1h" }));
    const secrets = new Set<string>();
    for (let minute = 0; minute < 58; minute += 2) {
      clock.advance("2m");
      expect(await browser.visit(two)).toBeUndefined();
      secrets.add(browser.jar.values().next().value ?? "");
      if (minute === 20) await browser.visit((request) => sessions.updateMeta(request, (meta) => meta));
      if (minute === 30) await browser.visit(sessions.rotate);
    }
    expect(secrets.size).toBeGreaterThan(20);
    clock.advance("2m");
    expect(await browser.visit(two)).toMatchObject({ needed: { level: 2 } });
  });

  it("re-authentication with a retired secret gives the level to the new secret only", async () => {
    const { sessions, browser } = await setUp();
    const two = sessions.guards.auth({ level: 2 });
    const slow = browser.request();
    const beside = browser.request();
    await browser.visit(sessions.rotate);
    await sessions.reauthenticate(slow, { level: 2 });
    expect(await two(slow)).toBeUndefined();
    expect(await two(beside)).toMatchObject({ needed: { level: 2 } });
    expect(await two(browser.request())).toMatchObject({ needed: { level: 2 } });
    browser.receive(slow);
    expect(await browser.visit(two)).toBeUndefined();
  });

  it("can be set by init", async () => {
    const { sessions } = await setUp();
    const browser = new Browser();
    const begun = await browser.visit((request) => sessions.init(request, "bob", { level: 2 }));
    expect(begun.level).toBe(2);
    expect(await browser.visit(sessions.guards.auth({ level: 2, maxAuthAge: "10m" }))).toBeUndefined();
    await expect(sessions.init(browser.request(), "bob", { level: 1.5 })).rejects.toThrow(
      /^init\.level must be/,
    );
  });

  it("is not in the JSON, and lists show the current one", async () => {
    const { clock, manager, sessions, browser } = await setUp();
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2, expiresIn: "5m" }));
    const [session] = await manager.fetchByUserKey("ann");
    expect([session?.level, "level" in (session?.toJSON() ?? {})]).toEqual([2, false]);
    clock.advance("5m");
    expect((await manager.fetchByUserKey("ann"))[0]?.level).toBe(1);
  });

  it.each([
    [{ level: 0 }, /^reauthenticate\.level must be a positive integer/],
    [{ expiresIn: "5m" }, /^reauthenticate\.expiresIn requires a level above 1/],
    [{ level: 2, expiresIn: 5 }, /^reauthenticate\.expiresIn/],
    [{ until: 2 }, /^"until" is not an option of reauthenticate\./],
  ])("reauthenticate rejects %j", async (options, message) => {
    const { sessions, browser } = await setUp();
    const given = options as unknown as { level: number };
    await expect(sessions.reauthenticate(browser.request(), given)).rejects.toThrow(message);
    await expect(sessions.reauthenticate(browser.request(), given)).rejects.toThrow(TypeError);
  });
});

describe("maxAuthAge", () => {
  it("maxAuthAge rejects an authentication that is a millisecond too old, and keeps the session [asvs 7.5.1]", async () => {
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

  it("applies behind another middleware, and emits rejected", async () => {
    const { clock, manager, sessions, browser } = await setUp();
    const reasons: string[] = [];
    manager.events.on("rejected", ({ reason }) => reasons.push(reason));
    clock.advance("11m");
    const request = browser.request();
    expect(await sessions.guards.auth()(request)).toBeUndefined();
    const error = await sessions.guards.auth({ maxAuthAge: "10m" })(request);
    expect([error?.reason, reasons]).toEqual(["stale_authentication", ["stale_authentication"]]);
    expect(sessions.current(request)?.userKey).toBe("ann");
  });

  it("the old secret does not meet maxAuthAge after a re-authentication [asvs 7.2.4]", async () => {
    const { clock, sessions, browser } = await setUp();
    const fresh = sessions.guards.auth({ maxAuthAge: "10m" });
    clock.advance("11m");
    const old = browser.request();
    await browser.visit(sessions.reauthenticate);
    expect(await fresh(old)).toMatchObject({ reason: "stale_authentication" });
    expect(await browser.visit(fresh)).toBeUndefined();
  });
});
