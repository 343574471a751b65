import { describe, expect, it } from "vitest";
import { beginAtAuthjs } from "./begin-at-authjs.ts";
import { Browser } from "./browser.ts";
import { oauthSuite } from "./oauth-suite.ts";

describe("examples/authjs", () => {
  const test = oauthSuite({
    example: "authjs",
    callback: "/auth/callback/local",
    leaves: ["authjs.callback-url", "authjs.csrf-token"],
    begin: beginAtAuthjs,
    async load() {
      process.env.AUTH_SECRET = "the secret of Auth.js, which is long";
      const { app } = await import("../../../examples/authjs/app.ts");
      const { manager } = await import("../../../examples/authjs/sessions.ts");
      return { listener: app, manager };
    },
  });

  it("the sign-out of Auth.js ends the session of sessionup", async () => {
    const browser = new Browser();
    await test.logIn(browser, "hugo");
    const before = browser.copy();
    await browser.submit(await browser.get(`${test.origin}/auth/signout`));
    await expect(test.me(before)).resolves.toBe(401);
  });

  it("Auth.js itself knows no session", async () => {
    const browser = new Browser();
    await test.logIn(browser, "ines");
    expect((await browser.get(`${test.origin}/auth/session`)).text).toBe("null");
  });

  it("a login ends on the app's own origin, whatever callbackUrl the link names", async () => {
    const browser = new Browser();
    const page = await browser.get(`${test.origin}/auth/signin`);
    const start = await browser.submit(page, { callbackUrl: "https://evil.example/" }, "/signin/local");
    const end = await test.logIn(browser, "jack", start);
    expect([end.url.origin, await test.me(browser)]).toEqual([test.origin, "local:jack"]);
  });
});
