import express from "express";
import { sessionRoutes } from "sessionup/routes";
import { passport } from "./passport.ts";
import { sessions } from "./sessions.ts";

export const app = express();
app.use(sessionRoutes(sessions, { path: "/account" }));
app.use(passport.session());

app.get("/login", passport.authenticate("oauth2"));
app.get("/login/callback", passport.authenticate("oauth2", { successRedirect: "/", failureRedirect: "/" }));

app.post("/logout", (req, res, next) => {
  req.logout((error) => (error ? next(error) : res.redirect(303, "/")));
});

app.get("/", (req, res) => {
  res.send(
    req.user
      ? 'Hello <a href="/me">Me</a> <form method="post" action="/logout"><button>Sign out</button></form>'
      : 'Hello, stranger <a href="/login">Sign in</a>',
  );
});

app.get("/me", sessions.auth(), (req, res) => {
  res.json({ userKey: req.user?.id });
});
