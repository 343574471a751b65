import { describe } from "vitest";
import { oauthSuite } from "./oauth-suite.ts";

describe("examples/arctic", () => {
  oauthSuite({
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
});
