import { describe } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { provideRedis } from "./servers.ts";

const PASSWORD = "the old password, of 32 characters";

async function load(): Promise<GuideApps> {
  const closeRedis = await provideRedis();
  process.env.SESSION_PASSWORD = PASSWORD;
  process.env.OLD_COOKIES_UNTIL = new Date(Date.now() + 14 * 86_400_000).toISOString();
  const { app: before } = await import("./apps/iron-session/before.ts");
  const { app: after } = await import("./apps/iron-session/after.ts");
  const { manager } = await import("./apps/express-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, manager, users, close: closeRedis };
}

describe("docs/migrate/iron-session.md", () => {
  migrationSuite({
    oldCookie: "my-app",
    oldLifetime: 14 * 86_400_000,
    stateless: true,
    load,
    async expire(visitor) {
      const { sealData } = await import("iron-session");
      visitor.jar.set("my-app", await sealData({ userId: "user-1" }, { password: PASSWORD, ttl: -61 }));
    },
  });
});
