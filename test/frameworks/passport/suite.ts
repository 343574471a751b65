import { createServer, type RequestListener } from "node:http";
import { beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { Browser } from "./browser.ts";
import { installPassport } from "./packages.ts";
import type { AppParts, Meta } from "./parts.ts";
import type { OAuthProvider } from "./provider.ts";

/** An app of one framework. */
export interface PassportApp {
  /** Creates the app once the packages are installed. `onError` runs for each error that reaches the framework. */
  create(parts: AppParts, onError: (error: unknown) => void): RequestListener | Promise<RequestListener>;
  /** The status for a callback whose state is not valid. Passport's own is 403. */
  readonly invalidState?: number;
  /** Whether a provider may send a form to `/other/callback`. Default false. */
  readonly acceptsForms?: boolean;
  /** Whether `onError` runs. Default true. */
  readonly reportsErrors?: boolean;
}

interface Account {
  readonly user?: string;
  readonly authenticated: boolean;
  readonly meta?: Meta;
}

const COOKIE = "__Host-sessionup";
const CROSS_SITE = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };

/** Registers the tests that the app of every framework passes. */
export function passportSuite({
  create,
  invalidState = 403,
  acceptsForms = false,
  reportsErrors = true,
}: PassportApp): void {
  let provider: OAuthProvider;
  let parts: AppParts;
  let authorize: typeof import("./provider.ts").authorize;
  let origin: string;
  let password: string;
  const errors: unknown[] = [];

  beforeAll(async () => {
    await installPassport();
    const [providers, common] = await Promise.all([import("./provider.ts"), import("./parts.ts")]);
    ({ authorize } = providers);
    password = common.PASSWORD;
    provider = await providers.startProvider();
    parts = common.createParts(provider);
    const app = await listen(createServer(await create(parts, (error) => errors.push(error))));
    origin = app.origin;
    const callbacks = Object.entries(common.CALLBACKS).map(([id, path]) => [id, origin + path] as const);
    provider.serve(Object.fromEntries(callbacks));
    return async () => {
      await app.close();
      await provider.close();
      await parts.manager.close();
    };
  }, 600_000);

  const cookieOf = (browser: Browser) => browser.cookie(origin, COOKIE);
  const sessionsOf = (user: string) => parts.manager.fetchByUserKey(user);

  async function me(browser: Browser): Promise<Account> {
    const { status, text } = await browser.get(`${origin}/me`);
    expect(status).toBe(200);
    return JSON.parse(text);
  }

  function logIn(browser: Browser, username: string, query = "") {
    return browser.post(`${origin}/login${query}`, { username, password });
  }

  /** Returns the browser of a user who has signed in with a password. Other sessions of the user have ended. */
  async function signedIn(user = "ann"): Promise<Browser> {
    await parts.manager.revokeByUserKey(user);
    const browser = new Browser();
    expect((await logIn(browser, user)).status).toBe(204);
    return browser;
  }

  function expectOneError(): void {
    expect(errors).toEqual(reportsErrors ? [expect.objectContaining({ code: "ERR_STORE" })] : []);
  }

  describe("a login with a password", () => {
    it("req.login begins a session, and passport.session() restores the user", async () => {
      const browser = await signedIn();
      await expect(me(browser)).resolves.toEqual({
        user: "ann",
        authenticated: true,
        meta: { by: "password" },
      });
      expect(await sessionsOf("ann")).toHaveLength(1);
    });

    it("a request without a session has no user, and gets no cookie", async () => {
      const browser = new Browser();
      await expect(me(browser)).resolves.toEqual({ authenticated: false });
      expect(cookieOf(browser)).toBeUndefined();
    });

    it("a wrong password begins no session", async () => {
      await parts.manager.revokeByUserKey("ann");
      const browser = new Browser();
      const page = await browser.post(`${origin}/login`, { username: "ann", password: "wrong" });
      expect(page.status).toBe(401);
      expect(cookieOf(browser)).toBeUndefined();
      expect(await sessionsOf("ann")).toEqual([]);
    });

    it("a login replaces the session and its id, so that a fixed cookie gains nothing", async () => {
      const browser = await signedIn();
      const planted = browser.copy();
      const [before] = await sessionsOf("ann");
      await logIn(browser, "ann");
      const [after, ...others] = await sessionsOf("ann");
      expect(others).toEqual([]);
      expect(after?.id).not.toBe(before?.id);
      expect(cookieOf(browser)).not.toBe(cookieOf(planted));
      expect((await me(planted)).authenticated).toBe(false);
    });

    it("a login of another user in the same browser ends the first user's session", async () => {
      const browser = await signedIn("ann");
      await parts.manager.revokeByUserKey("bob");
      await logIn(browser, "bob");
      await expect(me(browser)).resolves.toMatchObject({ user: "bob" });
      expect(await sessionsOf("ann")).toEqual([]);
    });

    it("a login that a page of another origin sends is rejected", async () => {
      await parts.manager.revokeByUserKey("ann");
      const browser = new Browser();
      const page = await browser.post(`${origin}/login`, { username: "ann", password }, CROSS_SITE);
      expect(page.status).toBe(403);
      expect(await sessionsOf("ann")).toEqual([]);
    });
  });

  describe("keepSessionInfo", () => {
    it("without it, a login begins with the metadata of init only", async () => {
      const browser = await signedIn();
      await browser.post(`${origin}/theme`);
      await logIn(browser, "ann");
      expect((await me(browser)).meta).toEqual({ by: "password" });
    });

    it("with it, a login keeps the metadata of the same user's session, except what init sets", async () => {
      const browser = new Browser();
      await browser.get(await authorize(browser, `${origin}/oauth`));
      await browser.post(`${origin}/theme`);
      await expect(me(browser)).resolves.toMatchObject({ meta: { by: "provider", theme: "dark" } });
      await logIn(browser, "ann", "?keep=yes");
      expect((await me(browser)).meta).toEqual({ by: "password", theme: "dark" });
    });

    it("with it, a login of another user keeps nothing of the first user", async () => {
      const browser = await signedIn("ann");
      await browser.post(`${origin}/theme`);
      await logIn(browser, "bob", "?keep=yes");
      await expect(me(browser)).resolves.toMatchObject({ user: "bob", meta: { by: "password" } });
      expect((await me(browser)).meta).not.toHaveProperty("theme");
    });

    it("with it, a logout still ends the session with its metadata", async () => {
      const browser = await signedIn();
      await browser.post(`${origin}/theme`);
      expect((await browser.post(`${origin}/logout?keep=yes`)).status).toBeLessThan(300);
      await expect(me(browser)).resolves.toEqual({ authenticated: false });
      expect(await sessionsOf("ann")).toEqual([]);
    });
  });

  describe("a logout", () => {
    it("req.logout ends the session and removes the user from the request", async () => {
      const browser = await signedIn();
      const stolen = browser.copy();
      const page = await browser.post(`${origin}/logout`);
      expect(page.status).toBeLessThan(300);
      expect(JSON.parse(page.text)).not.toHaveProperty("user");
      expect(cookieOf(browser)).toBeUndefined();
      for (const each of [browser, stolen]) expect((await me(each)).authenticated).toBe(false);
    });

    it("a logout everywhere ends the sessions of all devices", async () => {
      const phone = await signedIn();
      const laptop = new Browser();
      await logIn(laptop, "ann");
      expect((await phone.post(`${origin}/logout-everywhere`)).status).toBeLessThan(300);
      for (const each of [phone, laptop]) expect((await me(each)).authenticated).toBe(false);
      expect(await sessionsOf("ann")).toEqual([]);
    });

    it("a request that is slower than a logout does not bring the session back", async () => {
      const browser = await signedIn();
      const slow = browser.copy();
      const gate = parts.store.hold("update");
      const theme = slow.post(`${origin}/theme`);
      await gate.arrived;
      await browser.post(`${origin}/logout`);
      gate.open();
      await theme;
      expect((await me(slow)).authenticated).toBe(false);
      expect(await sessionsOf("ann")).toEqual([]);
    });
  });

  it("a session of a deleted user ends at its next request, which has no user", async () => {
    parts.users.set("carl", { id: "carl" });
    const browser = await signedIn("carl");
    const copy = browser.copy();
    parts.users.delete("carl");
    await expect(me(browser)).resolves.toEqual({ authenticated: false });
    expect(cookieOf(browser)).toBeUndefined();
    expect(await sessionsOf("carl")).toEqual([]);
    parts.users.set("carl", { id: "carl" });
    expect((await me(copy)).authenticated).toBe(false);
  });

  it("concurrent requests of several users each have their own user", async () => {
    const browsers = { ann: await signedIn("ann"), bob: await signedIn("bob") };
    const users = Array.from({ length: 20 }, (_, index) => (index % 2 ? "ann" : "bob"));
    const found = await Promise.all(users.map((user) => me(browsers[user as "ann" | "bob"])));
    expect(found.map(({ user }) => user)).toEqual(users);
  });

  describe("when the store fails", () => {
    it("a request is answered with 503 by one error, and the user is signed in again afterwards", async () => {
      const browser = await signedIn();
      errors.length = 0;
      parts.store.fail("fetchById");
      expect((await browser.get(`${origin}/me`)).status).toBe(503);
      expectOneError();
      await expect(me(browser)).resolves.toMatchObject({ user: "ann" });
    });

    it("a login is answered with 503, and begins no session", async () => {
      await parts.manager.revokeByUserKey("ann");
      const browser = new Browser();
      errors.length = 0;
      parts.store.fail("create");
      expect((await logIn(browser, "ann")).status).toBe(503);
      expectOneError();
      expect(cookieOf(browser)).toBeUndefined();
      expect(await sessionsOf("ann")).toEqual([]);
    });

    it("a logout is answered with 503, and the session stays", async () => {
      const browser = await signedIn();
      errors.length = 0;
      parts.store.fail("deleteById");
      expect((await browser.post(`${origin}/logout`)).status).toBe(503);
      expectOneError();
      await expect(me(browser)).resolves.toMatchObject({ user: "ann" });
    });
  });

  describe("a login at an OAuth 2.0 provider", () => {
    const start = () => `${origin}/oauth`;

    it("the callback begins a session, and receives the app's own state", async () => {
      await parts.manager.revokeByUserKey("ann");
      const browser = new Browser();
      const callback = await authorize(browser, start());
      expect(callback.searchParams.get("code")).not.toBeNull();
      const page = await browser.get(callback);
      expect(page.status).toBe(200);
      expect(JSON.parse(page.text)).toEqual({ user: "ann", info: { state: { returnTo: "/settings" } } });
      await expect(me(browser)).resolves.toMatchObject({ user: "ann", meta: { by: "provider" } });
    });

    it("a replayed callback is rejected, even with a copy of the cookies", async () => {
      await parts.manager.revokeByUserKey("ann");
      const browser = new Browser();
      const callback = await authorize(browser, start());
      const copy = browser.copy();
      await browser.get(callback);
      for (const each of [browser, copy]) expect((await each.get(callback)).status).toBe(invalidState);
      expect(cookieOf(copy)).toBeUndefined();
      expect(await sessionsOf("ann")).toHaveLength(1);
    });

    it("of concurrent requests with the same callback, one begins a session", async () => {
      await parts.manager.revokeByUserKey("ann");
      const browser = new Browser();
      const callback = await authorize(browser, start());
      const copies = Array.from({ length: 5 }, () => browser.copy());
      const statuses = await Promise.all(copies.map(async (copy) => (await copy.get(callback)).status));
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.filter((status) => status === invalidState)).toHaveLength(4);
      expect(await sessionsOf("ann")).toHaveLength(1);
    });

    it("the callback of an attacker is rejected in the victim's browser", async () => {
      const attacker = new Browser();
      const callback = await authorize(attacker, start(), { name: "bob" });
      const victim = new Browser();
      expect((await victim.get(callback)).status).toBe(invalidState);
      expect(cookieOf(victim)).toBeUndefined();
      // The victim has begun a login of their own.
      await victim.get(start());
      expect((await victim.get(callback)).status).toBe(invalidState);
      expect(cookieOf(victim)).toBeUndefined();
      expect((await attacker.get(callback)).status).toBe(200);
    });

    it.each([
      ["forged", (callback: URL) => callback.searchParams.set("state", "forged")],
      ["missing", (callback: URL) => callback.searchParams.delete("state")],
      ["empty", (callback: URL) => callback.searchParams.set("state", "")],
      ["very long", (callback: URL) => callback.searchParams.set("state", "x".repeat(5_000))],
      ["repeated", (callback: URL) => callback.searchParams.append("state", "x")],
    ])("a %s state is rejected, and the login can still be completed", async (_title, change) => {
      const browser = new Browser();
      const callback = await authorize(browser, start());
      const changed = new URL(callback);
      change(changed);
      expect((await browser.get(changed)).status).toBe(invalidState);
      expect(cookieOf(browser)).toBeUndefined();
      expect((await browser.get(callback)).status).toBe(200);
    });

    it("two tabs of one browser each complete their login, in any order", async () => {
      const browser = new Browser();
      const first = await authorize(browser, start());
      const second = await authorize(browser, start());
      expect(first.searchParams.get("state")).not.toBe(second.searchParams.get("state"));
      expect((await browser.get(second)).status).toBe(200);
      expect((await browser.get(first)).status).toBe(200);
      await expect(me(browser)).resolves.toMatchObject({ user: "ann" });
    });

    it("of very many logins in one browser, the latest ones complete, and the others are rejected", async () => {
      const browser = new Browser();
      const callbacks: URL[] = [];
      for (let tab = 0; tab < 12; tab++) callbacks.push(await authorize(browser, start()));
      const [oldest, ...later] = callbacks as [URL, ...URL[]];
      expect((await browser.get(oldest)).status).toBe(invalidState);
      for (const callback of later.slice(-5)) expect((await browser.get(callback)).status).toBe(200);
    });

    it("a state is not accepted for another client of the app", async () => {
      const browser = new Browser();
      const callback = await authorize(browser, start());
      callback.pathname = "/other/callback";
      expect((await browser.get(callback)).status).toBe(invalidState);
      expect(cookieOf(browser)).toBeUndefined();
    });

    it("a login that begins sets one cookie, which ends after 10 minutes", async () => {
      const response = await fetch(start(), { redirect: "manual" });
      const [cookie = "", ...others] = response.headers.getSetCookie();
      expect(others).toEqual([]);
      expect(cookie).toMatch(/^__Host-\S+; .*Max-Age=600;/);
      expect(cookie).toMatch(/SameSite=Lax/i);
      expect(response.headers.get("cache-control")).toBe("no-store");
    });

    if (acceptsForms)
      it("the option sameSite is that of the cookie", async () => {
        const response = await fetch(`${origin}/other`, { redirect: "manual" });
        expect(response.headers.getSetCookie().join()).toMatch(/SameSite=None/i);
      });

    if (acceptsForms)
      it("a form of the provider's page completes a login where the app allows it", async () => {
        const browser = new Browser();
        const callback = await authorize(browser, `${origin}/other`);
        const form = Object.fromEntries(callback.searchParams);
        callback.search = "";
        const page = await browser.post(callback, form, CROSS_SITE);
        expect(JSON.parse(page.text)).toMatchObject({ user: "ann" });
        await expect(me(browser)).resolves.toMatchObject({ user: "ann" });
        expect((await browser.post(callback, form, CROSS_SITE)).status).toBe(invalidState);
        callback.pathname = "/oauth/callback";
        expect((await browser.post(callback, form, CROSS_SITE)).status).toBe(403);
      });

    it("a login that the user cancels begins no session", async () => {
      const browser = new Browser();
      const callback = await authorize(browser, start(), { refuse: true });
      expect(callback.searchParams.get("error")).toBe("access_denied");
      expect((await browser.get(callback)).status).toBe(401);
      expect(cookieOf(browser)).toBeUndefined();
    });

    it("a callback is answered with 503 when the store fails, and begins no session", async () => {
      await parts.manager.revokeByUserKey("ann");
      const browser = new Browser();
      const callback = await authorize(browser, start());
      errors.length = 0;
      parts.store.fail("create");
      expect((await browser.get(callback)).status).toBe(503);
      expectOneError();
      expect(cookieOf(browser)).toBeUndefined();
      expect(await sessionsOf("ann")).toEqual([]);
    });
  });
}
