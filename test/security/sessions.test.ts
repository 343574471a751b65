/** OWASP ASVS 5.0, V7: what it asks of session management, a test each. Others are beside what they are about. */
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
  const tokenOf = (browser: Browser) => browser.jar.get(NAME) ?? "";
  return { ...harness, login, tokenOf };
}

describe("session management", () => {
  it("a token says nothing by itself and is verified by the store; the browser's part has no say in it [asvs 7.2.1]", async () => {
    const { login, reason, store, tokenOf } = setUp();
    const browser = await login();
    expect(tokenOf(browser)).toMatch(/^[0-9A-Za-z]{22}\.[0-9A-Za-z]{65}$/);
    store.calls.length = 0;
    expect(await reason(browser)).toBeUndefined();
    expect(store.calls).toEqual(["fetchById"]);
    expect(Object.keys(client).sort()).toEqual(["SessionClientError", "sessionClient"]);
  });

  it("of two logins no part of the secret is the same, and none comes from the user [asvs 7.2.2]", async () => {
    const { login, tokenOf } = setUp();
    const secrets = [await login(), await login()].map((browser) => tokenOf(browser).split(".")[1] ?? "");
    const [one = "", other = ""] = secrets;
    expect(one.slice(0, 22)).not.toBe(other.slice(0, 22));
    expect(one.slice(22)).not.toBe(other.slice(22));
  });

  it("a secret has 256 bits and more, and a generator of fewer than 128 is refused [asvs 7.2.3]", async () => {
    const { login, tokenOf } = setUp();
    const [, secret = ""] = tokenOf(await login()).split(".");
    expect(secret.length * Math.log2(62)).toBeGreaterThan(256);
    const short = () => Math.random().toString(36).slice(2).padEnd(21, "x").slice(0, 21);
    expect(21 * Math.log2(62)).toBeLessThan(128);
    expect(() => new Manager(new GatedStore(), { generateSecret: short })).toThrow(/^generateSecret/);
    // A UUID has a "-" in it, and 122 bits.
    expect(() => new Manager(new GatedStore(), { generateSecret: () => crypto.randomUUID() })).toThrow(
      TypeError,
    );
  });

  it("a login begins a new session and ends the one before [asvs 7.2.4]", async () => {
    const { login, sessions, reason, tokenOf } = setUp();
    const browser = await login();
    const before = new Browser();
    before.jar.set(NAME, tokenOf(browser));
    await browser.visit((request) => sessions.init(request, "ann"));
    expect(tokenOf(browser).split(".")).not.toContain(tokenOf(before).split(".")[0]);
    expect(await reason(before)).toBe("unknown");
  });

  it("a proof of who it is makes a new token; the old one is never elevated, and then dead [asvs 7.2.4]", async () => {
    const { clock, login, sessions, reason, tokenOf } = setUp();
    const browser = await login();
    const old = new Browser();
    old.jar.set(NAME, tokenOf(browser));
    const began = clock.now();
    clock.advance("10m");
    await browser.visit(sessions.reauthenticate);
    expect((await old.visit(sessions.get))?.authenticatedAt.getTime()).toBe(began);
    expect((await browser.visit(sessions.get))?.authenticatedAt.getTime()).toBe(clock.now());
    clock.advance("30s");
    expect(await reason(old)).toBe("reused");
  });

  it.each(["a request", "a touch", "a rotation", "a change of metadata"])(
    "%s that is late does not revive what has ended [asvs 7.4.1]",
    async (what) => {
      const { clock, store, manager, sessions, login } = setUp();
      const browser = await login();
      clock.advance("5m");
      const gate = store.hold(what === "a request" ? "fetchById" : "update");
      const request = browser.request();
      const verbs: Record<string, () => Promise<unknown>> = {
        "a request": () => sessions.authorize(request),
        "a touch": () => sessions.authorize(request),
        "a rotation": () => sessions.rotate(request),
        "a change of metadata": () => sessions.updateMeta(request, (meta) => meta),
      };
      const late = Promise.resolve(verbs[what]?.()).catch((error: unknown) => error);
      await gate.arrived;
      await manager.revokeByUserKey("ann");
      gate.open();
      await late;
      expect(await manager.fetchByUserKey("ann")).toEqual([]);
      expect(request.cookies.every(({ maxAge }) => maxAge === 0)).toBe(true);
      expect(await sessions.authorize(browser.request())).toBe("unknown");
    },
  );

  it("after a factor changes, all others can be ended, and the own one lives [asvs 7.4.3]", async () => {
    const { login, sessions, reason } = setUp();
    const [own, ...others] = [await login(), await login(), await login()];
    const foreign = await login("bob");
    expect(await own?.visit(sessions.revokeOther)).toHaveLength(2);
    for (const other of others) expect(await reason(other)).toBe("unknown");
    expect(own && (await reason(own))).toBeUndefined();
    expect(await reason(foreign)).toBeUndefined();
  });

  it("a logout ends the session, and clears the cookie with the attributes that it was set with [asvs 7.4.4]", async () => {
    const { login, sessions, reason, tokenOf } = setUp();
    const browser = await login();
    const copy = new Browser();
    copy.jar.set(NAME, tokenOf(browser));
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

  it("users see where they are signed in, no secret with it, and end any of it [asvs 7.5.2]", async () => {
    const { login, sessions, reason, tokenOf } = setUp();
    const [browser, other] = [await login(), await login()];
    const listed = await browser.visit(sessions.fetchAll);
    expect(listed.map(({ current }) => current).sort()).toEqual([false, true]);
    for (const each of [browser, other])
      expect(JSON.stringify(listed)).not.toContain(tokenOf(each).split(".")[1]);
    const id = listed.find(({ current }) => !current)?.id ?? "";
    expect(await browser.visit((request) => sessions.revokeOwn(request, id))).toBe(true);
    expect(await reason(other)).toBe("unknown");
    const stranger = await login("bob");
    const own = listed.find(({ current }) => current)?.id ?? "";
    const foreign = stranger.visit((request) => sessions.revokeOwn(request, own));
    await expect(foreign).rejects.toMatchObject({ code: "ERR_NOT_OWNER" });
    expect(await reason(browser)).toBeUndefined();
  });

  it("there is no session without a deliberate act: a visitor gets no cookie, and the store is not asked [asvs 7.6.2]", async () => {
    const { store, sessions } = setUp();
    const request = new TestRequest({ "user-agent": "Mozilla/5.0", "x-forwarded-for": "192.0.2.7" });
    expect(await sessions.get(request)).toBeUndefined();
    expect(await sessions.authorize(request)).toBe("no_cookie");
    for (const verb of [sessions.revoke, sessions.rotate, sessions.fetchAll, sessions.revokeAll])
      await verb(request);
    expect(request.cookies).toEqual([]);
    expect(store.calls).toEqual([]);
  });
});
