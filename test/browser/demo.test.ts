import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Site, startSite } from "../examples/demo/site.ts";
import { startChromium } from "../support/chromium.ts";
import { faintText, missing, overflow } from "./_page-checks.ts";

vi.mock("node:crypto", async (original) =>
  (await import("../examples/demo/quick-passwords.ts")).quickPasswords(original),
);

const password = "correct horse";

const phone: BrowserContextOptions = {
  userAgent:
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
  extraHTTPHeaders: hints("Google Chrome", "Android", true),
  viewport: { width: 375, height: 740 },
  isMobile: true,
};
const laptop: BrowserContextOptions = {
  userAgent:
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
  extraHTTPHeaders: hints("Microsoft Edge", "Windows", false),
};

/** Returns the client hints that such a browser sends to localhost. */
function hints(brand: string, platform: string, mobile: boolean): Record<string, string> {
  return {
    "sec-ch-ua": `"Not:A-Brand";v="8", "Chromium";v="156", "${brand}";v="156"`,
    "sec-ch-ua-mobile": mobile ? "?1" : "?0",
    "sec-ch-ua-platform": `"${platform}"`,
  };
}

describe("the demo in Chromium", () => {
  let site: Site;
  let browser: Browser;
  let count = 0;

  // Long enough to install Chromium.
  beforeAll(async () => {
    browser = await startChromium();
    site = await startSite();
  }, 900_000);
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  async function device(options: BrowserContextOptions): Promise<Page> {
    const context = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false, ...options });
    context.setDefaultTimeout(10_000);
    return context.newPage();
  }

  async function submit(page: Page, path: string, name: string, remember = false): Promise<void> {
    await page.goto(path);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    if (remember) await page.getByLabel("Remember me").check();
    await page.getByRole("main").getByRole("button").click();
    await page.waitForLoadState();
  }

  /** Registers a new user and signs in on a phone and then on a laptop. */
  async function userOnTwo(): Promise<{ name: string; onPhone: Page; onLaptop: Page }> {
    const name = `user${++count}`;
    const [onPhone, onLaptop] = [await device(phone), await device(laptop)];
    await submit(onPhone, "/register", name);
    await submit(onLaptop, "/login", name);
    return { name, onPhone, onLaptop };
  }

  const headings = (page: Page) => page.getByRole("listitem").getByRole("heading").allTextContents();
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const press = async (page: Page, name: string) => {
    await button(page, name).click();
    await page.waitForLoadState();
  };
  const path = (page: Page) => page.url().slice(site.url.length);

  async function expectSignedOut(page: Page): Promise<void> {
    await page.goto("/private");
    expect(path(page)).toBe("/login");
  }

  it("the demo lists both devices and marks the current one", async () => {
    const { name, onPhone, onLaptop } = await userOnTwo();
    expect(path(onLaptop)).toBe("/private");
    expect(await headings(onLaptop)).toEqual(["Edge on Windows This device", "Chrome on Android"]);
    await onPhone.reload();
    expect(await headings(onPhone)).toEqual(["Edge on Windows", "Chrome on Android This device"]);
    expect(await onPhone.getByRole("definition").first().textContent()).toMatch(/^(127\.0\.0\.1|::1)$/);
    await onPhone.goto("/");
    expect(await onPhone.getByRole("heading", { level: 1 }).textContent()).toBe(`Hello, ${name}`);
  });

  it("the demo signs one device out from the other", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    await onLaptop.getByRole("button", { name: /^Sign out Chrome on Android, (127\.0\.0\.1|::1)$/ }).click();
    expect(await onLaptop.getByRole("status").textContent()).toBe("That device is now signed out.");
    expect(await headings(onLaptop)).toEqual(["Edge on Windows This device"]);
    await expectSignedOut(onPhone);
  });

  it("the demo shows a notice once: not after a reload, Back or a link", async () => {
    const { onLaptop } = await userOnTwo();
    await press(onLaptop, "Sign out all others");
    expect(await onLaptop.getByRole("status").textContent()).toBe("All other devices are now signed out.");
    expect(path(onLaptop)).toBe("/private");
    await onLaptop.reload();
    expect(await onLaptop.getByRole("status").count()).toBe(0);
    await onLaptop.goto("/private?done=password");
    expect(await onLaptop.getByRole("status").count()).toBe(0);
    await onLaptop.goBack();
    expect(await onLaptop.getByRole("status").count()).toBe(0);
    expect(await onLaptop.context().cookies()).toHaveLength(1);
  });

  it("the demo blocks a cross-origin form, and the user stays signed in", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    const form = `<form method="post" action="${site.url}/revokeall"><button>Win a prize</button></form>`;
    const other = createServer((_request, response) =>
      response.setHeader("content-type", "text/html").end(form),
    );
    await once(other.listen(0), "listening");
    await onLaptop.goto(`http://localhost:${(other.address() as AddressInfo).port}/`);
    const answer = onLaptop.waitForResponse("**/revokeall");
    await press(onLaptop, "Win a prize");
    expect((await answer).status()).toBe(403);
    // The browser sent the cookie, because another port is the same site.
    expect((await (await answer).request().allHeaders()).cookie).toContain("__Host-sessionup=");
    expect(await onLaptop.getByRole("heading", { level: 1 }).textContent()).toBe("Request blocked");
    await onLaptop.getByRole("link", { name: "Go to the home page" }).click();
    await onLaptop.waitForLoadState();
    expect(await button(onLaptop, "Sign out").count()).toBe(1);
    await onPhone.goto("/private");
    expect(path(onPhone)).toBe("/private");
    other.close();
    other.closeAllConnections();
  });

  it("the demo keeps the account links on an error page", async () => {
    const { name, onLaptop } = await userOnTwo();
    await onLaptop.goto("/nowhere");
    expect(await onLaptop.getByRole("navigation").getByRole("link").textContent()).toBe(name);
    await press(onLaptop, "Sign out");
    expect(path(onLaptop)).toBe("/");
    await expectSignedOut(onLaptop);
  });

  it("the demo signs out all other devices and then hides the button", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    await press(onLaptop, "Sign out all others");
    expect(await headings(onLaptop)).toEqual(["Edge on Windows This device"]);
    expect(await button(onLaptop, "Sign out all others").count()).toBe(0);
    await expectSignedOut(onPhone);
  });

  it("the demo signs out everywhere", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    await press(onLaptop, "Sign out everywhere");
    expect(await onLaptop.getByRole("status").textContent()).toBe("You are now signed out everywhere.");
    expect(await onLaptop.context().cookies()).toEqual([]);
    await expectSignedOut(onLaptop);
    await expectSignedOut(onPhone);
  });

  it("the demo's sign-out button ends the session, and Back does not show the private page", async () => {
    const { onLaptop } = await userOnTwo();
    await press(onLaptop, "Sign out");
    expect(path(onLaptop)).toBe("/");
    await onLaptop.goBack();
    expect(path(onLaptop)).toBe("/login");
  });

  it("a password change in the demo ends the other sessions and rotates the current one", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    const [before] = await onLaptop.context().cookies();
    await onLaptop.getByLabel("Current password").fill(password);
    await onLaptop.getByLabel("New password").fill("battery staple");
    await press(onLaptop, "Change password");
    expect(await onLaptop.getByRole("status").textContent()).toBe(
      "Your password has been changed. All other devices are signed out.",
    );
    expect(await headings(onLaptop)).toEqual(["Edge on Windows This device"]);
    const [after] = await onLaptop.context().cookies();
    expect(after?.value).not.toBe(before?.value);
    await expectSignedOut(onPhone);
  });

  it("the demo shows an error next to its field and focuses the field", async () => {
    const { onLaptop } = await userOnTwo();
    await onLaptop.getByLabel("Current password").fill("wrong horse");
    await onLaptop.getByLabel("New password").fill("battery staple");
    await press(onLaptop, "Change password");
    const field = onLaptop.getByLabel("Current password");
    expect(await onLaptop.getByRole("alert").textContent()).toBe("That is not your current password.");
    expect(await field.getAttribute("aria-describedby")).toBe(
      await onLaptop.getByRole("alert").getAttribute("id"),
    );
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    expect(await field.evaluate((input) => input === document.activeElement)).toBe(true);
    expect(await onLaptop.title()).toMatch(/^Error: /);
  });

  it("the browser keeps the demo's cookie with the strictest attributes until it closes", async () => {
    const { onLaptop } = await userOnTwo();
    const cookies = await onLaptop.context().cookies();
    expect(cookies).toEqual([
      {
        name: "__Host-sessionup",
        value: expect.stringMatching(/^[0-9A-Za-z]+\.[0-9A-Za-z]+$/),
        domain: "localhost",
        path: "/",
        expires: -1,
        httpOnly: true,
        secure: true,
        sameSite: "Strict",
      },
    ]);
  });

  it("the browser keeps a remembered cookie of the demo for 30 days", async () => {
    const { name } = await userOnTwo();
    const page = await device(laptop);
    await submit(page, "/login", name, true);
    const [cookie] = await page.context().cookies();
    expect(((cookie?.expires ?? 0) - Date.now() / 1_000) / 86_400).toBeCloseTo(30, 2);
  });

  it("a user can sign in to the demo with only a keyboard", async () => {
    const { name } = await userOnTwo();
    const page = await device(laptop);
    await page.goto("/login");
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("name"));
    for (let press = 0; press < 10 && (await focused()) !== "name"; press++) await page.keyboard.press("Tab");
    await page.keyboard.type(name);
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/private");
    expect((await page.context().cookies())[0]?.expires).toBeGreaterThan(0);
  });

  it("the demo shows the focus, and the first link skips to the content", async () => {
    const page = await device(laptop);
    await page.goto("/login");
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    const box = await skip.boundingBox();
    expect(box?.height).toBeGreaterThan(10);
    expect(await skip.evaluate((link) => getComputedStyle(link).outlineStyle)).toBe("solid");
  });

  it("the demo shows a user name with markup as text", async () => {
    const name = `<script>alert(1)</script>"'><b>${++count}&lt;`;
    const page = await device({ ...laptop, javaScriptEnabled: true });
    const complaints: string[] = [];
    page.on("dialog", async (dialog) => {
      complaints.push(dialog.message());
      await dialog.dismiss();
    });
    page.on("console", (message) => complaints.push(message.text()));
    await submit(page, "/register", name);
    expect(await page.getByRole("navigation").getByRole("link").textContent()).toBe(name);
    expect(await page.locator("input[autocomplete=username]").inputValue()).toBe(name);
    await page.goto("/");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(`Hello, ${name}`);
    expect(await page.locator("script, b").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it.each(["light", "dark"] as const)(
    "every page of the demo fits a phone, has enough contrast and names its parts, in %s colours",
    async (colorScheme) => {
      const page = await device({ ...phone, colorScheme, javaScriptEnabled: true });
      const name = `${"long".repeat(15)}${++count}`;
      const check = async (what: string) => {
        // A click waits for the page, but not for its style sheet.
        await page.waitForLoadState();
        const found = {
          overflow: await overflow(page),
          faint: await faintText(page),
          missing: await missing(page),
        };
        expect({ what, ...found }).toEqual({ what, overflow: 0, faint: [], missing: [] });
      };
      for (const visited of ["/", "/login", "/register", "/nowhere"]) {
        await page.goto(visited);
        await check(visited);
      }
      await submit(page, "/login", name);
      await check("wrong login");
      await submit(page, "/register", name);
      await check("/private");
      await press(page, "Sign out");
      await submit(page, "/register", name);
      await check("name taken");
      await submit(page, "/login", name);
      await submit(await device(laptop), "/login", name);
      await submit(await device(laptop), "/login", name);
      await page.goto("/private");
      await page
        .getByRole("button", { name: /^Sign out Edge/ })
        .first()
        .click();
      await check("/private with two devices and a notice");
      await page.getByLabel("Current password").fill("wrong horse");
      await page.getByLabel("New password").fill("battery staple");
      await press(page, "Change password");
      await check("wrong password");
      await page.goto("/");
      await check("/ signed in");
    },
  );
});
