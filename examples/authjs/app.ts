import { ExpressAuth } from "@auth/express";
import express from "express";
import { sessionRoutes } from "sessionup/routes";
import { createAuthConfig } from "./auth.ts";
import { sessions } from "./sessions.ts";

export const app = express();

// The second path is the sign-out of Auth.js, which does not know the session.
app.post(["/logout", "/auth/signout"], async (req, res) => {
  await sessions.revoke(req);
  res.redirect(303, "/");
});

app.use("/auth", (req, res, next) => {
  const config = createAuthConfig((userKey) => sessions.init(req, userKey));
  return ExpressAuth(config)(req, res, next);
});

app.use(sessionRoutes(sessions, { path: "/account" }));

app.get("/", sessions.public(), (req, res) => {
  res.send(
    sessions.current(req)
      ? 'Hello <a href="/me">Me</a> <form method="post" action="/logout"><button>Sign out</button></form>'
      : 'Hello, stranger <a href="/auth/signin">Sign in</a>',
  );
});

app.get("/me", sessions.auth(), (req, res) => {
  res.json({ userKey: sessions.require(req).userKey });
});
