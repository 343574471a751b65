import { describe } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { provideRedis } from "./servers.ts";

async function load(): Promise<GuideApps> {
  const close = await provideRedis();
  process.env.SESSION_SECRET = "the secret of the old sessions, which is long";
  const { app: before } = await import("./apps/express-session/passport/before.ts");
  const { app: after } = await import("./apps/express-session/passport/after.ts");
  const { manager } = await import("./apps/express-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, manager, users, close };
}

describe("docs/migrate/express-session.md with Passport", () => {
  migrationSuite({
    oldCookie: "connect.sid",
    oldLifetime: 14 * 86_400_000,
    load,
    async expire() {
      const { redis } = await import("./apps/redis.ts");
      for (const key of await redis.keys("sess:*")) await redis.pExpire(key, 0);
    },
  });
});
