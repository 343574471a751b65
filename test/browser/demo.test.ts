import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createManager } from "../../examples/demo/manager.ts";
import { type Site, startSite } from "../examples/demo/site.ts";
import { startChromium } from "../support/chromium.ts";
import { DemoDevices, laptop, password, press, submit } from "./_demo-devices.ts";

vi.mock("node:crypto", async (original) =>
  (await import("../examples/demo/quick-passwords.ts")).quickPasswords(original),
);

describe("the demo in Chromium", () => {
  let site: Site;
  let browser: Browser;
  let devices: DemoDevices;
  const clock = new TestClock(Date.now());

  // Long enough to install Chromium.
  beforeAll(async () => {
    browser = await startChromium();
    site = await startSite(createManager(memoryStore(), { clock: clock.now }), { clock: clock.now });
    devices = new DemoDevices(browser, site);
  }, 900_000);
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const userOnTwo = (options?: BrowserContextOptions) => devices.userOnTwo(options);
  const notice = (page: Page) => page.getByRole("status").textContent();
  const title = (page: Page) => page.getByRole("heading", { level: 1 }).textContent();
  const headings = (page: Page) => page.getByRole("listitem").getByRole("heading").allTextContents();
  const path = (page: Page) => page.url().slice(site.url.length);
  const sessionCookie = async (page: Page) =>
    (await page.context().cookies()).find(({ name }) => name === "__Host-sessionup");
  const focusedName = (page: Page) =>
    page.evaluate(() => {
      const focused = document.activeElement;
      return focused?.getAttribute("aria-label") ?? focused?.getAttribute("name") ?? focused?.textContent;
    });

  /** Moves the focus by the keyboard. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let count = 0; count < 30 && (await focusedName(page)) !== name; count++)
      await page.keyboard.press("Tab");
    expect(await focusedName(page)).toBe(name);
  }

  async function signOutInHeader(page: Page): Promise<void> {
    await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
    await page.waitForLoadState();
  }

  async function expectSignedOut(page: Page): Promise<void> {
    await page.goto("/private");
    expect(path(page)).toBe("/login");
  }

  it("the demo lists this device first, with its place, its times and a mark for the new one", async () => {
    const { name, onPhone, onLaptop } = await userOnTwo();
    expect(path(onLaptop)).toBe("/private");
    expect(await headings(onLaptop)).toEqual(["Edge on Windows This device", "Chrome on Android"]);
    await onPhone.goto("/private");
    expect(await headings(onPhone)).toEqual(["Chrome on Android This device", "Edge on Windows New"]);
    const facts = await onPhone.getByRole("listitem").first().getByRole("definition").allTextContents();
    expect(facts).toEqual([
      "This computer",
      expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
      expect.stringMatching(/^Today, \d\d:\d\d$/),
      "in 24 hours",
    ]);
    await onPhone.goto("/");
    expect(await title(onPhone)).toBe(`Hello, ${name}`);
  });

  it("a device is no longer new when its browser signs in again", async () => {
    const { name, onPhone, onLaptop } = await userOnTwo();
    await signOutInHeader(onLaptop);
    await submit(onLaptop, "/login", name);
    await onPhone.goto("/private");
    expect(await headings(onPhone)).toEqual(["Chrome on Android This device", "Edge on Windows"]);
  });

  it("the name that the user gives to a device appears on the other device, and no longer as new", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    await onLaptop.getByText("Name this device").click();
    await onLaptop.getByLabel("Name of this device").fill("Work <laptop>");
    await press(onLaptop, "Save");
    expect(await notice(onLaptop)).toBe("This device is now called Work <laptop>.");
    await onPhone.goto("/private");
    expect(await headings(onPhone)).toEqual(["Chrome on Android This device", "Work <laptop>"]);
    expect(await onPhone.getByRole("listitem").last().textContent()).toContain(
      "Edge on Windows · Active now",
    );
  });

  it("the demo signs one device out from the other, says so once, and tells the other why", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    await onLaptop
      .getByRole("button", { name: /^Sign out Chrome on Android, This computer · (127\.0\.0\.1|::1)$/ })
      .click();
    expect(await notice(onLaptop)).toBe("Chrome on Android is signed out.");
    expect(await headings(onLaptop)).toEqual(["Edge on Windows This device"]);
    await expectSignedOut(onPhone);
    expect(await notice(onPhone)).toBe(
      "You were signed out from another device. If that was not you, sign in and change your password.",
    );
    for (const page of [onPhone, onLaptop]) {
      await page.reload();
      expect(await page.getByRole("status").count()).toBe(0);
    }
  });

  it("the demo lists the devices before it signs out all others, and offers it only while there are others", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    await press(onLaptop, "Sign out all other devices");
    expect(await title(onLaptop)).toBe("Sign out all other devices?");
    expect(await onLaptop.getByRole("main").getByRole("listitem").allTextContents()).toEqual([
      expect.stringMatching(/^Chrome on Android/),
    ]);
    await press(onLaptop, "Cancel");
    expect(await headings(onLaptop)).toHaveLength(2);
    await press(onLaptop, "Sign out all other devices");
    await press(onLaptop, "Sign out 1 device");
    expect(path(onLaptop)).toBe("/private");
    expect(await notice(onLaptop)).toBe("1 other device is signed out.");
    expect(await headings(onLaptop)).toEqual(["Edge on Windows This device"]);
    expect(await onLaptop.getByRole("link", { name: "Sign out all other devices" }).count()).toBe(0);
    await expectSignedOut(onPhone);
    // The notice is shown once: not after a reload, a link or Back.
    await onLaptop.reload();
    expect(await onLaptop.getByRole("status").count()).toBe(0);
    await onLaptop.goto("/private?done=others&notice=others");
    expect(await onLaptop.getByRole("status").count()).toBe(0);
    await onLaptop.goBack();
    expect(await onLaptop.getByRole("status").count()).toBe(0);
    expect((await onLaptop.context().cookies()).map(({ name }) => name).sort()).toEqual([
      "__Host-sessionup",
      "__Host-sessionup-device",
    ]);
  });

  it("the demo asks for the password again before it signs out everywhere", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    clock.advance("3m");
    await press(onLaptop, "Sign out everywhere");
    expect(await title(onLaptop)).toBe("Confirm that it is you");
    await onLaptop.getByLabel("Password").fill("wrong horse");
    await press(onLaptop, "Continue");
    expect(await onLaptop.getByRole("alert").textContent()).toBe("That is not your current password.");
    await onLaptop.goto("/revokeall");
    expect(path(onLaptop)).toBe("/confirm");
    await onLaptop.getByLabel("Password").fill(password);
    await press(onLaptop, "Continue");
    expect(await title(onLaptop)).toBe("Sign out everywhere?");
    await press(onLaptop, "Sign out everywhere");
    expect(await notice(onLaptop)).toBe("You are now signed out everywhere.");
    expect(await sessionCookie(onLaptop)).toBeUndefined();
    await expectSignedOut(onLaptop);
    await expectSignedOut(onPhone);
  });

  it("the activity page lists sign-ins and ends, newest first", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    await onPhone.goto("/private");
    await press(onPhone, /^Sign out Edge/);
    await onPhone.getByRole("link", { name: "Activity" }).click();
    const where = / · This computer · (127\.0\.0\.1|::1)\s+Today, \d\d:\d\d\s*$/.source;
    const entries = await onPhone.getByRole("main").getByRole("listitem").allTextContents();
    expect(entries.map((each) => each.trim())).toEqual([
      expect.stringMatching(`^Signed out from another deviceEdge on Windows${where}`),
      expect.stringMatching(`^Signed in NewEdge on Windows${where}`),
      expect.stringMatching(`^Signed inChrome on Android${where}`),
    ]);
    await expectSignedOut(onLaptop);
  });

  it("the demo blocks a cross-origin form, and the user stays signed in", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    const form = `<main><form method="post" action="${site.url}/revokeall"><button>Win a prize</button></form></main>`;
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
    expect(await title(onLaptop)).toBe("Request blocked");
    await press(onLaptop, "Go to the home page");
    expect(await onLaptop.getByRole("button", { name: "Sign out" }).count()).toBe(1);
    await onPhone.goto("/private");
    expect(path(onPhone)).toBe("/private");
    other.close();
    other.closeAllConnections();
  });

  it("the sign-out button, also on an error page, ends the session, and Back does not show the private page", async () => {
    const { name, onLaptop } = await userOnTwo();
    await onLaptop.goto("/nowhere");
    expect(await onLaptop.getByRole("banner").textContent()).toContain(name);
    await onLaptop.goto("/private");
    await signOutInHeader(onLaptop);
    expect([path(onLaptop), await notice(onLaptop)]).toEqual(["/", "You are signed out."]);
    await onLaptop.goBack();
    expect(path(onLaptop)).toBe("/login");
  });

  it("a password change in the demo ends the other sessions and rotates the current one", async () => {
    const { onPhone, onLaptop } = await userOnTwo();
    const before = await sessionCookie(onLaptop);
    await onLaptop.getByRole("link", { name: "Password", exact: true }).click();
    await onLaptop.getByLabel("Current password").fill(password);
    await onLaptop.getByLabel("New password").fill("battery staple");
    await press(onLaptop, "Change password");
    expect(await notice(onLaptop)).toBe("Your password is changed. 1 other device is signed out.");
    expect(await headings(onLaptop)).toEqual(["Edge on Windows This device"]);
    expect((await sessionCookie(onLaptop))?.value).not.toBe(before?.value);
    await expectSignedOut(onPhone);
  });

  it("the demo shows an error next to its field and focuses the field", async () => {
    const { onLaptop } = await userOnTwo();
    await onLaptop.goto("/password");
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

  it("the browser keeps the cookie with the strictest attributes until it closes, or for 30 days", async () => {
    const page = await devices.open(laptop);
    const name = devices.newName();
    await submit(page, "/register", name);
    expect(await sessionCookie(page)).toEqual({
      name: "__Host-sessionup",
      value: expect.stringMatching(/^[0-9A-Za-z]+\.[0-9A-Za-z]+$/),
      domain: "localhost",
      path: "/",
      expires: -1,
      httpOnly: true,
      secure: true,
      sameSite: "Strict",
    });
    await signOutInHeader(page);
    await submit(page, "/login", name, true);
    const { expires = 0 } = (await sessionCookie(page)) ?? {};
    expect((expires - Date.now() / 1_000) / 86_400).toBeCloseTo(30, 1);
  });

  it("with only a keyboard, a user signs in, names the device and signs out all others", async () => {
    const { name, onPhone } = await userOnTwo();
    const page = await devices.open(laptop);
    await page.goto("/login");
    await tabTo(page, "name");
    await page.keyboard.type(name);
    await tabTo(page, "password");
    await page.keyboard.type(password);
    await tabTo(page, "remember");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/private");
    expect((await sessionCookie(page))?.expires).toBeGreaterThan(0);
    await tabTo(page, "Name this device");
    await page.keyboard.press("Enter");
    await tabTo(page, "name");
    await page.keyboard.type("Desk");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Desk" }).waitFor();
    await tabTo(page, "Sign out all other devices");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/revokeother");
    await tabTo(page, "Sign out 2 devices");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/private");
    expect(await notice(page)).toBe("2 other devices are signed out.");
    await expectSignedOut(onPhone);
  });

  it("the demo shows the focus, and the first link skips to the content", async () => {
    const page = await devices.open(laptop);
    await page.goto("/login");
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    const box = await skip.boundingBox();
    expect(box?.height).toBeGreaterThan(10);
    expect(await skip.evaluate((link) => getComputedStyle(link).outlineStyle)).toBe("solid");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await focusedName(page)).toBe("name");
  });

  it("the demo shows a user name with markup as text", async () => {
    const name = devices.newName(`<script>alert(1)</script>"'><b>&lt;`);
    const page = await devices.open({ ...laptop, javaScriptEnabled: true });
    const complaints: string[] = [];
    page.on("dialog", async (dialog) => {
      complaints.push(dialog.message());
      await dialog.dismiss();
    });
    page.on("console", (message) => complaints.push(message.text()));
    await submit(page, "/register", name);
    expect(await page.getByRole("banner").textContent()).toContain(name);
    await page.goto("/password");
    expect(await page.locator("input[autocomplete=username]").inputValue()).toBe(name);
    await page.goto("/");
    expect(await title(page)).toBe(`Hello, ${name}`);
    expect(await page.locator("script:not([src]), b").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  describe("with JavaScript", () => {
    const scripted = { javaScriptEnabled: true };

    /** Waits for the dialog that says that the session has ended, and returns its reason. */
    async function ending(page: Page): Promise<string | null> {
      const dialog = page.getByRole("alertdialog", { name: "You are signed out" });
      await dialog.waitFor();
      return dialog.getByRole("paragraph").textContent();
    }

    /** Waits until the page's script shows the time that is left, and returns it. */
    async function countdown(page: Page, wanted: RegExp): Promise<string | null> {
      const place = page.locator("[data-countdown]").filter({ hasText: wanted });
      await place.waitFor();
      return place.textContent();
    }

    it("the demo counts down to the end of the session, warns, and then says why it ended", async () => {
      const { onLaptop } = await userOnTwo(scripted);
      await onLaptop.clock.install();
      clock.advance("23h");
      await onLaptop.goto("/private");
      expect(await countdown(onLaptop, /:/)).toMatch(/^in 1:00:00$|^in 0:59:5\d$/);
      expect(await onLaptop.getByRole("alert").count()).toBe(0);
      clock.advance("59m");
      await onLaptop.clock.runFor(61_000);
      await onLaptop.getByRole("alert").waitFor();
      expect(await onLaptop.getByRole("alert").textContent()).toBe(
        "Your session ends in less than a minute.",
      );
      clock.advance("1m");
      await onLaptop.clock.runFor(62_000);
      expect(await ending(onLaptop)).toBe("You were signed out because your session expired.");
    });

    it("signing out in one tab signs out the other tab, and both say so", async () => {
      const { onLaptop } = await userOnTwo(scripted);
      const other = await onLaptop.context().newPage();
      await other.goto("/activity");
      await onLaptop.reload();
      await other.waitForFunction(() => document.cookie.includes("timezone="));
      await signOutInHeader(onLaptop);
      expect(await ending(other)).toBe("You signed out in this browser.");
      await onLaptop.waitForURL(`${site.url}/`);
      expect(await notice(onLaptop)).toBe("You are signed out.");
    });

    it("a page says at once that another device signed it out, without a reload, and leads to the sign-in page", async () => {
      const { onPhone, onLaptop } = await userOnTwo(scripted);
      const opened = onPhone.waitForResponse("**/events");
      await onPhone.goto("/private");
      await opened;
      const requests: string[] = [];
      onPhone.on("request", (request) => requests.push(request.url()));
      await press(onLaptop, /^Sign out Chrome/);
      expect(await ending(onPhone)).toBe(
        "You were signed out from another device. If that was not you, sign in and change your password.",
      );
      expect(requests).toEqual([]);
      expect(path(onPhone)).toBe("/private");
      expect(await focusedName(onPhone)).toBe("Sign in");
      // The keyboard reaches nothing of the page behind the dialog.
      for (const key of ["Tab", "Tab", "Shift+Tab", "Shift+Tab"]) {
        await onPhone.keyboard.press(key);
        const behind = await onPhone.evaluate(() => document.activeElement?.closest("header, main, footer"));
        expect(behind).toBeNull();
      }
      await onPhone.getByRole("link", { name: "Sign in" }).focus();
      await onPhone.keyboard.press("Enter");
      await onPhone.waitForURL("**/login");
    });

    it("Escape in the dialog leads to the sign-in page, too, which Back does not undo", async () => {
      const { onPhone, onLaptop } = await userOnTwo(scripted);
      const opened = onPhone.waitForResponse("**/events");
      await onPhone.goto("/private");
      await opened;
      await press(onLaptop, /^Sign out Chrome/);
      await ending(onPhone);
      await onPhone.keyboard.press("Escape");
      await onPhone.waitForURL("**/login");
      await onPhone.goBack();
      expect(path(onPhone)).not.toBe("/private");
    });

    it("a page whose stream breaks learns why its session ended when it reconnects", async () => {
      const { onPhone, onLaptop } = await userOnTwo(scripted);
      // The browser waits a few seconds before it reconnects.
      const opened = onPhone.waitForResponse("**/events");
      await onPhone.goto("/private");
      await opened;
      site.disconnect("/events");
      await press(onLaptop, /^Sign out Chrome/);
      expect(await ending(onPhone)).toMatch(/^You were signed out from another device\./);
    });

    it("a page notices the end of its session within a minute when the stream is blocked", async () => {
      const { onPhone, onLaptop } = await userOnTwo(scripted);
      await onPhone.route("**/events", (route) => route.abort());
      await onPhone.clock.install();
      await onPhone.goto("/private");
      await press(onLaptop, /^Sign out Chrome/);
      await onPhone.clock.runFor(62_000);
      expect(await ending(onPhone)).toMatch(/^You were signed out from another device\./);
    });

    it("tabs in the background keep no connection, of which a browser has six, until the user returns to them", async () => {
      const { onLaptop } = await userOnTwo(scripted);
      const context = onLaptop.context();
      // A browser without a window takes every tab for visible.
      await context.addInitScript(() => {
        const get = () => Reflect.get(window, "shown") ?? "hidden";
        Object.defineProperty(document, "visibilityState", { get });
      });
      const show = (page: Page, state: string) =>
        page.evaluate((shown) => {
          Object.assign(window, { shown });
          document.dispatchEvent(new Event("visibilitychange"));
        }, state);
      for (let count = 0; count < 7; count++) {
        const tab = await context.newPage();
        await Promise.all([tab.waitForResponse("**/account/session"), tab.goto("/activity")]);
      }
      const tab = await context.newPage();
      await tab.goto("/private");
      const connected = tab.waitForRequest("**/events");
      await show(tab, "visible");
      await connected;
      const disconnected = tab.waitForEvent("requestfailed");
      await show(tab, "hidden");
      expect((await disconnected).url()).toBe(`${site.url}/events`);
    });

    it("a page shows no dialog when its own form ends its session", async () => {
      const { onLaptop } = await userOnTwo(scripted);
      const opened = onLaptop.waitForResponse("**/events");
      await onLaptop.goto("/revokeall");
      await opened;
      const shown = onLaptop
        .evaluate(
          () =>
            new Promise((resolve) => {
              const dialog = document.getElementById("ended") as HTMLDialogElement;
              new MutationObserver(() => resolve("dialog")).observe(dialog, { attributes: true });
            }),
        )
        .catch(() => "next page");
      await press(onLaptop, "Sign out everywhere");
      expect(await shown).toBe("next page");
      expect(await notice(onLaptop)).toBe("You are now signed out everywhere.");
    });

    it("the demo shows times in the time zone of the browser", async () => {
      const page = await devices.open({ ...laptop, ...scripted, timezoneId: "Pacific/Kiritimati" });
      await submit(page, "/register", devices.newName());
      expect(await page.getByRole("main").textContent()).toContain("time zone Pacific/Kiritimati");
    });
  });
});
