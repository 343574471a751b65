import { describe } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { breakPostgresStore, providePostgres } from "./servers.ts";

/** The tables that @auth/pg-adapter uses for sessions and links by email. */
const SCHEMA = `
  CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT, email TEXT UNIQUE, "emailVerified" TIMESTAMPTZ, image TEXT);
  CREATE TABLE sessions (id SERIAL PRIMARY KEY, "userId" TEXT NOT NULL, expires TIMESTAMPTZ NOT NULL, "sessionToken" TEXT NOT NULL UNIQUE);
  CREATE TABLE verification_token (identifier TEXT, expires TIMESTAMPTZ NOT NULL, token TEXT, PRIMARY KEY (identifier, token));
`;

async function load(): Promise<GuideApps> {
  const closePostgres = await providePostgres();
  process.env.AUTH_SECRET = "the secret of Auth.js, which is long";
  const { pool } = await import("./apps/postgres.ts");
  await pool.query(SCHEMA);
  const { app: before } = await import("./apps/authjs/before.ts");
  const { app: after } = await import("./apps/authjs/after.ts");
  const { app: back } = await import("./apps/authjs/back.ts");
  const { manager } = await import("./apps/lucia/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, back, manager, users, close: closePostgres };
}

describe("docs/migrate/authjs.md", () => {
  migrationSuite({
    oldCookie: "authjs.session-token",
    oldLifetime: 30 * 86_400_000,
    async createUser(id) {
      const { pool } = await import("./apps/postgres.ts");
      await pool.query("INSERT INTO users (id, email) VALUES ($1, $2)", [id, `${id}@example.com`]);
      return id;
    },
    async signIn(origin, visitor, { id }) {
      const { sent } = await import("./apps/authjs/send-email.ts");
      const { csrfToken } = (await (await visitor.get(`${origin}/auth/csrf`)).json()) as {
        csrfToken: string;
      };
      await visitor.post(`${origin}/auth/signin/email`, { email: `${id}@example.com`, csrfToken });
      const { pathname, search } = new URL(sent.get(`${id}@example.com`) ?? "");
      await visitor.get(`${origin}${pathname}${search}`);
    },
    goesBack: true,
    breakStore: breakPostgresStore,
    load,
    async expire() {
      const { pool } = await import("./apps/postgres.ts");
      await pool.query("UPDATE sessions SET expires = now() - interval '1 second'");
    },
  });
});
