import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { type Duration, parseDuration } from "../duration.ts";
import { Manager, type ManagerOptions } from "../index.ts";
import { memoryStore } from "../stores/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import type { AssuranceLevel } from "./nist.ts";

function setUp(options: ManagerOptions) {
  const clock = new TestClock();
  const manager = new Manager(memoryStore(), { clock: clock.now, ...options });
  const sessions = testSessions(manager);
  const login = async (expiresIn?: Duration) => {
    const browser = new Browser();
    const request = browser.request();
    const session = await sessions.init(request, "ann", expiresIn ? { expiresIn } : {});
    browser.receive(request);
    return { browser, session, cookie: request.cookies[0] };
  };
  const reason = (browser: Browser) => browser.visit((request) => sessions.authorize(request));
  return { clock, manager, sessions, login, reason };
}

const LEVELS: readonly AssuranceLevel[] = ["aal1", "aal2", "aal3"];

describe("nist", () => {
  it.each<[AssuranceLevel, idle: Duration | undefined, overall: Duration]>([
    ["aal1", undefined, "24h"],
    ["aal2", "1h", "24h"],
    ["aal3", "15m", "12h"],
  ])(
    "%s has the idle timeout %s and ends used sessions after %s [asvs 7.3.1, 7.3.2]",
    async (nist, idle, overall) => {
      const { clock, login, reason } = setUp({ nist });
      if (idle) {
        const { browser } = await login();
        clock.advance(idle);
        expect(await reason(browser)).toBe("idle");
      }
      const { browser } = await login();
      const begun = clock.now();
      const end = begun + parseDuration(overall, "overall");
      for (let now = begun; now < end; now += 600_000) {
        clock.set(now);
        expect(await reason(browser)).toBeUndefined();
      }
      clock.set(end - 1);
      expect(await reason(browser)).toBeUndefined();
      clock.set(end);
      expect(await reason(browser)).toBe("expired");
    },
  );

  it.each<[AssuranceLevel, Duration, Duration]>([
    ["aal1", "30d", "43201m"],
    ["aal2", "24h", "1441m"],
    ["aal3", "12h", "721m"],
  ])("%s accepts expiresIn %s and rejects %s", (nist, longest, longer) => {
    expect(() => setUp({ nist, expiresIn: longest })).not.toThrow();
    expect(() => setUp({ nist, expiresIn: longer })).toThrow(/^expiresIn must be at most/);
  });

  it.each(LEVELS)("%s sends a browser-session cookie unless init sets expiresIn", async (nist) => {
    const { login } = setUp({ nist });
    expect((await login()).cookie).not.toHaveProperty("maxAge");
    expect((await login("1h")).cookie).toMatchObject({ maxAge: 3_600 });
  });

  it("accepts shorter limits, and rejects a longer expiresIn of init before anything is written", async () => {
    const { manager, sessions, login } = setUp({ nist: "aal2", idleTimeout: "10m" });
    const { session } = await login("24h");
    expect(session.expiresAt.getTime() - session.createdAt.getTime()).toBe(600_000);
    const request = new Browser().request();
    const attempt = sessions.init(request, "bob", { expiresIn: "30d" });
    await expect(attempt).rejects.toThrow(
      /^init\.expiresIn must be at most "1440m" with nist: "aal2"\. Received "43200m"\./,
    );
    await expect(attempt).rejects.toThrow(TypeError);
    expect([request.cookies, await manager.fetchByUserKey("bob")]).toEqual([[], []]);
  });

  it("applies to sessions that began before it was set", async () => {
    const { clock, manager, login, reason } = setUp({ expiresIn: "30d" });
    const { browser } = await login();
    const strict = testSessions(manager.with({ expiresIn: "12h", nist: "aal3" }));
    for (let minutes = 0; minutes < 720; minutes += 10) {
      expect(await browser.visit((request) => strict.authorize(request))).toBeUndefined();
      clock.advance("10m");
    }
    expect(await browser.visit((request) => strict.authorize(request))).toBe("expired");
    expect(await reason(browser)).toBe("no_cookie");
  });

  it("restarts both limits at a new login, not at re-authentication", async () => {
    const { clock, sessions, login, reason } = setUp({ nist: "aal3" });
    const { browser } = await login();
    for (let minutes = 0; minutes < 710; minutes += 10) {
      clock.advance("10m");
      await browser.visit(sessions.reauthenticate);
    }
    const copy = new Browser();
    for (const [name, value] of browser.jar) copy.jar.set(name, value);
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("10m");
    expect([await reason(copy), await reason(browser)]).toEqual(["unknown", undefined]);
  });
});
