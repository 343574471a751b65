import { Manager, type ManagerOptions, type ProviderLogin } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../support/browser.ts";
import { GatedStore } from "../support/gated-store.ts";
import { siteWith } from "./_site.ts";

const ISSUER = "https://login.example.com";

function setUp(options: ManagerOptions = {}) {
  const site = siteWith(options);
  const login = (browser: Browser, provider: ProviderLogin, userKey = "ann") =>
    browser.visit((request) => site.sessions.init(request, userKey, { provider }));
  return { ...site, login };
}

describe("init with a provider", () => {
  it("dies with the provider's session at the latest, however much it is used [asvs 7.1.3, 7.6.1]", async () => {
    const { clock, login, reason, sessions } = setUp({ expiresIn: "30d", idleTimeout: "2h" });
    const browser = new Browser();
    const expiresAt = new Date(clock.now() + 3 * 3_600_000);
    const request = browser.request();
    const session = await sessions.init(request, "ann", { provider: { issuer: ISSUER, expiresAt } });
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
    const other = new Browser();
    const own = await login(other, { issuer: ISSUER, expiresAt: new Date(clock.now() + 90 * 86_400_000) });
    // It never lives longer for it.
    clock.advance("1h");
    expect(own.expiresAt.getTime()).toBe(clock.now() + 3_600_000);
  });

  it("refuses a provider's session that is over, and writes nothing", async () => {
    const { clock, login, store } = setUp();
    const browser = new Browser();
    const attempt = login(browser, { issuer: ISSUER, expiresAt: new Date(clock.now()) });
    await expect(attempt).rejects.toMatchObject({ code: "ERR_UNAUTHORIZED", reason: "expired" });
    expect([store.calls, browser.jar.size]).toEqual([[], 0]);
  });

  it.each<[unknown, RegExp]>([
    [{}, /^init\.provider\.issuer: needs a string/],
    [{ issuer: "" }, /^init\.provider\.issuer: needs at least one character/],
    [{ issuer: ISSUER, sid: "" }, /^init\.provider\.sid: needs at least one/],
    [{ issuer: ISSUER, sid: "x".repeat(1_025) }, /^init\.provider\.sid: needs at most/],
    [{ issuer: ISSUER, expiresAt: 5 }, /^init\.provider\.expiresAt: needs a valid Date/],
    [{ issuer: ISSUER, exp: 5 }, /^init\.provider: no option "exp"/],
    [null, /^init\.provider: needs an object/],
  ])("refuses %j before anything is written", async (provider, message) => {
    const { login, store } = setUp();
    await expect(login(new Browser(), provider as ProviderLogin)).rejects.toThrow(message);
    await expect(login(new Browser(), provider as ProviderLogin)).rejects.toThrow(TypeError);
    expect(store.calls).toEqual([]);
  });
});

describe("revokeByProviderSession", () => {
  it("a logout token of the provider ends what depends on its session, and nothing else [asvs 7.1.3, 7.6.1]", async () => {
    const { login, reason, manager, ended } = setUp({ tombstones: "1h" });
    const [desk, phone, other, elsewhere, capped] = Array.from({ length: 5 }, () => new Browser());
    const all = [desk, phone, other, elsewhere, capped] as Browser[];
    const ids = [
      (await login(all[0] as Browser, { issuer: ISSUER, sid: "s1" })).id,
      (await login(all[1] as Browser, { issuer: ISSUER, sid: "s1" }, "ann's other account")).id,
    ];
    await login(all[2] as Browser, { issuer: ISSUER, sid: "s2" });
    await login(all[3] as Browser, { issuer: "https://other.example", sid: "s1" });
    await login(all[4] as Browser, { issuer: ISSUER });
    const told = await manager.revokeByProviderSession({ issuer: ISSUER, sid: "s1" });
    expect([...told].sort()).toEqual([...ids].sort());
    expect(await Promise.all(all.map(reason))).toEqual([
      "revoked",
      "revoked",
      undefined,
      undefined,
      undefined,
    ]);
    expect(ended.map(({ reason: why, userKey }) => [why, userKey]).sort()).toEqual([
      ["revoked", "ann"],
      ["revoked", "ann's other account"],
    ]);
    expect(await manager.revokeByProviderSession({ issuer: ISSUER, sid: "s1" })).toEqual([]);
  });

  it("goes by what the record says, whatever the store finds", async () => {
    const { login, reason, manager, store } = setUp();
    const browser = new Browser();
    const { id } = await login(browser, { issuer: ISSUER, sid: "s1" });
    store.fetchByLink = async () => [(await store.fetchById(id)) as never];
    for (const other of [
      { issuer: ISSUER, sid: "s2" },
      { issuer: `${ISSUER}/other`, sid: "s1" },
    ])
      expect(await manager.revokeByProviderSession(other)).toEqual([]);
    expect(await reason(browser)).toBeUndefined();
  });

  it("leaves alone what it cannot read, and what no provider began", async () => {
    const { login, sessions, manager, store } = setUp();
    const { id: later } = await login(new Browser(), { issuer: ISSUER, sid: "s1" });
    await store.update(later, { data: { v: 2, anything: "else" } }, { now: 0 });
    const { id: plain } = await sessions.init(new Browser().request(), "ann");
    store.fetchByLink = async () => (await store.fetchByIds([later, plain])) as never;
    expect(await manager.revokeByProviderSession({ issuer: ISSUER, sid: "s1" })).toEqual([]);
    expect((await store.fetchByIds([later, plain])).map((record) => record?.id)).toEqual([later, plain]);
  });

  it("ends more than fit into a page", async () => {
    const { login, manager } = setUp({ maxSessions: { max: 5_000, onExceed: "refuse" } });
    for (let count = 0; count < 1_005; count++) await login(new Browser(), { issuer: ISSUER, sid: "s1" });
    expect(await manager.revokeByProviderSession({ issuer: ISSUER, sid: "s1" })).toHaveLength(1_005);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("keeps what the provider calls its session out of lists, and in no form that a store could read a link from", async () => {
    const { login, sessions, manager, store } = setUp();
    const browser = new Browser();
    const { id } = await login(browser, { issuer: ISSUER, sid: "s1" });
    expect(JSON.stringify(await sessions.fetchAll(browser.request()))).not.toMatch(/s1|login\.example/);
    const { link } = (await store.fetchById(id)) ?? {};
    expect(link).toMatch(/^[0-9A-Za-z_-]{43}$/);
    const other = await login(new Browser(), { issuer: "https://other.example", sid: "s1" });
    expect((await store.fetchById(other.id))?.link).not.toBe(link);
    await browser.visit(sessions.rotate);
    expect((await store.fetchById(id))?.link).toBe(link);
    expect(await manager.revokeByProviderSession({ issuer: ISSUER, sid: "s1" })).toEqual([id]);
  });

  it("names the ability that a store lacks, where it is needed", async () => {
    const { fetchByLink: _, ...methods } = new GatedStore();
    const manager = new Manager(methods as unknown as GatedStore);
    const sessions = testSessions(manager);
    await expect(manager.revokeByProviderSession({ issuer: ISSUER, sid: "s1" })).rejects.toThrow(
      /^revokeByProviderSession: the store has no fetchByLink/,
    );
    const provider = { issuer: ISSUER, sid: "s1" };
    const request = new TestRequest();
    await expect(sessions.init(request, "ann", { provider })).rejects.toThrow(
      /^init\.provider\.sid: the store has no fetchByLink/,
    );
    expect(request.cookies).toEqual([]);
    await expect(sessions.init(request, "ann", { provider: { issuer: ISSUER } })).resolves.toBeDefined();
  });

  it.each([
    [{ issuer: ISSUER }],
    [{ issuer: ISSUER, sid: "" }],
    [{ sid: "s1" }],
    [{ issuer: ISSUER, sid: "s", sub: "x" }],
    [null],
  ])("refuses %j, which names no session", async (session) => {
    const manager = new Manager(memoryStore());
    await expect(manager.revokeByProviderSession(session as never)).rejects.toThrow(
      /^revokeByProviderSession/,
    );
  });
});
