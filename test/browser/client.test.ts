import type { Browser, BrowserContext, Page } from "playwright-core";
import { bearer } from "sessionup/bearer";
import { SessionClientError, sessionClient } from "sessionup/client";
import { TestClock } from "sessionup/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AccountSite, startAccountSite } from "../http/account-site.ts";
import { startChromium } from "../support/chromium.ts";

/** The members that the site's page adds to its window. */
interface Own {
  readonly sessionClient: typeof sessionClient;
  readonly client: ReturnType<typeof sessionClient>;
  readonly ticks: number[];
  readonly ends: string[];
}

describe("sessionup/client in Chromium", () => {
  let browser: Browser;
  let site: AccountSite;
  let clock: TestClock;
  let context: BrowserContext;

  beforeAll(async () => {
    browser = await startChromium();
  }, 900_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    clock = new TestClock();
    site = await startAccountSite({ clock: clock.now, idleTimeout: "10m" });
    context = await browser.newContext({ baseURL: site.origin });
    context.setDefaultTimeout(10_000);
  });
  afterEach(async () => {
    await context?.close();
    await site?.close();
  });

  /** Opens a tab in this browser with a fake clock. */
  async function tab(of: BrowserContext = context): Promise<Page> {
    const page = await of.newPage();
    await page.clock.install({ time: 0 });
    await page.goto("/");
    await page.waitForFunction(() => "ends" in window);
    return page;
  }

  const login = (page: Page) =>
    page.evaluate(async () => (await (await fetch("/login", { method: "POST" })).json()).id as string);

  async function watch(page: Page): Promise<void> {
    await page.evaluate(() => {
      const own = window as unknown as Own & { stop: () => void };
      own.stop = own.client.watch({
        tick: (left) => own.ticks.push(left),
        end: (reason) => own.ends.push(reason),
      });
    });
  }

  const ticks = (page: Page) => page.evaluate(() => (window as unknown as Own).ticks);
  const ends = (page: Page) => page.evaluate(() => (window as unknown as Own).ends);
  const untilEnd = (page: Page) => page.waitForFunction(() => (window as unknown as Own).ends.length > 0);
  const untilTick = (page: Page, left: number) =>
    page.waitForFunction((wanted) => (window as unknown as Own).ticks.at(-1) === wanted, left);

  /** Calls one of the client's functions in the page. */
  const call = (page: Page, method: "get" | "fetchAll" | "revoke" | "revokeOther" | "revokeAll") =>
    page.evaluate(async (name) => (window as unknown as Own).client[name]() as unknown, method);

  it("get returns the signed-in user, or undefined without a session", async () => {
    const page = await tab();
    expect(await call(page, "get")).toBeUndefined();
    const id = await login(page);
    expect(await call(page, "get")).toMatchObject({ userKey: "ann", expiresIn: 600, session: { id } });
  });

  it("the client lists sessions and ends one, all others or all of them", async () => {
    const page = await tab();
    const ids = [await login(page)];
    for (let count = 0; count < 2; count++) {
      const other = await browser.newContext({ baseURL: site.origin });
      ids.push(await login(await tab(other)));
      await other.close();
    }
    expect(await call(page, "fetchAll")).toHaveLength(3);
    const end = (id: string | undefined) =>
      page.evaluate((which) => (window as unknown as Own).client.revokeOwn(which), id ?? "");
    expect([await end(ids[1]), await end(ids[1])]).toEqual([true, false]);
    expect(await call(page, "revokeOther")).toEqual([ids[2]]);
    expect(await call(page, "revokeAll")).toEqual([ids[0]]);
    expect(await call(page, "get")).toBeUndefined();
  });

  it("a client with a token sends the token without the cookie, also on the cookie's own origin", async () => {
    await site.close();
    site = await startAccountSite({ transports: ["cookie", bearer()] });
    const page = await (await browser.newContext({ baseURL: site.origin })).newPage();
    await page.goto("/");
    await page.waitForFunction(() => "ends" in window);
    const users = await page.evaluate(async () => {
      const { sessionClient: create } = window as unknown as Own;
      const post = async (path: string) => (await fetch(path, { method: "POST" })).json();
      let token: string | undefined = (await post("/app/login")).token;
      await post("/login");
      const storage = {
        load: () => token,
        save(next: string | undefined) {
          token = next;
        },
      };
      const app = create({ path: "/account", token: storage });
      const cookie = create({ path: "/account" });
      const both = [(await app.get())?.userKey, (await cookie.get())?.userKey];
      await app.revoke();
      return [...both, token, (await cookie.get())?.userKey];
    });
    expect(users).toEqual(["app", "ann", undefined, "ann"]);
  });

  it("watch calls tick once a second with the seconds left", async () => {
    const page = await tab();
    await login(page);
    await watch(page);
    await untilTick(page, 600);
    await page.clock.runFor(3_000);
    expect(await ticks(page)).toEqual([600, 599, 598, 597]);
  });

  it("a logout ends watch in all other tabs at once", async () => {
    const [one, other] = [await tab(), await tab()];
    await login(one);
    for (const page of [one, other]) {
      await watch(page);
      await untilTick(page, 600);
    }
    await call(one, "revoke");
    for (const page of [one, other]) {
      await untilEnd(page);
      expect(await ends(page)).toEqual(["no_cookie"]);
    }
  });

  it("watch ends within a minute after the session was ended on another device", async () => {
    const page = await tab();
    await login(page);
    await watch(page);
    await untilTick(page, 600);
    await site.manager.revokeByUserKey("ann");
    await page.clock.runFor(61_000);
    await untilEnd(page);
    expect(await ends(page)).toEqual(["unknown"]);
  });

  it("watch asks the server when time is up, because another tab may have used the session", async () => {
    const page = await tab();
    await login(page);
    await watch(page);
    await untilTick(page, 600);
    clock.advance("9m");
    await page.evaluate(() => fetch("/use"));
    await page.clock.runFor(61_000);
    await untilTick(page, 600);
    expect(await ends(page)).toEqual([]);
  });

  it("watch ends with the server's reason when time is up", async () => {
    const page = await tab();
    await login(page);
    clock.advance("595s");
    await watch(page);
    await untilTick(page, 5);
    clock.advance("5s");
    await page.clock.runFor(7_000);
    await untilEnd(page);
    expect([await ends(page), (await ticks(page)).at(-1)]).toEqual([["idle"], 0]);
  });

  it("watch does not end during a store outage and continues after it", async () => {
    const page = await tab();
    await login(page);
    site.store.down = true;
    await watch(page);
    await page.waitForResponse((response) => response.status() === 503);
    expect([await ticks(page), await ends(page)]).toEqual([[], []]);
    site.store.down = false;
    await page.clock.runFor(6_000);
    await untilTick(page, 600);
    expect(await ends(page)).toEqual([]);
  });

  it("watch calls no callback after stop", async () => {
    const [one, other] = [await tab(), await tab()];
    await login(one);
    await watch(one);
    await untilTick(one, 600);
    await one.evaluate(() => (window as unknown as { stop: () => void }).stop());
    await call(other, "revoke");
    await one.clock.runFor(120_000);
    expect([await ticks(one), await ends(one)]).toEqual([[600], []]);
  });

  it("watch calls no callback when stop is called during its request", async () => {
    const page = await tab();
    await login(page);
    const answered = page.waitForResponse((response) => response.url().endsWith("/session"));
    await page.evaluate(() => {
      const own = window as unknown as Own;
      own.client.watch({ tick: (left) => own.ticks.push(left), end: (reason) => own.ends.push(reason) })();
    });
    await (await answered).finished();
    await call(page, "get");
    expect([await ticks(page), await ends(page)]).toEqual([[], []]);
  });

  it("an error response throws an error with its status", async () => {
    const page = await tab();
    await login(page);
    site.store.down = true;
    const status = await page.evaluate(() =>
      (window as unknown as Own).client.revoke().catch((error: { status: number }) => error.status),
    );
    expect(status).toBe(503);
  });

  describe("a site that requires re-authentication", () => {
    let strict: AccountSite;
    beforeEach(async () => {
      strict = await startAccountSite({ clock: clock.now }, { maxAuthAge: "10m", level: 2 });
      await context.close();
      context = await browser.newContext({ baseURL: strict.origin });
    });
    afterEach(() => strict?.close());

    it("the client's error names the required authentication, so that the page can retry [asvs 7.5.3]", async () => {
      const page = await tab();
      await login(page);
      const attempt = () =>
        page.evaluate(() =>
          (window as unknown as Own).client.revokeOther().catch(({ status, reason, needed }) => ({
            status,
            reason,
            needed,
          })),
        );
      const needed = { maxAge: 600, level: 2 };
      expect(await attempt()).toEqual({ status: 401, reason: "stale_authentication", needed });
      expect(await call(page, "get")).toMatchObject({ userKey: "ann" });
      await page.evaluate(() => fetch("/prove", { method: "POST" }));
      expect(await attempt()).toEqual([]);
    });

    it("a rejected page shows the server's response and no authentication dialog", async () => {
      const page = await tab();
      await login(page);
      // For Basic authentication, headless Chromium would fail with ERR_INVALID_AUTH_CREDENTIALS.
      const response = await page.goto("/stepped-up");
      expect([response?.status(), await response?.headerValue("www-authenticate")]).toEqual([
        401,
        expect.stringMatching(/^Session error="insufficient_user_authentication"/),
      ]);
      expect(await page.locator("body").innerText()).toContain('"acr_values":"2"');
    });
  });
});

describe("sessionup/client", () => {
  it("reports status 0 when the server cannot be reached", async () => {
    const client = sessionClient({ path: "http://127.0.0.1:1/account" });
    const error = await client.get().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SessionClientError);
    expect(error).toMatchObject({ status: 0, message: "The session routes did not respond." });
  });
});
