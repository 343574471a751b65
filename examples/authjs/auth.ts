import type { ExpressAuthConfig } from "@auth/express";

/** Creates the configuration of Auth.js for one request. `logIn` begins the session of that request. */
export function createAuthConfig(logIn: (userKey: string) => Promise<unknown>): ExpressAuthConfig {
  return {
    providers: [
      {
        id: "local",
        name: "the local provider",
        type: "oidc",
        issuer: process.env.ISSUER ?? "http://localhost:9000",
        clientId: "authjs",
        clientSecret: "not-a-secret",
      },
    ],
    session: { strategy: "jwt" },
    callbacks: {
      async jwt({ account }) {
        // At a login, Auth.js calls this after its last check.
        if (account) await logIn(`${account.provider}:${account.providerAccountId}`);
        // Auth.js then sets no session cookie.
        return null;
      },
    },
  };
}
