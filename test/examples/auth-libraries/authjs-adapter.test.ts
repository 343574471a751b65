import { describe, expect, it } from "vitest";
import { beginAtAuthjs } from "./begin-at-authjs.ts";
import { Browser } from "./browser.ts";
import { oauthSuite } from "./oauth-suite.ts";
import { importFrom } from "./packages.ts";

interface Jwt {
  encode(parts: { token: { sub: string }; secret: string; salt: string }): Promise<string>;
}

const SECRET = "the secret of Auth.js, which is long";

describe("examples/authjs with an adapter", () => {
  const test = oauthSuite({
    example: "authjs",
    callback: "/auth/callback/local",
    leaves: ["authjs.callback-url", "authjs.csrf-token"],
    begin: beginAtAuthjs,
    // The user key is the id of a user, which is never too long.
    rejectsLongNames: false,
    async userKey(name) {
      const { adapter } = await import("../../../examples/authjs/users.ts");
      return (await adapter.getUserByEmail?.(`${name}@example.com`))?.id ?? "";
    },
    async load() {
      process.env.AUTH_SECRET = SECRET;
      const { app } = await import("../../../examples/authjs/with-adapter.ts");
      const { manager } = await import("../../../examples/authjs/sessions.ts");
      return { listener: app, manager };
    },
  });

  /** Logs in at the other provider, which asks for the name. */
  async function logInAtWork(browser: Browser, name: string) {
    browser.jar(test.issuer).clear();
    return test.logIn(browser, name, await beginAtAuthjs(browser, test.origin, "work"));
  }

  it("a second account is linked to the user of the session that asked for it", async () => {
    const browser = new Browser();
    await test.logIn(browser, "kim");
    const user = await test.me(browser);
    expect((await browser.post(`${test.origin}/link`)).status).toBe(200);
    await logInAtWork(browser, "kim-at-work");
    await expect(test.me(browser)).resolves.toBe(user);
    expect([...browser.jar(test.origin).keys()]).not.toContain("linking");
    const other = new Browser();
    await logInAtWork(other, "kim-at-work");
    await expect(test.me(other)).resolves.toBe(user);
  });

  it("a login in a browser where another user is still signed in links nothing", async () => {
    const browser = new Browser();
    await test.logIn(browser, "lea");
    const user = await test.me(browser);
    await logInAtWork(browser, "guest");
    await expect(test.me(browser)).resolves.toEqual(expect.any(String));
    await expect(test.me(browser)).resolves.not.toBe(user);
  });

  it("nothing is linked after the session was revoked", async () => {
    const browser = new Browser();
    await test.logIn(browser, "moa");
    const user = await test.me(browser);
    await browser.post(`${test.origin}/link`);
    await test.app.manager.revokeByUserKey(String(user));
    await logInAtWork(browser, "moa-at-work");
    await expect(test.me(browser)).resolves.toEqual(expect.any(String));
    await expect(test.me(browser)).resolves.not.toBe(user);
  });

  it("neither a session cookie that Auth.js set before nor the id of a session links an account", async () => {
    const owner = new Browser();
    await test.logIn(owner, "max");
    const user = String(await test.me(owner));
    const { encode } = await importFrom<Jwt>("authjs", "@auth/core/jwt");
    const [session] = await test.app.manager.fetchByUserKey(user);
    const token = await encode({ token: { sub: user }, secret: SECRET, salt: "linking" });
    for (const [index, value] of [token, String(session?.id)].entries()) {
      const thief = new Browser();
      thief.jar(test.origin).set("linking", value);
      await logInAtWork(thief, `mallory-${index}`);
      await expect(test.me(thief)).resolves.toEqual(expect.any(String));
      await expect(test.me(thief)).resolves.not.toBe(user);
    }
  });

  it("a choice to link that another session made links nothing", async () => {
    const [owner, browser] = [new Browser(), new Browser()];
    await test.logIn(owner, "oda");
    const [session] = await test.app.manager.fetchByUserKey(String(await test.me(owner)));
    await test.logIn(browser, "pit");
    const user = await test.me(browser);
    browser.jar(test.origin).set("linking", String(session?.id));
    await logInAtWork(browser, "pit-at-work");
    await expect(test.me(browser)).resolves.toEqual(expect.any(String));
    await expect(test.me(browser)).resolves.not.toBe(user);
  });

  it("an account whose address belongs to another user creates no session", async () => {
    await logInAtWork(new Browser(), "nia");
    const browser = new Browser();
    const page = await test.logIn(browser, "nia");
    expect(page.url.search).toContain("OAuthAccountNotLinked");
    await expect(test.me(browser)).resolves.toBe(401);
  });
});
