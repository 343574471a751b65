import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../test/support/browser.ts";
import { type AssuranceLevel, type Duration, Manager, type ManagerOptions } from "./index.ts";
import { memoryStore } from "./stores/memory.ts";
import { TestClock } from "./testing/test-clock.ts";

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

describe("manager.policy", () => {
  const policyOf = (options: ManagerOptions) => new Manager(memoryStore(), options).policy;

  it("ASVS 7.1.1, ASVS 7.1.2: says in data and in words what is in force: by default", () => {
    expect(policyOf({})).toMatchInlineSnapshot(`
      {
        "absolute": 86400,
        "concurrent": {
          "max": 1000,
          "onExceed": "evict-oldest",
        },
        "idle": null,
        "idleEarly": 60,
        "longest": 34560000,
        "nist": null,
        "persistentCookie": false,
        "rotation": null,
        "words": [
          "A session ends 24 hours after the login, whatever happens; nothing moves that end, neither use nor a new secret.",
          "It does not end earlier for being unused.",
          "The cookie goes when the browser is closed.",
          "No limits of NIST SP 800-63B-4 are promised: a login may be given 400 days of its own. Say why, or set the option nist.",
          "The cookie's secret is replaced when privileges change and when the user proves again who they are.",
          "A user has at most 1000 sessions at a time. One more login ends the one that began first.",
        ],
      }
    `);
  });

  it("ASVS 7.1.1: says it with nist aal1", () => {
    expect(policyOf({ nist: "aal1" })).toMatchInlineSnapshot(`
      {
        "absolute": 86400,
        "concurrent": {
          "max": 1000,
          "onExceed": "evict-oldest",
        },
        "idle": null,
        "idleEarly": 60,
        "longest": 2592000,
        "nist": "aal1",
        "persistentCookie": false,
        "rotation": null,
        "words": [
          "A session ends 24 hours after the login, whatever happens; nothing moves that end, neither use nor a new secret.",
          "It does not end earlier for being unused.",
          "The cookie goes when the browser is closed.",
          "These are within the limits of NIST SP 800-63B-4 for AAL1; a login may be given 30 days at most, and what would exceed a limit is refused.",
          "The cookie's secret is replaced when privileges change and when the user proves again who they are.",
          "A user has at most 1000 sessions at a time. One more login ends the one that began first.",
        ],
      }
    `);
  });

  it("ASVS 7.1.1: says it with nist aal2", () => {
    expect(policyOf({ nist: "aal2" })).toMatchInlineSnapshot(`
      {
        "absolute": 86400,
        "concurrent": {
          "max": 1000,
          "onExceed": "evict-oldest",
        },
        "idle": 3600,
        "idleEarly": 60,
        "longest": 86400,
        "nist": "aal2",
        "persistentCookie": false,
        "rotation": null,
        "words": [
          "A session ends 24 hours after the login, whatever happens; nothing moves that end, neither use nor a new secret.",
          "It ends when it was unused for 1 hour, by the server's clock: never later than that after the last request that counts, and at most 1 minute earlier. Requests that a page makes by itself do not count where the app says so, nor does what a browser fetches ahead.",
          "The cookie goes when the browser is closed.",
          "These are within the limits of NIST SP 800-63B-4 for AAL2; a login may be given 24 hours at most, and what would exceed a limit is refused.",
          "The cookie's secret is replaced when privileges change and when the user proves again who they are.",
          "A user has at most 1000 sessions at a time. One more login ends the one that began first.",
        ],
      }
    `);
  });

  it("ASVS 7.1.1: says it with nist aal3", () => {
    expect(policyOf({ nist: "aal3" })).toMatchInlineSnapshot(`
      {
        "absolute": 43200,
        "concurrent": {
          "max": 1000,
          "onExceed": "evict-oldest",
        },
        "idle": 900,
        "idleEarly": 60,
        "longest": 43200,
        "nist": "aal3",
        "persistentCookie": false,
        "rotation": null,
        "words": [
          "A session ends 12 hours after the login, whatever happens; nothing moves that end, neither use nor a new secret.",
          "It ends when it was unused for 15 minutes, by the server's clock: never later than that after the last request that counts, and at most 1 minute earlier. Requests that a page makes by itself do not count where the app says so, nor does what a browser fetches ahead.",
          "The cookie goes when the browser is closed.",
          "These are within the limits of NIST SP 800-63B-4 for AAL3; a login may be given 12 hours at most, and what would exceed a limit is refused.",
          "The cookie's secret is replaced when privileges change and when the user proves again who they are.",
          "A user has at most 1000 sessions at a time. One more login ends the one that began first.",
        ],
      }
    `);
  });

  it("ASVS 7.1.1, ASVS 7.1.2: says it with every other option that it depends on", () => {
    const maxSessions = { max: 1, onExceed: "refuse" } as const;
    const limits = { expiresIn: "30d", idleTimeout: "5m", rotateEvery: "15m" } as const;
    expect(policyOf({ nist: "aal1", ...limits, maxSessions })).toMatchInlineSnapshot(`
      {
        "absolute": 2592000,
        "concurrent": {
          "max": 1,
          "onExceed": "refuse",
        },
        "idle": 300,
        "idleEarly": 30,
        "longest": 2592000,
        "nist": "aal1",
        "persistentCookie": true,
        "rotation": 900,
        "words": [
          "A session ends 30 days after the login, whatever happens; nothing moves that end, neither use nor a new secret.",
          "It ends when it was unused for 5 minutes, by the server's clock: never later than that after the last request that counts, and at most 30 seconds earlier. Requests that a page makes by itself do not count where the app says so, nor does what a browser fetches ahead.",
          "The cookie stays when the browser is closed, until the session ends.",
          "These are within the limits of NIST SP 800-63B-4 for AAL1; a login may be given 30 days at most, and what would exceed a limit is refused.",
          "The cookie's secret is replaced every 15 minutes, when privileges change, and when the user proves again who they are; an old one that comes back ends the session.",
          "A user has at most 1 session at a time. One more login is refused.",
        ],
      }
    `);
  });

  it.each([
    ["evict-oldest", "One more login ends the one that began first."],
    ["evict-idlest", "One more login ends the one that was unused for longest."],
    ["refuse", "One more login is refused."],
  ] as const)("ASVS 7.1.2: says what happens at the maximum: %s", (onExceed, sentence) => {
    const { words, concurrent } = policyOf({ maxSessions: { max: 3, onExceed } });
    expect(concurrent).toEqual({ max: 3, onExceed });
    expect(words.at(-1)).toBe(`A user has at most 3 sessions at a time. ${sentence}`);
  });

  it("is frozen, and is what its JSON says", () => {
    const { policy } = new Manager(memoryStore(), { nist: "aal3" });
    expect([policy, policy.words, policy.concurrent].every(Object.isFrozen)).toBe(true);
    expect(JSON.parse(JSON.stringify(policy))).toEqual(policy);
  });

  it("is that of the other options, of `with`", () => {
    const { policy } = new Manager(memoryStore(), { expiresIn: "10h" }).with({ nist: "aal3" });
    expect([policy.nist, policy.absolute, policy.idle]).toEqual(["aal3", 36_000, 900]);
    const long = new Manager(memoryStore(), { expiresIn: "30d" });
    expect(() => long.with({ nist: "aal2" })).toThrow(/^expiresIn: "30d" is longer than nist: "aal2"/);
  });
});

describe("nist", () => {
  it.each<[AssuranceLevel, idle: Duration | undefined, overall: Duration]>([
    ["aal1", undefined, "24h"],
    ["aal2", "1h", "24h"],
    ["aal3", "15m", "12h"],
  ])(
    "ASVS 7.3.1, ASVS 7.3.2: %s ends what is unused for %s, and what is used after %s",
    async (nist, idle, overall) => {
      const { clock, manager, login, reason } = setUp({ nist });
      if (idle) {
        const { browser } = await login();
        clock.advance(idle);
        expect(await reason(browser)).toBe("idle");
      }
      const { browser } = await login();
      const begun = clock.now();
      const end = begun + manager.policy.absolute * 1_000;
      for (let now = begun; now < end; now += 600_000) {
        clock.set(now);
        expect(await reason(browser)).toBeUndefined();
      }
      clock.set(end - 1);
      expect(await reason(browser)).toBeUndefined();
      clock.set(begun);
      clock.advance(overall);
      expect(await reason(browser)).toBe("expired");
    },
  );

  it.each(LEVELS)("%s lets the cookie go with the browser, unless it is to stay", async (nist) => {
    const { login } = setUp({ nist });
    expect((await login()).cookie).not.toHaveProperty("maxAge");
    expect((await login("1h")).cookie).toMatchObject({ maxAge: 3_600 });
  });

  it("takes shorter limits, and refuses longer ones of a login, before anything is written", async () => {
    const { manager, sessions, login } = setUp({ nist: "aal2", idleTimeout: "10m" });
    const { session } = await login("24h");
    expect(session.expiresAt.getTime() - session.createdAt.getTime()).toBe(600_000);
    const request = new Browser().request();
    const attempt = sessions.init(request, "bob", { expiresIn: "30d" });
    await expect(attempt).rejects.toThrow(
      /^expiresIn: "30d" is longer than nist: "aal2" allows, which is 24 hours/,
    );
    await expect(attempt).rejects.toThrow(TypeError);
    expect([request.cookies, await manager.fetchByUserKey("bob")]).toEqual([[], []]);
  });

  it("counts for sessions that began before it was set", async () => {
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

  it("begins both limits anew with the login that follows a proof, and with nothing less", async () => {
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
