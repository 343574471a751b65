import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startChromium } from "../support/chromium.ts";
import { type LoginSite, startLoginSite } from "./site.ts";

let site: LoginSite;
let browser: Browser;

beforeAll(async () => {
  site = await startLoginSite("localhost");
  browser = await startChromium();
}, 900_000);
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

async function inBrowser(use: (page: Page, context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ baseURL: site.app });
  try {
    await use(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

/** Signs in on the provider's two pages, and waits until the browser is back at the app. */
async function signIn(page: Page, login: string): Promise<void> {
  expect(new URL(page.url()).origin).toBe(site.provider);
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", "any");
  await page.click("button[type=submit]");
  await page.click("button[type=submit]:has-text('Continue')");
  await page.waitForURL(`${site.app}/**`);
}

/** Returns the names and the SameSite of the cookies that the app has in the browser. */
async function cookiesOf(context: BrowserContext): Promise<readonly string[]> {
  const cookies = await context.cookies(site.app);
  return cookies.map(({ name, sameSite }) => `${name.replace(/[0-9a-f]{32}$/, "…")} ${sameSite}`);
}

describe("a login in Chromium at a provider on another site", () => {
  it("the values arrive with the redirect from the provider, and the cart is in the session", async () => {
    await inBrowser(async (page, context) => {
      await page.goto("/contact");
      await page.evaluate(() => fetch("/cart/tea", { method: "POST" }));
      await page.goto("/login?returnTo=/me");
      expect(await cookiesOf(context)).toEqual([
        "__Host-sessionup-form Lax",
        "__Host-sessionup-pocket-cart Lax",
        "__Host-sessionup-pocket-login-… Lax",
      ]);
      await signIn(page, "ann");
      expect(JSON.parse(await page.innerText("body"))).toEqual({
        userId: "ann",
        cart: [{ item: "tea", count: 1 }],
      });
      expect(await cookiesOf(context)).toEqual(["__Host-sessionup-form Lax", "__Host-sessionup Lax"]);
    });
  });

  it("the values arrive with the provider's form if they have SameSite=None", async () => {
    await inBrowser(async (page, context) => {
      await page.goto("/login-by-form");
      expect(await cookiesOf(context)).toEqual(["__Host-sessionup-pocket-formLogin-… None"]);
      await signIn(page, "bob");
      expect(JSON.parse(await page.innerText("body"))).toEqual({ userId: "bob", cart: [] });
      expect(await cookiesOf(context)).toEqual(["__Host-sessionup Lax"]);
    });
  });
});
