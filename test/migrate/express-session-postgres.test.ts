import { describe, vi } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { providePostgres, provideRedis } from "./servers.ts";

// The guide tells users of connect-pg-simple to replace this file.
vi.doMock(
  "./apps/express-session/old-session.ts",
  () => import("./apps/express-session/old-session-postgres.ts"),
);

async function load(): Promise<GuideApps> {
  const closeRedis = await provideRedis();
  const closePostgres = await providePostgres();
  process.env.SESSION_SECRET = "the secret of the old sessions, which is long";
  const { app: before } = await import("./apps/express-session/before.ts");
  const { app: after } = await import("./apps/express-session/after.ts");
  const { app: back } = await import("./apps/express-session/back.ts");
  const { manager } = await import("./apps/express-session/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, back, manager, users, close: () => Promise.all([closeRedis(), closePostgres()]) };
}

describe("docs/migrate/express-session.md with connect-pg-simple", () => {
  migrationSuite({
    oldCookie: "connect.sid",
    oldLifetime: 14 * 86_400_000,
    goesBack: true,
    load,
    async expire() {
      const { pool } = await import("./apps/postgres.ts");
      await pool.query(`UPDATE "session" SET expire = now() - interval '1 second'`);
    },
  });
});
