import { describe, vi } from "vitest";
import { startPostgres } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";

// The guide tells users of connect-pg-simple to replace this file.
vi.doMock(
  "./apps/express-session/old-session.ts",
  () => import("./apps/express-session/old-session-postgres.ts"),
);

async function load(): Promise<GuideApps> {
  const [redisServer, postgres] = await Promise.all([startRedis(), startPostgres()]);
  process.env["REDIS_URL"] = redisServer.url;
  process.env["DATABASE_URL"] = postgres.url;
  process.env["SESSION_SECRET"] = "the secret of the old sessions";
  const { redis } = await import("./apps/redis.ts");
  const { pool } = await import("./apps/postgres.ts");
  const { app: before } = await import("./apps/express-session/before.ts");
  const { app: after } = await import("./apps/express-session/after.ts");
  const { app: back } = await import("./apps/express-session/back.ts");
  const { manager } = await import("./apps/express-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  const close = async () => {
    redis.destroy();
    await pool.end();
    await Promise.all([redisServer.stop(), postgres.stop()]);
  };
  return { before, after, back, manager, users, close };
}

describe("docs/migrate/express-session.md with connect-pg-simple", () => {
  migrationSuite({
    oldCookie: "connect.sid",
    oldLifetime: 14 * 86_400_000,
    load,
    async expire() {
      const { pool } = await import("./apps/postgres.ts");
      await pool.query(`UPDATE "session" SET expire = now() - interval '1 second'`);
    },
  });
});
