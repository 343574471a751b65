import type { RequestListener } from "node:http";
import type { FastifyInstance } from "fastify";
import { describe } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { provideRedis } from "./servers.ts";

/** Returns the listener of an app of Fastify. */
async function listener(app: FastifyInstance): Promise<RequestListener> {
  await app.ready();
  return (request, response) => app.routing(request, response);
}

async function load(): Promise<GuideApps> {
  const closeRedis = await provideRedis();
  process.env.SESSION_SECRET = "the secret of the old sessions, which is long";
  const { app: before } = await import("./apps/fastify-session/before.ts");
  const { app: after } = await import("./apps/fastify-session/after.ts");
  const { app: back } = await import("./apps/fastify-session/back.ts");
  const { manager } = await import("./apps/fastify-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return {
    before: await listener(before),
    after: await listener(after),
    back: await listener(back),
    manager,
    users,
    close: closeRedis,
  };
}

describe("docs/migrate/fastify-session.md", () => {
  migrationSuite({
    oldCookie: "sessionId",
    oldLifetime: 14 * 86_400_000,
    goesBack: true,
    load,
    async expire() {
      const { redis } = await import("./apps/redis.ts");
      for (const key of await redis.keys("sess:*")) await redis.pExpire(key, 0);
    },
  });
});
