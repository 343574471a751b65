import { describe, expect, it } from "vitest";
import { Browser } from "./browser.ts";
import { oauthSuite } from "./oauth-suite.ts";

describe("examples/arctic", () => {
  const test = oauthSuite({
    example: "arctic",
    callback: "/login/callback",
    leaves: [],
    begin: (browser, origin) => browser.get(`${origin}/login`),
    async load() {
      const { app } = await import("../../../examples/arctic/app.ts");
      const { manager } = await import("../../../examples/arctic/sessions.ts");
      return { listener: app, manager };
    },
  });

  it("a callback with another state is rejected before the provider is asked", async () => {
    const browser = new Browser();
    const url = await test.stopBeforeCallback(browser, "hana");
    const right = url.searchParams.get("state") ?? "";
    url.searchParams.set("state", `${right}x`);
    const before = browser.copy();
    expect((await browser.get(url)).status).toBe(400);
    // The code has not been used.
    url.searchParams.set("state", right);
    await before.get(url);
    await expect(test.me(before)).resolves.toBe("local:hana");
  });
});
