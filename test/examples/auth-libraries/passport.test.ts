import { describe, expect, it } from "vitest";
import { Browser } from "./browser.ts";
import { oauthSuite } from "./oauth-suite.ts";

describe("examples/passport", () => {
  const test = oauthSuite({
    example: "passport",
    callback: "/login/callback",
    leaves: [],
    begin: (browser, origin) => browser.get(`${origin}/login`),
    async load() {
      const { app } = await import("../../../examples/passport/app.ts");
      const { manager } = await import("../../../examples/passport/sessions.ts");
      return { listener: app, manager };
    },
  });

  it("a login completes although another tab has begun one", async () => {
    const browser = new Browser();
    const first = await test.stopBeforeCallback(browser, "ina");
    const second = (await test.begin(browser)).url;
    expect(second.origin).not.toBe(new URL(test.origin).origin);
    await browser.get(first);
    await expect(test.me(browser)).resolves.toBe("local:ina");
  });
});
