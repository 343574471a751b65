import { createServer, type RequestListener } from "node:http";
import type { Manager } from "sessionup";
import { beforeAll, expect, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { type Example, startExample } from "../../support/walk.ts";
import { Browser, type Page } from "./browser.ts";
import { installExamples, type OwnExample } from "./packages.ts";

const COOKIE = "__Host-sessionup";

/** An app with the routes /me and /logout, in which a library performs the login at the identity provider. */
export interface LoginApp {
  readonly listener: RequestListener;
  readonly manager: Manager;
}

/** The differences between the apps. */
export interface LoginLibrary {
  readonly example: OwnExample;
  /** Imports the app, after the environment variables ISSUER and BASE_URL have been set. */
  load(): Promise<LoginApp>;
  /** Begins a login. Returns the provider's page. */
  begin(browser: Browser, origin: string): Promise<Page>;
  /** The path to which the provider sends the browser back. */
  readonly callback: string;
  /** Returns the user key of a name at the provider. Default: "local:<name>". */
  userKey?(name: string, app: LoginApp): Promise<string>;
  /** Whether a name longer than a user key makes `init` fail. Default: true. */
  readonly rejectsLongNames?: boolean;
  /** The names of the library's cookies that remain after a login. None of them signs in. */
  readonly leaves: readonly string[];
}

/** A running app and its provider. */
export interface LoginTest {
  readonly origin: string;
  readonly issuer: string;
  readonly app: LoginApp;
  /** Begins a login. Returns the provider's page. */
  begin(browser: Browser): Promise<Page>;
  /** Logs in up to the callback, which the browser does not request. Returns its address. */
  stopBeforeCallback(browser: Browser, name: string): Promise<URL>;
  /** Logs in at the provider and returns the page on which the navigation ended. */
  logIn(browser: Browser, name: string, start?: Page): Promise<Page>;
  /** Returns the user key of the session, or the status of the response without one. */
  me(browser: Browser): Promise<string | number>;
}

/** Starts the identity provider of the examples. */
export async function startProvider(): Promise<Example> {
  await installExamples("oidc-provider");
  return startExample("oidc-provider");
}

/** Completes a login on the pages of the identity provider. */
export async function completeLogin(browser: Browser, start: Page, name: string): Promise<Page> {
  const consent = await browser.submit(start, { login: name, password: "any" }, "/interaction/");
  return browser.submit(consent, {}, "/interaction/");
}

/** Registers the tests that every library passes. Returns what further tests need. */
export function oauthSuite(library: LoginLibrary): LoginTest {
  const test = {} as { -readonly [Key in keyof LoginTest]: LoginTest[Key] };
  const userKey = (name: string) => library.userKey?.(name, test.app) ?? Promise.resolve(`local:${name}`);

  beforeAll(async () => {
    await installExamples(library.example);
    const provider = await startProvider();
    const server = createServer();
    const { origin, close } = await listen(server);
    test.issuer = provider.origin;
    test.origin = origin.replace("127.0.0.1", "localhost");
    process.env.ISSUER = test.issuer;
    process.env.BASE_URL = test.origin;
    test.app = await library.load();
    server.on("request", test.app.listener);
    return async () => {
      await close();
      await provider.stop();
    };
  }, 600_000);

  test.logIn = async (browser, name, start) =>
    completeLogin(browser, start ?? (await test.begin(browser)), name);
  test.me = async (browser) => {
    const { status, text } = await browser.get(`${test.origin}/me`);
    return status === 200 ? (JSON.parse(text) as { userKey: string }).userKey : status;
  };
  const cookieNames = (browser: Browser) => [...browser.jar(test.origin).keys()].sort();

  test.begin = (browser) => library.begin(browser, test.origin);

  test.stopBeforeCallback = async (browser, name) => {
    const start = await test.begin(browser);
    const stops = (url: URL) => url.origin !== test.origin;
    const login = await browser.submit(start, { login: name, password: "any" }, "/interaction/");
    const action = new URL(/action="([^"]*interaction[^"]*)"/.exec(login.text)?.[1] ?? "", login.url);
    const body = new URLSearchParams({ prompt: "consent" });
    const { url } = await browser.navigate(new Request(action, { method: "POST", body }), stops);
    expect(url.pathname).toBe(library.callback);
    expect(url.searchParams.get("code")).toEqual(expect.any(String));
    return url;
  };

  it("a login ends in a session of sessionup, and in no cookie of the library that signs in", async () => {
    const browser = new Browser();
    const page = await test.logIn(browser, "ann");
    expect([page.status, page.url.origin]).toEqual([200, test.origin]);
    await expect(test.me(browser)).resolves.toBe(await userKey("ann"));
    expect(cookieNames(browser)).toEqual([COOKIE, ...library.leaves].sort());
    browser.jar(test.origin).delete(COOKIE);
    await expect(test.me(browser)).resolves.toBe(401);
  });

  it("a second login replaces the first session", async () => {
    const browser = new Browser();
    await test.logIn(browser, "bob");
    const first = browser.copy();
    await completeSecondLogin(browser);
    await expect(test.me(browser)).resolves.toBe(await userKey("bob"));
    expect(browser.jar(test.origin).get(COOKIE)).not.toBe(first.jar(test.origin).get(COOKIE));
    await expect(test.me(first)).resolves.toBe(401);
    expect(await test.app.manager.fetchByUserKey(await userKey("bob"))).toHaveLength(1);
  });

  /** The provider remembers the user and asks nothing, or only for the consent. */
  async function completeSecondLogin(browser: Browser): Promise<void> {
    const page = await test.begin(browser);
    if (page.url.origin !== test.origin) await browser.submit(page, {}, "/interaction/");
  }

  it("a login in a browser with a planted session gets a new session, and the planted one ends", async () => {
    const [attacker, victim] = [new Browser(), new Browser()];
    await test.logIn(attacker, "mallory");
    victim.jar(test.origin).set(COOKIE, attacker.jar(test.origin).get(COOKIE) ?? "");
    await test.logIn(victim, "carol");
    await expect(test.me(victim)).resolves.toBe(await userKey("carol"));
    await expect(test.me(attacker)).resolves.toBe(401);
  });

  it("revokeByUserKey ends the access of all browsers at once", async () => {
    const browsers = [new Browser(), new Browser()];
    for (const browser of browsers) await test.logIn(browser, "dora");
    expect(await test.app.manager.revokeByUserKey(await userKey("dora"))).toHaveLength(2);
    for (const browser of browsers) await expect(test.me(browser)).resolves.toBe(401);
  });

  it("a logout ends the session, and no remaining cookie signs in", async () => {
    const browser = new Browser();
    await test.logIn(browser, "ed");
    const before = browser.copy();
    await browser.post(`${test.origin}/logout`);
    expect(cookieNames(browser)).toEqual([...library.leaves].sort());
    for (const each of [browser, before]) await expect(test.me(each)).resolves.toBe(401);
  });

  it("a callback that the browser did not begin creates no session", async () => {
    const [attacker, victim] = [new Browser(), new Browser()];
    const url = await test.stopBeforeCallback(attacker, "mallory");
    await victim.get(url);
    expect(cookieNames(victim)).not.toContain(COOKIE);
    // Not even if the victim has begun a login, too.
    await test.begin(victim);
    await victim.get(url);
    expect(cookieNames(victim)).not.toContain(COOKIE);
    await expect(test.me(victim)).resolves.toBe(401);
  });

  it("a forged code creates no session", async () => {
    const browser = new Browser();
    const url = await test.stopBeforeCallback(browser, "finn");
    url.searchParams.set("code", "forged");
    await browser.get(url);
    expect(cookieNames(browser)).not.toContain(COOKIE);
    await expect(test.me(browser)).resolves.toBe(401);
  });

  it("a callback works once", async () => {
    const browser = new Browser();
    const url = await test.stopBeforeCallback(browser, "gina");
    const thief = browser.copy();
    await browser.get(url);
    await expect(test.me(browser)).resolves.toBe(await userKey("gina"));
    await thief.get(url);
    await expect(test.me(thief)).resolves.toBe(401);
  });

  it("a login that the user cancels at the provider creates no session", async () => {
    const browser = new Browser();
    const start = await test.begin(browser);
    const abort = /href="([^"]*\/abort)"/.exec(start.text)?.[1] ?? "";
    await browser.get(new URL(abort, start.url));
    expect(cookieNames(browser)).not.toContain(COOKIE);
    await expect(test.me(browser)).resolves.toBe(401);
  });

  it.runIf(library.rejectsLongNames ?? true)(
    "a login for which sessionup begins no session leaves the user signed out",
    async () => {
      const browser = new Browser();
      await test.logIn(browser, "x".repeat(1_100)); // longer than a user key may be
      expect(cookieNames(browser)).not.toContain(COOKIE);
      await expect(test.me(browser)).resolves.toBe(401);
    },
  );

  return test;
}
