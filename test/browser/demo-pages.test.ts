import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Site, startSite } from "../examples/demo/site.ts";
import { startChromium } from "../support/chromium.ts";
import { DemoDevices, laptop, phone, press, submit } from "./_demo-devices.ts";
import { faintText, missing, overflow, violations } from "./_page-checks.ts";

vi.mock("node:crypto", async (original) =>
  (await import("../examples/demo/quick-passwords.ts")).quickPasswords(original),
);

describe("the pages of the demo in Chromium", () => {
  let site: Site;
  let browser: Browser;
  let devices: DemoDevices;

  // Long enough to install Chromium.
  beforeAll(async () => {
    browser = await startChromium();
    site = await startSite();
    devices = new DemoDevices(browser, site);
  }, 900_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it("every page fits 320 px and large text, and axe-core finds no violation in light and dark colours", async () => {
    const page = await devices.open({ ...phone, javaScriptEnabled: true });
    const name = devices.newName("long".repeat(15));
    const failed = new Set<string>();

    const check = async (what: string) => {
      // A click waits for the page, but not for its style sheet.
      await page.waitForLoadState();
      const found: unknown[] = await missing(page).then((each) => [...each]);
      found.push(...(await violations(page)));
      await page.emulateMedia({ colorScheme: "dark" });
      found.push(...(await faintText(page)));
      await page.emulateMedia({ colorScheme: "light" });
      if ((await overflow(page)) !== 0) found.push("too wide for 320 px");
      if (await isTooWideInLargeText(page)) found.push("too wide for text of 200%");
      for (const each of found) failed.add(`${what}: ${each}`);
    };

    for (const visited of ["/", "/login", "/register", "/nowhere"]) {
      await page.goto(visited);
      await check(visited);
    }
    await submit(page, "/login", name);
    await check("wrong login");
    await submit(page, "/register", name);
    await check("one device");
    await page.reload(); // axe-core has changed the page
    await page.getByText("Name this device").click();
    await check("naming a device");
    for (let count = 0; count < 2; count++) await submit(await devices.open(laptop), "/login", name);
    await page.goto("/private");
    await page
      .getByRole("button", { name: /^Sign out Edge/ })
      .first()
      .click();
    await check("two devices, new, and a notice");
    for (const visited of ["/", "/activity", "/password", "/confirm", "/revokeother", "/revokeall"]) {
      await page.goto(visited);
      await check(`${visited} signed in`);
    }
    await page.goto("/password");
    await page.getByLabel("Current password").fill("wrong horse");
    await page.getByLabel("New password").fill("battery staple");
    await press(page, "Change password");
    await check("wrong password");
    await page.goto("/revokeall");
    await press(page, "Sign out everywhere");
    await check("signed out everywhere");
    await submit(page, "/register", name);
    await check("name taken");
    expect([...failed]).toEqual([]);
  });

  it("the dialog of an ended session fits 320 px, and axe-core finds no violation in light and dark colours", async () => {
    const { onPhone, onLaptop } = await devices.userOnTwo({ javaScriptEnabled: true });
    const connected = onPhone.waitForResponse("**/events");
    await onPhone.goto("/private");
    await connected;
    await press(onLaptop, /^Sign out Chrome/);
    await onPhone.getByRole("alertdialog").waitFor();
    expect(await missing(onPhone)).toEqual([]);
    expect(await violations(onPhone)).toEqual([]);
    await onPhone.emulateMedia({ colorScheme: "dark" });
    expect(await faintText(onPhone)).toEqual([]);
    expect(await overflow(onPhone)).toBe(0);
    expect(await isTooWideInLargeText(onPhone)).toBe(false);
  });

  /** Whether the page scrolls sideways on a small laptop when the reader doubles the size of text. */
  async function isTooWideInLargeText(page: Page): Promise<boolean> {
    const size = page.viewportSize();
    await page.setViewportSize({ width: 1_024, height: 640 });
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    const isTooWide = (await overflow(page)) !== 0;
    await page.evaluate(() => document.documentElement.removeAttribute("style"));
    if (size) await page.setViewportSize(size);
    return isTooWide;
  }

  it("axe-core finds a violation and the checks find inline code where there is one", async () => {
    const page = await devices.open({ ...phone, javaScriptEnabled: true });
    await page.goto("/login");
    await page.evaluate(() => {
      document.querySelector("label")?.remove();
      const heading = document.querySelector("h1");
      if (heading) Object.assign(heading.style, { color: "#ccc", width: "2000px" });
    });
    const found = (await violations(page)).map((each) => each.split(":", 1)[0]);
    expect(found).toEqual(expect.arrayContaining(["label", "color-contrast"]));
    expect(await missing(page)).toEqual(["no inline scripts and styles"]);
    expect(await overflow(page)).toBeGreaterThan(0);
  });
});
