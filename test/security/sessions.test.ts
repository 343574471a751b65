/** OWASP ASVS 5.0, chapter V7: session management. Tests of its other requirements are beside the code that they test. */
import { Manager } from "sessionup";
import * as client from "sessionup/client";
import { describe, expect, it } from "vitest";
import { Browser, TestRequest } from "../support/browser.ts";
import { GatedStore } from "../support/gated-store.ts";
import { createHarness } from "../support/harness.ts";

const NAME = "__Host-sessionup";

function setUp() {
  const harness = createHarness();
  const login = async (userKey = "ann") => {
    const browser = new Browser();
    await harness.login(browser, userKey);
    return browser;
  };
  const readToken = (browser: Browser) => browser.jar.get(NAME) ?? "";
  return { ...harness, login, readToken };
}

describe("session management", () => {
  it("a token carries no data and is verified by the store, not by the browser's client [asvs 7.2.1]", async () => {
    const { login, reason, store, readToken } = setUp();
    const browser = await login();
    expect(readToken(browser)).toMatch(/^[0-9A-Za-z]{22}\.[0-9A-Za-z]{65}$/);
    store.calls.length = 0;
    expect(await reason(browser)).toBeUndefined();
    expect(store.calls).toEqual(["fetchById"]);
    expect(Object.keys(client).sort()).toEqual(["SessionClientError", "sessionClient"]);
  });

  it("two logins of one user share no part of their secrets [asvs 7.2.2]", async () => {
    const { login, readToken } = setUp();
    const secrets = [await login(), await login()].map((browser) => readToken(browser).split(".")[1] ?? "");
    const [one = "", other = ""] = secrets;
    expect(one.slice(0, 22)).not.toBe(other.slice(0, 22));
    expect(one.slice(22)).not.toBe(other.slice(22));
  });

  it("a secret has more than 256 bits, and a generator with fewer than 128 bits is rejected [asvs 7.2.3]", async () => {
    const { login, readToken } = setUp();
    const [, secret = ""] = readToken(await login()).split(".");
    expect(secret.length * Math.log2(62)).toBeGreaterThan(256);
    const short = () => Math.random().toString(36).slice(2).padEnd(21, "x").slice(0, 21);
    expect(21 * Math.log2(62)).toBeLessThan(128);
    expect(() => new Manager(new GatedStore(), { generateSecret: short })).toThrow(/^generateSecret/);
    // A UUID contains "-" and has 122 bits.
    expect(() => new Manager(new GatedStore(), { generateSecret: () => crypto.randomUUID() })).toThrow(
      TypeError,
    );
  });

  it("a login creates a new session and ends the previous one [asvs 7.2.4]", async () => {
    const { login, sessions, reason, readToken } = setUp();
    const browser = await login();
    const before = new Browser();
    before.jar.set(NAME, readToken(browser));
    await browser.visit((request) => sessions.init(request, "ann"));
    expect(readToken(browser).split(".")).not.toContain(readToken(before).split(".")[0]);
    expect(await reason(before)).toBe("unknown");
  });

  it("re-authentication issues a new token, and the old token is never elevated and is rejected after 30 seconds [asvs 7.2.4]", async () => {
    const { clock, login, sessions, reason, readToken } = setUp();
    const browser = await login();
    const old = new Browser();
    old.jar.set(NAME, readToken(browser));
    const began = clock.now();
    clock.advance("10m");
    await browser.visit(sessions.reauthenticate);
    expect((await old.visit(sessions.get))?.authenticatedAt.getTime()).toBe(began);
    expect((await browser.visit(sessions.get))?.authenticatedAt.getTime()).toBe(clock.now());
    clock.advance("30s");
    expect(await reason(old)).toBe("reused");
  });

  it.each(["a request", "a touch", "a rotation", "a change of metadata"])(
    "%s that arrives late does not revive an ended session [asvs 7.4.1]",
    async (what) => {
      const { clock, store, manager, sessions, login } = setUp();
      const browser = await login();
      clock.advance("5m");
      const gate = store.hold(what === "a request" ? "fetchById" : "update");
      const request = browser.request();
      const actions: Record<string, () => Promise<unknown>> = {
        "a request": () => sessions.authorize(request),
        "a touch": () => sessions.authorize(request),
        "a rotation": () => sessions.rotate(request),
        "a change of metadata": () => sessions.updateMeta(request, (meta) => meta),
      };
      const late = Promise.resolve(actions[what]?.()).catch((error: unknown) => error);
      await gate.arrived;
      await manager.revokeByUserKey("ann");
      gate.open();
      await late;
      expect(await manager.fetchByUserKey("ann")).toEqual([]);
      expect(request.cookies.every(({ maxAge }) => maxAge === 0)).toBe(true);
      expect(await sessions.authorize(browser.request())).toBe("unknown");
    },
  );

  it("revokeOther ends the user's other sessions after a factor changes and keeps the current one [asvs 7.4.3]", async () => {
    const { login, sessions, reason } = setUp();
    const [own, ...others] = [await login(), await login(), await login()];
    const foreign = await login("bob");
    expect(await own?.visit(sessions.revokeOther)).toHaveLength(2);
    for (const other of others) expect(await reason(other)).toBe("unknown");
    expect(own && (await reason(own))).toBeUndefined();
    expect(await reason(foreign)).toBeUndefined();
  });

  it("a logout ends the session and clears the cookie with its original attributes [asvs 7.4.4]", async () => {
    const { login, sessions, reason, readToken } = setUp();
    const browser = await login();
    const copy = new Browser();
    copy.jar.set(NAME, readToken(browser));
    const request = browser.request();
    await sessions.revoke(request);
    expect(request.cookies).toEqual([
      {
        name: NAME,
        value: "",
        path: "/",
        maxAge: 0,
        expires: 0,
        httpOnly: true,
        secure: true,
        sameSite: "strict",
        partitioned: false,
      },
    ]);
    expect(await reason(copy)).toBe("unknown");
  });

  it("users can list their sessions, which contain no secrets, and end each of them [asvs 7.5.2]", async () => {
    const { login, sessions, reason, readToken } = setUp();
    const [browser, other] = [await login(), await login()];
    const listed = await browser.visit(sessions.fetchAll);
    expect(listed.map(({ current }) => current).sort()).toEqual([false, true]);
    for (const each of [browser, other])
      expect(JSON.stringify(listed)).not.toContain(readToken(each).split(".")[1]);
    const id = listed.find(({ current }) => !current)?.id ?? "";
    expect(await browser.visit((request) => sessions.revokeOwn(request, id))).toBe(true);
    expect(await reason(other)).toBe("unknown");
    const stranger = await login("bob");
    const own = listed.find(({ current }) => current)?.id ?? "";
    const foreign = stranger.visit((request) => sessions.revokeOwn(request, own));
    await expect(foreign).rejects.toMatchObject({ code: "ERR_NOT_OWNER" });
    expect(await reason(browser)).toBeUndefined();
  });

  it("a visitor who has not logged in gets no cookie and causes no store call [asvs 7.6.2]", async () => {
    const { store, sessions } = setUp();
    const request = new TestRequest({ "user-agent": "Mozilla/5.0", "x-forwarded-for": "192.0.2.7" });
    expect(await sessions.get(request)).toBeUndefined();
    expect(await sessions.authorize(request)).toBe("no_cookie");
    for (const act of [sessions.revoke, sessions.rotate, sessions.fetchAll, sessions.revokeAll])
      await act(request);
    expect(request.cookies).toEqual([]);
    expect(store.calls).toEqual([]);
  });
});
