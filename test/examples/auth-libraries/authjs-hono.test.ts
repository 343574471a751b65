import { getRequestListener } from "@hono/node-server";
import { describe } from "vitest";
import { beginAtAuthjs } from "./begin-at-authjs.ts";
import { oauthSuite } from "./oauth-suite.ts";

describe("examples/authjs on Hono", () => {
  oauthSuite({
    example: "authjs",
    callback: "/auth/callback/local",
    leaves: ["authjs.callback-url", "authjs.csrf-token"],
    begin: beginAtAuthjs,
    async load() {
      process.env.AUTH_SECRET = "the secret of Auth.js, which is long";
      const { app } = await import("../../../examples/authjs/hono.ts");
      const { manager } = await import("../../../examples/authjs/sessions.ts");
      return { listener: getRequestListener(app.fetch), manager };
    },
  });
});
