import NextAuth from "next-auth";
import { sessions } from "./lib/sessions";

const { handlers, signIn } = NextAuth(() => ({
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
      if (account) await sessions.init(`${account.provider}:${account.providerAccountId}`);
      // Auth.js then sets no session cookie.
      return null;
    },
  },
}));

export { signIn };
// For app/api/auth/[...nextauth]/route.ts.
export const GET = sessions.public(handlers.GET);
export const POST = sessions.public(handlers.POST);
