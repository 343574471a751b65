import { describe } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { provideRedis } from "./servers.ts";

async function load(): Promise<GuideApps> {
  const closeRedis = await provideRedis();
  process.env.SESSION_KEY = "the key of the old cookies";
  process.env.OLD_COOKIES_UNTIL = new Date(Date.now() + 14 * 86_400_000).toISOString();
  const { app: before } = await import("./apps/cookie-session/before.ts");
  const { app: after } = await import("./apps/cookie-session/after.ts");
  const { app: back } = await import("./apps/cookie-session/back.ts");
  const { manager } = await import("./apps/express-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, back, manager, users, close: closeRedis };
}

describe("docs/migrate/cookie-session.md", () => {
  migrationSuite({
    oldCookie: "session",
    oldLifetime: 14 * 86_400_000,
    stateless: true,
    goesBack: true,
    load,
    async expire(visitor) {
      // Only the browser knows when a cookie of cookie-session expires.
      visitor.jar.clear();
    },
  });
});
