import { describe } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { provideRedis } from "./servers.ts";

async function load(): Promise<GuideApps> {
  const closeRedis = await provideRedis();
  process.env.SESSION_SECRET = "the secret of the old sessions, which is long";
  const { app: before } = await import("./apps/koa-session/before.ts");
  const { app: after } = await import("./apps/koa-session/after.ts");
  const { app: back } = await import("./apps/koa-session/back.ts");
  const { manager } = await import("./apps/koa-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return {
    before: before.callback(),
    after: after.callback(),
    back: back.callback(),
    manager,
    users,
    close: closeRedis,
  };
}

describe("docs/migrate/koa-session.md", () => {
  migrationSuite({
    oldCookie: "koa.sess",
    oldLifetime: 14 * 86_400_000,
    goesBack: true,
    load,
    async expire() {
      const { redis } = await import("./apps/redis.ts");
      for (const key of await redis.keys("koa:sess:*")) await redis.pExpire(key, 0);
    },
  });
});
