import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import {
  type AssuranceLevel,
  type Duration,
  Manager,
  type ManagerOptions,
  type SessionPolicy,
} from "../index.ts";
import { memoryStore } from "../stores/memory.ts";
import { TestClock } from "../testing/test-clock.ts";

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

  it("says in data and in words what is in force: by default [asvs 7.1.1, 7.1.2]", () => {
    expect(policyOf({})).toMatchInlineSnapshot(`
      {
        "absolute": 86400,
        "clearSiteData": [],
        "concurrent": {
          "max": 1000,
          "onExceed": "evict-oldest",
        },
        "cookie": {
          "domain": null,
          "httpOnly": true,
          "name": "__Host-sessionup",
          "partitioned": false,
          "path": "/",
          "previous": [],
          "sameSite": "strict",
          "secure": true,
        },
        "idle": null,
        "idleEarly": 60,
        "kept": {
          "agent": true,
          "geo": false,
          "ip": true,
        },
        "longest": 34560000,
        "nist": null,
        "notBefore": null,
        "persistentCookie": false,
        "provider": {
          "caps": true,
          "ends": true,
        },
        "recognize": null,
        "rotation": null,
        "tombstones": null,
        "trustedOrigins": [],
        "validate": null,
        "words": [
          "A session ends 24 hours after the login, whatever happens; nothing moves that end, neither use nor a new secret.",
          "It does not end earlier for being unused.",
          "The cookie goes when the browser is closed.",
          "Where a login by an identity provider says when its session there ends, ours ends then at the latest. The provider's logout ends it at once, where the app passes it on.",
          "No limits of NIST SP 800-63B-4 are promised: a login may be given 400 days of its own. Say why, or set the option nist.",
          "The cookie's secret is replaced when privileges change and when the user proves again who they are.",
          "A user has at most 1000 sessions at a time. One more login ends the one that began first.",
          "A session that was ended is forgotten: who comes back with its cookie is not told why.",
          "A session may be used from another browser or network than it began in.",
          "The cookie is sent over https alone, to this host alone, with requests from the app's own site alone; no script can read it.",
          "What pages of other origins send to change something is refused, unless a route of the app's allows it.",
          "Of who logs in is kept, as long as the session's record: the address, the families of browser and system.",
        ],
      }
    `);
  });

  /** What is in force by default, but for these, and for the sentences in these places. */
  function besides(data: Partial<SessionPolicy>, sentences: Readonly<Record<number, string>>): SessionPolicy {
    const usual = policyOf({});
    return { ...usual, ...data, words: usual.words.map((words, index) => sentences[index] ?? words) };
  }

  it("says it with nist aal1 [asvs 7.1.1]", () => {
    expect(policyOf({ nist: "aal1" })).toEqual(
      besides(
        { nist: "aal1", longest: 2_592_000 },
        {
          4: "These are within the limits of NIST SP 800-63B-4 for AAL1; a login may be given 30 days at most, and what would exceed a limit is refused.",
        },
      ),
    );
  });

  it("says it with nist aal2 [asvs 7.1.1]", () => {
    expect(policyOf({ nist: "aal2" })).toEqual(
      besides(
        { nist: "aal2", longest: 86_400, idle: 3_600 },
        {
          1: "It ends when it was unused for 1 hour, by the server's clock: never later than that after the last request that counts, and at most 1 minute earlier. Requests that a page makes by itself do not count where the app says so, nor does what a browser fetches ahead.",
          4: "These are within the limits of NIST SP 800-63B-4 for AAL2; a login may be given 24 hours at most, and what would exceed a limit is refused.",
        },
      ),
    );
  });

  it("says it with nist aal3 [asvs 7.1.1]", () => {
    expect(policyOf({ nist: "aal3" })).toEqual(
      besides(
        { nist: "aal3", absolute: 43_200, longest: 43_200, idle: 900 },
        {
          0: "A session ends 12 hours after the login, whatever happens; nothing moves that end, neither use nor a new secret.",
          1: "It ends when it was unused for 15 minutes, by the server's clock: never later than that after the last request that counts, and at most 1 minute earlier. Requests that a page makes by itself do not count where the app says so, nor does what a browser fetches ahead.",
          4: "These are within the limits of NIST SP 800-63B-4 for AAL3; a login may be given 12 hours at most, and what would exceed a limit is refused.",
        },
      ),
    );
  });

  it("says it with every other option that it depends on [asvs 7.1.1, 7.1.2]", () => {
    const maxSessions = { max: 1, onExceed: "refuse" } as const;
    const limits = { expiresIn: "30d", idleTimeout: "5m", rotateEvery: "15m" } as const;
    expect(policyOf({ nist: "aal1", ...limits, maxSessions })).toEqual(
      besides(
        {
          nist: "aal1",
          absolute: 2_592_000,
          longest: 2_592_000,
          idle: 300,
          idleEarly: 30,
          persistentCookie: true,
          rotation: 900,
          concurrent: maxSessions,
        },
        {
          0: "A session ends 30 days after the login, whatever happens; nothing moves that end, neither use nor a new secret.",
          1: "It ends when it was unused for 5 minutes, by the server's clock: never later than that after the last request that counts, and at most 30 seconds earlier. Requests that a page makes by itself do not count where the app says so, nor does what a browser fetches ahead.",
          2: "The cookie stays when the browser is closed, until the session ends.",
          4: "These are within the limits of NIST SP 800-63B-4 for AAL1; a login may be given 30 days at most, and what would exceed a limit is refused.",
          5: "The cookie's secret is replaced every 15 minutes, when privileges change, and when the user proves again who they are; an old one that comes back ends the session.",
          6: "A user has at most 1 session at a time. One more login is refused.",
        },
      ),
    );
  });

  it.each([
    ["evict-oldest", "One more login ends the one that began first."],
    ["evict-idlest", "One more login ends the one that was unused for longest."],
    ["refuse", "One more login is refused."],
  ] as const)("says what happens at the maximum: %s [asvs 7.1.2]", (onExceed, sentence) => {
    const { words, concurrent } = policyOf({ maxSessions: { max: 3, onExceed } });
    expect(concurrent).toEqual({ max: 3, onExceed });
    expect(words).toContain(`A user has at most 3 sessions at a time. ${sentence}`);
  });

  const KEY = "k".repeat(32);

  it.each<[ManagerOptions, data: object, sentence: string]>([
    [
      { tombstones: "1h" },
      { tombstones: 3_600 },
      "For 1 hour after its end a session is remembered, and who comes back with its cookie is told why it ended.",
    ],
    [
      { notBefore: new Date("2026-01-31T12:00:00Z") },
      { notBefore: "2026-01-31T12:00:00.000Z" },
      "Sessions that began before 2026-01-31T12:00:00.000Z are refused.",
    ],
    [
      { clearSiteData: ["cache", "storage"] },
      { clearSiteData: ["cache", "storage"] },
      "At a logout the browser is told to clear its cache, storage, besides the cookie.",
    ],
    [
      { validate: { ip: true, agent: true } },
      { validate: { ip: true, agent: true, onChange: "refuse" } },
      "A session that is used from another browser or system, or another network than it began in is refused, and goes on where it began.",
    ],
    [
      { validate: { agent: true, onChange: "end" } },
      { validate: { ip: false, agent: true, onChange: "end" } },
      "A session that is used from another browser or system than it began in ends.",
    ],
    [
      { validate: { ip: "exact", onChange: "report" } },
      { validate: { ip: "exact", agent: false, onChange: "report" } },
      "A session that is used from another address than it began in is reported, and goes on.",
    ],
    [
      { validate: { ip: true, onChange: "report" } },
      { validate: { ip: true, agent: false, onChange: "report" } },
      "A session that is used from another network than it began in is reported, and goes on.",
    ],
    [
      { cookie: { name: "sid", domain: "example.com", secure: false, httpOnly: false, sameSite: "lax" } },
      {
        cookie: {
          name: "sid",
          path: "/",
          domain: "example.com",
          secure: false,
          httpOnly: false,
          sameSite: "lax",
          partitioned: false,
          previous: [],
        },
      },
      "The cookie is sent over plain http too, to example.com and all of its subdomains, with requests from the app's own site and where a link leads in from elsewhere; every script of a page can read it.",
    ],
    [
      { cookie: { sameSite: "none", previous: [{ name: "sid", secure: false }, { name: "app" }] } },
      { cookie: { ...policyOf({}).cookie, sameSite: "none", previous: ["sid", "__Host-app"] } },
      "The cookie is sent over https alone, to this host alone, with requests from every site; no script can read it. What it was before still counts: sid, __Host-app.",
    ],
    [
      { trustedOrigins: ["https://app.example.com"] },
      { trustedOrigins: ["https://app.example.com"] },
      "What pages of other origins send to change something is refused, but for https://app.example.com, unless a route of the app's allows it.",
    ],
    [
      { client: { ip: "prefix", geo: () => "here" } },
      { kept: { ip: "prefix", agent: true, geo: true } },
      "Of who logs in is kept, as long as the session's record: the address's network, the families of browser and system, where the address is.",
    ],
    [
      { client: { ip: "hash", agent: false }, keys: [KEY] },
      { kept: { ip: "hash", agent: false, geo: false } },
      "Of who logs in is kept, as long as the session's record: a keyed hash of the address's network.",
    ],
    [
      { client: { ip: false, agent: false } },
      { kept: { ip: false, agent: false, geo: false } },
      "Of who logs in is kept, as long as the session's record: nothing.",
    ],
    [
      { recognize: { device: true }, keys: [KEY] },
      { recognize: { sessions: true, device: true } },
      "Whether a browser was seen before is known at a login, by the user's live sessions and by a cookie that stays in the browser for 400 days.",
    ],
    [
      { recognize: {} },
      { recognize: { sessions: true, device: false } },
      "Whether a browser was seen before is known at a login, by the user's live sessions.",
    ],
  ])("says what %j comes to, in data and in words", (options, data, sentence) => {
    const policy = policyOf(options);
    expect(policy).toMatchObject(data);
    expect(policy.words).toContain(sentence);
    expect(policyOf({}).words).not.toContain(sentence);
  });

  it("says that a session ends with the identity provider's, and whether its logout is heard of [asvs 7.1.3]", () => {
    const caps =
      "Where a login by an identity provider says when its session there ends, ours ends then at the latest.";
    const { provider, words } = policyOf({});
    expect(provider).toEqual({ caps: true, ends: true });
    expect(words).toContain(`${caps} The provider's logout ends it at once, where the app passes it on.`);
    const poor = new Manager(Object.assign(memoryStore(), { fetchByLink: undefined })).policy;
    expect(poor.provider).toEqual({ caps: true, ends: false });
    expect(poor.words).toContain(
      `${caps} The provider's logout does not end it: the store finds no session by the provider's.`,
    );
  });

  it("is another one when `notBefore` is set while the app runs", () => {
    const manager = new Manager(memoryStore());
    const before = manager.policy;
    expect(manager.policy).toBe(before);
    manager.notBefore = new Date("2026-01-31T12:00:00Z");
    expect([before.notBefore, manager.policy.notBefore]).toEqual([null, "2026-01-31T12:00:00.000Z"]);
    expect(manager.policy.words).toContain(
      "Sessions that began before 2026-01-31T12:00:00.000Z are refused.",
    );
    manager.notBefore = undefined;
    expect(manager.policy).toEqual(before);
  });

  it("is frozen to its depth, and is what its JSON says", () => {
    const full: ManagerOptions = {
      nist: "aal3",
      keys: [KEY],
      recognize: { device: true },
      validate: { ip: true },
    };
    const { policy } = new Manager(memoryStore(), full);
    const parts = Object.values(policy).filter((part) => typeof part === "object" && part !== null);
    expect(parts.length).toBeGreaterThan(7);
    expect([policy, policy.cookie.previous, ...parts].every(Object.isFrozen)).toBe(true);
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
    "%s ends what is unused for %s, and what is used after %s [asvs 7.3.1, 7.3.2]",
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
