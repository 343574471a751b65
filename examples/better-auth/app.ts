import { toNodeHandler } from "better-auth/node";
import express from "express";
import { sessionRoutes } from "sessionup/routes";
import { auth } from "./auth.ts";
import { current, sessions } from "./sessions.ts";

export const app = express();

app.all("/api/auth/*splat", (req, res) => current.run(req, () => toNodeHandler(auth)(req, res)));

app.use(sessionRoutes(sessions, { path: "/account" }));

app.get("/", (_req, res) => {
  res.send("Hello");
});

app.get("/me", sessions.auth(), (req, res) => {
  res.json({ userKey: sessions.require(req).userKey });
});

app.get("/admin", sessions.auth({ level: 2 }), (_req, res) => {
  res.json({ secondFactor: true });
});

app.post("/logout", async (req, res) => {
  await sessions.revoke(req);
  res.sendStatus(204);
});
