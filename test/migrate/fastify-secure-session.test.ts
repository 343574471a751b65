import { randomBytes } from "node:crypto";
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
  process.env.SESSION_KEY = randomBytes(32).toString("base64");
  process.env.OLD_COOKIES_UNTIL = new Date(Date.now() + 14 * 86_400_000).toISOString();
  const { app: before } = await import("./apps/fastify-secure-session/before.ts");
  const { app: after } = await import("./apps/fastify-secure-session/after.ts");
  const { manager } = await import("./apps/fastify-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before: await listener(before), after: await listener(after), manager, users, close: closeRedis };
}

describe("docs/migrate/fastify-session.md with @fastify/secure-session", () => {
  migrationSuite({
    oldCookie: "secure",
    oldLifetime: 14 * 86_400_000,
    stateless: true,
    load,
    async expire(visitor) {
      const { app } = await import("./apps/fastify-secure-session/before.ts");
      const session = app.createSecureSession({
        userId: "user-1",
        __ts: Date.now() / 1_000 - 14 * 86_400 - 1,
      });
      visitor.jar.set("secure", encodeURIComponent(app.encodeSecureSession(session)));
    },
  });
});
