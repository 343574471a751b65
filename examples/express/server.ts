import type { AddressInfo } from "node:net";
import express from "express";
import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

const sessions = expressSessions(new Manager(memoryStore(), { idleTimeout: "30m" }));
const app = express();
app.use(sessionRoutes(sessions, { path: "/account" }));

app.get("/", sessions.public(), (req, res) => {
  res.send(`Hello, ${sessions.current(req)?.userKey ?? "stranger"}\n`);
});
// A real app checks a password first.
app.post("/login", async (req, res) => {
  await sessions.init(req, String(req.query.name || "ann"));
  res.send("welcome\n");
});
app.get("/devices", sessions.auth(), async (req, res) => {
  res.json(await sessions.fetchAll(req));
});
app.post("/logout", async (req, res) => {
  await sessions.revoke(req);
  res.send("goodbye\n");
});

const server = app.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
