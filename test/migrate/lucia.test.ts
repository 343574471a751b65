import { describe } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { breakPostgresStore, providePostgres } from "./servers.ts";

async function load(): Promise<GuideApps> {
  const closePostgres = await providePostgres();
  const { pool } = await import("./apps/postgres.ts");
  await pool.query("CREATE TABLE auth_user (id TEXT PRIMARY KEY)");
  await pool.query(
    "CREATE TABLE user_session (id TEXT PRIMARY KEY, expires_at TIMESTAMPTZ NOT NULL, user_id TEXT NOT NULL REFERENCES auth_user)",
  );
  const { app: before } = await import("./apps/lucia/before.ts");
  const { app: after } = await import("./apps/lucia/after.ts");
  const { app: back } = await import("./apps/lucia/back.ts");
  const { manager } = await import("./apps/lucia/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, back, manager, users, close: closePostgres };
}

describe("docs/migrate/lucia.md", () => {
  migrationSuite({
    oldCookie: "auth_session",
    oldLifetime: 30 * 86_400_000,
    async createUser(id) {
      const { pool } = await import("./apps/postgres.ts");
      await pool.query("INSERT INTO auth_user (id) VALUES ($1)", [id]);
      return id;
    },
    goesBack: true,
    breakStore: breakPostgresStore,
    load,
    async expire() {
      const { pool } = await import("./apps/postgres.ts");
      await pool.query("UPDATE user_session SET expires_at = now() - interval '1 second'");
    },
  });
});
