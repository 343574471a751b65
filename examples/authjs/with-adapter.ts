import { ExpressAuth, type ExpressAuthConfig } from "@auth/express";
import express, { type Request } from "express";
import { sessions } from "./sessions.ts";
import { adapter } from "./users.ts";

const issuer = process.env.ISSUER ?? "http://localhost:9000";
const clientSecret = "not-a-secret";
/** The cookie of a user who has chosen to link an account. It contains the public id of the session. */
const LINKING = "linking";
const attributes = { httpOnly: true, secure: true, sameSite: "lax", path: "/" } as const;

function createAuthConfig(req: Request): ExpressAuthConfig {
  return {
    adapter,
    providers: [
      { id: "local", name: "home", type: "oidc", issuer, clientId: "authjs", clientSecret },
      { id: "work", name: "work", type: "oidc", issuer, clientId: "authjs-work", clientSecret },
    ],
    // With an adapter, the default is a session in its database.
    session: { strategy: "jwt" },
    // Auth.js links an account to the user who is signed in. It asks here who that is, if it finds this cookie.
    cookies: { sessionToken: { name: LINKING, options: attributes } },
    jwt: {
      async decode({ token }) {
        const session = await sessions.get(req);
        return session && token === session.id ? { sub: session.userKey } : null;
      },
    },
    callbacks: {
      async jwt({ account, user }) {
        if (account && user.id) await sessions.init(req, user.id);
        return null; // Auth.js then clears the cookie.
      },
    },
  };
}

export const app = express();

app.post(["/logout", "/auth/signout"], async (req, res) => {
  await sessions.revoke(req);
  res.redirect(303, "/");
});

app.post("/link", sessions.auth({ maxAuthAge: "10m" }), (req, res) => {
  res.cookie(LINKING, sessions.require(req).id, { ...attributes, maxAge: 600_000 });
  res.redirect(303, "/auth/signin");
});

app.use("/auth", (req, res, next) => ExpressAuth(createAuthConfig(req))(req, res, next));

app.get("/", (_req, res) => {
  res.send("Hello");
});

app.get("/me", sessions.auth(), (req, res) => {
  res.json({ userKey: sessions.require(req).userKey });
});
