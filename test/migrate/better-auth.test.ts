import { describe, expect } from "vitest";
import { type GuideApps, migrationSuite } from "./migration-suite.ts";
import { breakPostgresStore, providePostgres } from "./servers.ts";

const emails = new Map<string, string>();
let hash: string | undefined;

async function load(): Promise<GuideApps> {
  const closePostgres = await providePostgres();
  process.env.BETTER_AUTH_SECRET = "the secret of better-auth, which is long";
  const { getMigrations } = await import("better-auth/db/migration");
  const { auth } = await import("./apps/better-auth/old-session.ts");
  await (await getMigrations(auth.options)).runMigrations();
  const { app: before } = await import("./apps/better-auth/before.ts");
  const { app: after } = await import("./apps/better-auth/after.ts");
  const { manager } = await import("./apps/lucia/sessions.ts");
  const { users } = await import("./apps/users.ts");
  return { before, after, manager, users, close: closePostgres };
}

describe("docs/migrate/better-auth.md", () => {
  migrationSuite({
    oldCookie: "better-auth",
    oldLifetime: 7 * 86_400_000,
    async createUser(name) {
      const { auth } = await import("./apps/better-auth/old-session.ts");
      const { password, internalAdapter } = await auth.$context;
      // Hashing takes long.
      hash ??= await password.hash("correct horse");
      const user = await internalAdapter.createUser(
        { name, email: `${name}@example.com` },
        { method: "sign-up" },
      );
      const account = { userId: user.id, accountId: user.id, providerId: "credential", password: hash };
      await internalAdapter.linkAccount(account);
      emails.set(user.id, user.email);
      return user.id;
    },
    async signIn(origin, visitor, { id, password }) {
      const body = { email: emails.get(id) ?? "", password };
      const response = await visitor.post(`${origin}/api/auth/sign-in/email`, body);
      expect(response.status).toBe(200);
    },
    breakStore: breakPostgresStore,
    load,
    async expire() {
      const { pool } = await import("./apps/postgres.ts");
      await pool.query(`UPDATE "session" SET "expiresAt" = now() - interval '1 second'`);
    },
  });
});
