import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { genericOAuth } from "better-auth/plugins/generic-oauth";
import { twoFactor } from "better-auth/plugins/two-factor";
import { SqliteDialect } from "kysely";
import Database from "libsql";
import { handOver } from "./hand-over.ts";
import { manager } from "./sessions.ts";

export const auth = betterAuth({
  baseURL: process.env.BASE_URL ?? "http://localhost:8080",
  database: { type: "sqlite", dialect: new SqliteDialect({ database: new Database(":memory:") }) },
  emailAndPassword: {
    enabled: true,
    onPasswordReset: async ({ user }) => void (await manager.revokeByUserKey(user.id)),
  },
  session: { disableSessionRefresh: true },
  disabledPaths: ["/list-sessions", "/revoke-session", "/revoke-sessions", "/revoke-other-sessions"],
  plugins: [
    twoFactor(),
    genericOAuth({
      config: [
        {
          providerId: "local",
          discoveryUrl: `${process.env.ISSUER ?? "http://localhost:9000"}/.well-known/openid-configuration`,
          clientId: "better-auth",
          clientSecret: "not-a-secret",
          scopes: ["openid", "profile", "email"],
        },
      ],
    }),
    handOver,
  ],
});

// The database is empty. A real app runs the migrations before a deployment.
await (await getMigrations(auth.options)).runMigrations();
