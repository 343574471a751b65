import { describe, expect, it } from "vitest";
import { bearer } from "../bearer/bearer.ts";
import { clientValidation } from "../client-validation/client-validation.ts";
import { Manager, type ManagerOptions } from "../index.ts";
import { previousCookies } from "../previous-cookies/previous-cookies.ts";
import { recognition } from "../recognition/recognition.ts";
import { memoryStore } from "../stores/memory.ts";
import { type SessionPolicy, sessionPolicy } from "./report.ts";

describe("sessionPolicy", () => {
  const toPolicy = (options: ManagerOptions) => sessionPolicy(new Manager(memoryStore(), options));

  it("sessionPolicy describes the default options as data and in sentences [asvs 7.1.1, 7.1.2]", () => {
    expect(toPolicy({})).toMatchInlineSnapshot(`
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
        "transports": {
          "bearer": null,
          "cookie": true,
        },
        "trustedOrigins": [],
        "validate": null,
        "words": [
          "A session ends 24 hours after the login, regardless of use. Neither activity nor a new secret extends it.",
          "A session has no idle timeout.",
          "The browser deletes the cookie when it closes.",
          "When the app states when an identity provider's session ends, a session that began with it ends then at the latest. A logout at the provider ends the session at once if the app passes the logout on.",
          "The options promise no limits of NIST SP 800-63B-4. A login may set a lifetime of at most 400 days. Document the reason, or set the option nist.",
          "The cookie's secret is replaced when privileges change and when the user authenticates again.",
          "A user has at most 1000 sessions at a time. A further login ends the session that began first.",
          "The store forgets an ended session. A client that returns with its cookie does not learn why the session ended.",
          "A session may be used from another browser or network than that of its login.",
          "The browser sends the cookie only over https, only to this host, and only with requests from the app's own site. Scripts cannot read it.",
          "Unsafe requests from pages of other origins are rejected, unless a route of the app allows them.",
          "The session's record keeps about the client that logged in: the address, the families of browser and system.",
        ],
      }
    `);
  });

  /** Returns the default policy with other data, and with other sentences at these positions. */
  function withChanges(
    data: Partial<SessionPolicy>,
    sentences: Readonly<Record<number, string>>,
  ): SessionPolicy {
    const defaults = toPolicy({});
    return { ...defaults, ...data, words: defaults.words.map((words, index) => sentences[index] ?? words) };
  }

  it("sessionPolicy describes the limits of nist: aal1 [asvs 7.1.1]", () => {
    expect(toPolicy({ nist: "aal1" })).toEqual(
      withChanges(
        { nist: "aal1", longest: 2_592_000 },
        {
          4: "These limits satisfy NIST SP 800-63B-4 for AAL1. A login may set a lifetime of at most 30 days, and an option that exceeds a limit is rejected.",
        },
      ),
    );
  });

  it("sessionPolicy describes the limits of nist: aal2 [asvs 7.1.1]", () => {
    expect(toPolicy({ nist: "aal2" })).toEqual(
      withChanges(
        { nist: "aal2", longest: 86_400, idle: 3_600 },
        {
          1: "A session ends when it has not been used for 1 hour by the server's clock: never later than that after the last request that counts as activity, and at most 1 minute earlier. Prefetched requests do not count, nor do requests that the app excludes, such as polling.",
          4: "These limits satisfy NIST SP 800-63B-4 for AAL2. A login may set a lifetime of at most 24 hours, and an option that exceeds a limit is rejected.",
        },
      ),
    );
  });

  it("sessionPolicy describes the limits of nist: aal3 [asvs 7.1.1]", () => {
    expect(toPolicy({ nist: "aal3" })).toEqual(
      withChanges(
        { nist: "aal3", absolute: 43_200, longest: 43_200, idle: 900 },
        {
          0: "A session ends 12 hours after the login, regardless of use. Neither activity nor a new secret extends it.",
          1: "A session ends when it has not been used for 15 minutes by the server's clock: never later than that after the last request that counts as activity, and at most 1 minute earlier. Prefetched requests do not count, nor do requests that the app excludes, such as polling.",
          4: "These limits satisfy NIST SP 800-63B-4 for AAL3. A login may set a lifetime of at most 12 hours, and an option that exceeds a limit is rejected.",
        },
      ),
    );
  });

  it("sessionPolicy describes lifetimes, rotation and the session limit together [asvs 7.1.1, 7.1.2]", () => {
    const maxSessions = { max: 1, onExceed: "reject" } as const;
    const limits = { expiresIn: "30d", idleTimeout: "5m", rotateEvery: "15m" } as const;
    expect(toPolicy({ nist: "aal1", ...limits, maxSessions })).toEqual(
      withChanges(
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
          0: "A session ends 30 days after the login, regardless of use. Neither activity nor a new secret extends it.",
          1: "A session ends when it has not been used for 5 minutes by the server's clock: never later than that after the last request that counts as activity, and at most 30 seconds earlier. Prefetched requests do not count, nor do requests that the app excludes, such as polling.",
          2: "The browser keeps the cookie after it closes, until the session ends.",
          4: "These limits satisfy NIST SP 800-63B-4 for AAL1. A login may set a lifetime of at most 30 days, and an option that exceeds a limit is rejected.",
          5: "The cookie's secret is replaced every 15 minutes, when privileges change, and when the user authenticates again. Reuse of an old secret ends the session.",
          6: "A user has at most 1 session at a time. A further login is rejected.",
        },
      ),
    );
  });

  it.each([
    ["evict-oldest", "A further login ends the session that began first."],
    ["evict-idlest", "A further login ends the session that was unused for longest."],
    ["reject", "A further login is rejected."],
  ] as const)(
    "sessionPolicy describes a login beyond the limit with onExceed: %s [asvs 7.1.2]",
    (onExceed, sentence) => {
      const { words, concurrent } = toPolicy({ maxSessions: { max: 3, onExceed } });
      expect(concurrent).toEqual({ max: 3, onExceed });
      expect(words).toContain(`A user has at most 3 sessions at a time. ${sentence}`);
    },
  );

  const KEY = "k".repeat(32);

  it.each<[ManagerOptions, data: object, sentence: string]>([
    [
      { tombstones: "1h" },
      { tombstones: 3_600 },
      "The store remembers an ended session for 1 hour. A client that returns with its cookie learns why the session ended.",
    ],
    [
      { notBefore: new Date("2026-01-31T12:00:00Z") },
      { notBefore: "2026-01-31T12:00:00.000Z" },
      "Sessions that began before 2026-01-31T12:00:00.000Z are rejected.",
    ],
    [
      { clearSiteData: ["cache", "storage"] },
      { clearSiteData: ["cache", "storage"] },
      "At logout the browser clears its cache and storage besides the cookie.",
    ],
    [
      { validate: clientValidation({ ip: true, agent: true }) },
      { validate: { ip: true, agent: true, onChange: "reject" } },
      "When a session is used from another browser or system, or another network than that of its login, the request is rejected and the session continues.",
    ],
    [
      { validate: clientValidation({ agent: true, onChange: "end" }) },
      { validate: { ip: false, agent: true, onChange: "end" } },
      "When a session is used from another browser or system than that of its login, the session ends.",
    ],
    [
      { validate: clientValidation({ ip: "exact", onChange: "report" }) },
      { validate: { ip: "exact", agent: false, onChange: "report" } },
      "When a session is used from another address than that of its login, the change is reported and the session continues.",
    ],
    [
      { validate: clientValidation({ ip: true, onChange: "report" }) },
      { validate: { ip: true, agent: false, onChange: "report" } },
      "When a session is used from another network than that of its login, the change is reported and the session continues.",
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
      "The browser sends the cookie also over plain http, to example.com and all of its subdomains, and only with requests from the app's own site or when the user follows a link from another site. Every script of a page can read it.",
    ],
    [
      {
        cookie: {
          sameSite: "none",
          previous: previousCookies([{ name: "sid", secure: false }, { name: "app" }]),
        },
      },
      { cookie: { ...toPolicy({}).cookie, sameSite: "none", previous: ["sid", "__Host-app"] } },
      "The browser sends the cookie only over https, only to this host, and with requests from any site. Scripts cannot read it. Previous cookies are still accepted: sid, __Host-app.",
    ],
    [
      { transports: ["cookie", bearer()] },
      { transports: { cookie: true, bearer: { header: "Session-Token", dpop: false } } },
      "Apps send their token in the header Authorization, and receive a new one in the header Session-Token. Any device that has the token can use the session.",
    ],
    [
      { transports: [bearer({ header: "X-Session" })] },
      { transports: { cookie: false, bearer: { header: "X-Session", dpop: false } } },
      "Apps send their token in the header Authorization, and receive a new one in the header X-Session. Any device that has the token can use the session. Browsers get no cookie.",
    ],
    [
      { trustedOrigins: ["https://app.example.com"] },
      { trustedOrigins: ["https://app.example.com"] },
      "Unsafe requests from pages of other origins, except those of https://app.example.com, are rejected, unless a route of the app allows them.",
    ],
    [
      { client: { ip: "prefix", geo: () => "here" } },
      { kept: { ip: "prefix", agent: true, geo: true } },
      "The session's record keeps about the client that logged in: the address's network, the families of browser and system, the location of the address.",
    ],
    [
      { client: { ip: "hash", agent: false }, keys: [KEY] },
      { kept: { ip: "hash", agent: false, geo: false } },
      "The session's record keeps about the client that logged in: a keyed hash of the address's network.",
    ],
    [
      { client: { ip: false, agent: false } },
      { kept: { ip: false, agent: false, geo: false } },
      "The session's record keeps about the client that logged in: nothing.",
    ],
    [
      { recognize: recognition({ device: true }), keys: [KEY] },
      { recognize: { sessions: true, device: true } },
      "A login is compared with the user's live sessions and with a cookie that stays in the browser for 400 days to tell whether the client was seen before.",
    ],
    [
      { recognize: recognition() },
      { recognize: { sessions: true, device: false } },
      "A login is compared with the user's live sessions to tell whether the client was seen before.",
    ],
  ])("describes %j as data and in a sentence", (options, data, sentence) => {
    const policy = toPolicy(options);
    expect(policy).toMatchObject(data);
    expect(policy.words).toContain(sentence);
    expect(toPolicy({}).words).not.toContain(sentence);
  });

  it("sessionPolicy states that an identity provider's session limits the app's, and whether its logout ends the app's [asvs 7.1.3]", () => {
    const caps =
      "When the app states when an identity provider's session ends, a session that began with it ends then at the latest.";
    const { provider, words } = toPolicy({});
    expect(provider).toEqual({ caps: true, ends: true });
    expect(words).toContain(
      `${caps} A logout at the provider ends the session at once if the app passes the logout on.`,
    );
    const limited = sessionPolicy(new Manager(Object.assign(memoryStore(), { fetchByLink: undefined })));
    expect(limited.provider).toEqual({ caps: true, ends: false });
    expect(limited.words).toContain(
      `${caps} A logout at the provider does not end the session, because the store cannot find it by the provider's session.`,
    );
  });

  it("sessionPolicy has no sentence about the cookie for a manager without it", () => {
    const { words } = toPolicy({ transports: [bearer()] });
    expect(words.filter((sentence) => /^The browser .* the cookie/.test(sentence))).toEqual([]);
  });

  it("reflects a later change of manager.notBefore", () => {
    const manager = new Manager(memoryStore());
    const before = sessionPolicy(manager);
    manager.notBefore = new Date("2026-01-31T12:00:00Z");
    expect([before.notBefore, sessionPolicy(manager).notBefore]).toEqual([null, "2026-01-31T12:00:00.000Z"]);
    expect(sessionPolicy(manager).words).toContain(
      "Sessions that began before 2026-01-31T12:00:00.000Z are rejected.",
    );
    manager.notBefore = undefined;
    expect(sessionPolicy(manager)).toEqual(before);
  });

  it("returns a deeply frozen policy that survives JSON", () => {
    const full: ManagerOptions = {
      nist: "aal3",
      keys: [KEY],
      recognize: recognition({ device: true }),
      validate: clientValidation({ ip: true }),
      transports: ["cookie", bearer()],
    };
    const policy = sessionPolicy(new Manager(memoryStore(), full));
    const parts = Object.values(policy).filter((part) => typeof part === "object" && part !== null);
    expect(parts.length).toBeGreaterThan(7);
    expect([policy, policy.cookie.previous, ...parts].every(Object.isFrozen)).toBe(true);
    expect(JSON.parse(JSON.stringify(policy))).toEqual(policy);
  });

  it("describes the merged options of a manager created by with", () => {
    const policy = sessionPolicy(new Manager(memoryStore(), { expiresIn: "10h" }).with({ nist: "aal3" }));
    expect([policy.nist, policy.absolute, policy.idle]).toEqual(["aal3", 36_000, 900]);
    const long = new Manager(memoryStore(), { expiresIn: "30d" });
    expect(() => long.with({ nist: "aal2" })).toThrow(
      /^expiresIn must be at most "1440m" with nist: "aal2"\. Received "43200m"\./,
    );
  });
});
