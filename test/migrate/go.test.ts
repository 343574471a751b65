import { describe } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { breakPostgresStore, providePostgres } from "./servers.ts";

/** The table of pgstore, the Go package's store in PostgreSQL. */
const TABLE = `
  CREATE TABLE sessions (created_at TIMESTAMPTZ NOT NULL, expires_at TIMESTAMPTZ NOT NULL, id TEXT PRIMARY KEY,
    user_key TEXT NOT NULL, ip TEXT, agent_os TEXT, agent_browser TEXT)`;

async function load(): Promise<GuideApps> {
  const close = await providePostgres();
  const { pool } = await import("./apps/postgres.ts");
  await pool.query(TABLE);
  const { app: before } = await import("./apps/go/before.ts");
  const { app: after } = await import("./apps/go/after.ts");
  const { manager } = await import("./apps/lucia/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, manager, users, close };
}

describe("docs/migrate/go.md", () => {
  migrationSuite({
    oldCookie: "sessionup",
    oldLifetime: 14 * 86_400_000,
    breakStore: breakPostgresStore,
    load,
    async expire() {
      const { pool } = await import("./apps/postgres.ts");
      await pool.query("UPDATE sessions SET expires_at = now() - interval '1 second'");
    },
  });
});
