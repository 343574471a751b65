import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { Manager, type ManagerOptions, type SessionEvents } from "../index.ts";
import { memoryStore } from "../stores/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import { type ProviderClaims, providerLogin, revokeByProviderSession } from "./federation.ts";

const ISSUER = "https://login.example.com";

function setUp(options: ManagerOptions = {}) {
  const clock = new TestClock();
  const store = new GatedStore();
  const manager = new Manager(store, { clock: clock.now, ...options });
  const ended: SessionEvents["ended"][] = [];
  manager.events.on("ended", (event) => ended.push(event));
  const sessions = testSessions(manager);
  const login = (browser: Browser, claims: ProviderClaims, userKey = "ann") =>
    browser.visit((request) => sessions.init(request, userKey, { provider: providerLogin(claims) }));
  const reason = (browser: Browser) => browser.visit((request) => sessions.authorize(request));
  return { clock, store, manager, ended, sessions, login, reason };
}

describe("providerLogin", () => {
  it("providerLogin ends the session with the provider's at the latest, regardless of use [asvs 7.1.3, 7.6.1]", async () => {
    const { clock, reason, sessions } = setUp({ expiresIn: "30d", idleTimeout: "2h" });
    const browser = new Browser();
    const expiresAt = new Date(clock.now() + 3 * 3_600_000);
    const request = browser.request();
    const provider = providerLogin({ issuer: ISSUER, expiresAt });
    const session = await sessions.init(request, "ann", { provider });
    browser.receive(request);
    expect(request.cookies[0]).toMatchObject({ maxAge: 3 * 3_600, expires: expiresAt.getTime() });
    expect(session.expiresAt.getTime()).toBe(clock.now() + 2 * 3_600_000);
    for (let count = 0; count < 35; count++) {
      clock.advance("5m");
      expect(await reason(browser)).toBeUndefined();
    }
    await browser.visit(sessions.rotate);
    await browser.visit(sessions.reauthenticate);
    clock.advance("5m");
    expect(await reason(browser)).toBe("expired");
  });

  it("does not extend a session when the provider's session ends later", async () => {
    const { clock, login } = setUp({ expiresIn: "30d", idleTimeout: "2h" });
    const expiresAt = new Date(clock.now() + 90 * 86_400_000);
    const session = await login(new Browser(), { issuer: ISSUER, expiresAt });
    expect(session.expiresAt.getTime()).toBe(clock.now() + 2 * 3_600_000);
  });

  it("makes init reject an ended provider session as expired, and write nothing", async () => {
    const { clock, login, store } = setUp();
    const browser = new Browser();
    const attempt = login(browser, { issuer: ISSUER, expiresAt: new Date(clock.now()) });
    await expect(attempt).rejects.toMatchObject({ code: "ERR_UNAUTHORIZED", reason: "expired" });
    expect([store.calls, browser.jar.size]).toEqual([[], 0]);
  });

  it.each<[unknown, RegExp]>([
    [{}, /^providerLogin\.issuer must be a string\. Received undefined\./],
    [{ issuer: "" }, /^providerLogin\.issuer must not be empty\./],
    [{ issuer: ISSUER, sid: "" }, /^providerLogin\.sid must not be empty\./],
    [{ issuer: ISSUER, sid: "x".repeat(1_025) }, /^providerLogin\.sid must have at most 1024 bytes/],
    [{ issuer: ISSUER, expiresAt: 5 }, /^providerLogin\.expiresAt must be a valid Date/],
    [{ issuer: ISSUER, exp: 5 }, /^"exp" is not an option of providerLogin\./],
    [null, /^The options of providerLogin must be an object\. Received null\./],
  ])("rejects the claims %j", (claims, message) => {
    expect(() => providerLogin(claims as ProviderClaims)).toThrow(message);
    expect(() => providerLogin(claims as ProviderClaims)).toThrow(TypeError);
  });

  it.each([{ issuer: ISSUER }, null, "x", {}])(
    "is the only accepted value of init.provider: %j is rejected before any I/O",
    async (provider) => {
      const { sessions, store } = setUp();
      await expect(sessions.init(new TestRequest(), "ann", { provider: provider as never })).rejects.toThrow(
        /^init\.provider must be the result of providerLogin\(\)/,
      );
      expect(store.calls).toEqual([]);
    },
  );
});

describe("revokeByProviderSession", () => {
  it("revokeByProviderSession ends exactly the sessions that depend on the provider's session [asvs 7.1.3, 7.6.1]", async () => {
    const { login, reason, manager, ended } = setUp({ tombstones: "1h" });
    const browsers = Array.from({ length: 5 }, () => new Browser());
    const [desk, phone, other, elsewhere, withoutSid] = browsers as [
      Browser,
      Browser,
      Browser,
      Browser,
      Browser,
    ];
    const ids = [
      (await login(desk, { issuer: ISSUER, sid: "s1" })).id,
      (await login(phone, { issuer: ISSUER, sid: "s1" }, "ann's other account")).id,
    ];
    await login(other, { issuer: ISSUER, sid: "s2" });
    await login(elsewhere, { issuer: "https://other.example", sid: "s1" });
    await login(withoutSid, { issuer: ISSUER });
    const by = { kind: "system", id: "back-channel" } as const;
    const endedIds = await revokeByProviderSession(manager, { issuer: ISSUER, sid: "s1" }, { by });
    expect([...endedIds].sort()).toEqual([...ids].sort());
    expect(ended.map((event) => event.by)).toEqual([by, by]);
    expect(await Promise.all(browsers.map(reason))).toEqual([
      "revoked",
      "revoked",
      undefined,
      undefined,
      undefined,
    ]);
    expect(ended.map((event) => [event.reason, event.userKey]).sort()).toEqual([
      ["revoked", "ann"],
      ["revoked", "ann's other account"],
    ]);
    expect(await revokeByProviderSession(manager, { issuer: ISSUER, sid: "s1" })).toEqual([]);
  });

  it("ends no session whose record names another provider session, whatever the store finds", async () => {
    const { login, reason, manager, store } = setUp();
    const browser = new Browser();
    const { id } = await login(browser, { issuer: ISSUER, sid: "s1" });
    store.fetchByLink = async () => [(await store.fetchById(id)) as never];
    for (const other of [
      { issuer: ISSUER, sid: "s2" },
      { issuer: `${ISSUER}/other`, sid: "s1" },
    ])
      expect(await revokeByProviderSession(manager, other)).toEqual([]);
    expect(await reason(browser)).toBeUndefined();
  });

  it("keeps unreadable records, and sessions that no provider began", async () => {
    const { login, sessions, manager, store } = setUp();
    const { id: later } = await login(new Browser(), { issuer: ISSUER, sid: "s1" });
    await store.update(later, { data: { v: 2, anything: "else" } }, { now: 0 });
    const { id: plain } = await sessions.init(new Browser().request(), "ann");
    store.fetchByLink = async () => (await store.fetchByIds([later, plain])) as never;
    expect(await revokeByProviderSession(manager, { issuer: ISSUER, sid: "s1" })).toEqual([]);
    expect((await store.fetchByIds([later, plain])).map((record) => record?.id)).toEqual([later, plain]);
  });

  it("ends more sessions than one page holds", async () => {
    const { login, manager } = setUp({ maxSessions: { max: 5_000, onExceed: "reject" } });
    for (let count = 0; count < 1_005; count++) await login(new Browser(), { issuer: ISSUER, sid: "s1" });
    expect(await revokeByProviderSession(manager, { issuer: ISSUER, sid: "s1" })).toHaveLength(1_005);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("keeps the provider's session id out of lists, and stores a link that reveals nothing", async () => {
    const { login, sessions, manager, store } = setUp();
    const sid = "the provider's session";
    const browser = new Browser();
    const { id } = await login(browser, { issuer: ISSUER, sid });
    expect(JSON.stringify(await sessions.fetchAll(browser.request()))).not.toMatch(/provider|login\.example/);
    const { link } = (await store.fetchById(id)) ?? {};
    expect(link).toMatch(/^[0-9A-Za-z_-]{43}$/);
    const other = await login(new Browser(), { issuer: "https://other.example", sid });
    expect((await store.fetchById(other.id))?.link).not.toBe(link);
    await browser.visit(sessions.rotate);
    expect((await store.fetchById(id))?.link).toBe(link);
    expect(await revokeByProviderSession(manager, { issuer: ISSUER, sid })).toEqual([id]);
  });

  it("requires a store with fetchByLink, as init does for a sid", async () => {
    const { fetchByLink: _, ...methods } = new GatedStore();
    const manager = new Manager(methods as unknown as GatedStore);
    const sessions = testSessions(manager);
    await expect(revokeByProviderSession(manager, { issuer: ISSUER, sid: "s1" })).rejects.toThrow(
      /^revokeByProviderSession requires a store with fetchByLink/,
    );
    const request = new TestRequest();
    const provider = providerLogin({ issuer: ISSUER, sid: "s1" });
    await expect(sessions.init(request, "ann", { provider })).rejects.toThrow(
      /^init\.provider with a sid requires a store with fetchByLink/,
    );
    expect(request.cookies).toEqual([]);
    const withoutSid = providerLogin({ issuer: ISSUER });
    await expect(sessions.init(request, "ann", { provider: withoutSid })).resolves.toBeDefined();
  });

  it.each([
    [{ issuer: ISSUER }, /^revokeByProviderSession\.sid must be a string/],
    [{ issuer: ISSUER, sid: "" }, /^revokeByProviderSession\.sid must not be empty/],
    [{ sid: "s1" }, /^revokeByProviderSession\.issuer must be a string/],
    [{ issuer: ISSUER, sid: "s", sub: "x" }, /^"sub" is not an option of revokeByProviderSession/],
    [null, /^The options of revokeByProviderSession must be an object/],
  ])("rejects the provider session %j", async (session, message) => {
    const manager = new Manager(memoryStore());
    await expect(revokeByProviderSession(manager, session as never)).rejects.toThrow(message);
  });
});
