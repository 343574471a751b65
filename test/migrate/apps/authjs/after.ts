import express from "express";
import { sessions } from "../lucia/sessions.ts";
import { checkPassword, findUser } from "../users.ts";
import { moveSession } from "./move-session.ts";

export const app = express();
app.set("trust proxy", 1);
app.use(express.json());
app.use(moveSession); // Delete this line when the last old session has expired.

app.post("/login", async (req, res) => {
  const user = await checkPassword(req.body);
  if (!user) return void res.sendStatus(401);
  // Moved sessions have level 1.
  await sessions.init(req, user.id, { level: 2 });
  res.sendStatus(204);
});

app.get("/me", sessions.auth(), (req, res) => {
  res.json({ userId: sessions.require(req).userKey });
});

app.post("/email", sessions.auth({ level: 2, maxAuthAge: "10m" }), (_req, res) => {
  res.sendStatus(204);
});

app.post("/logout", async (req, res) => {
  await sessions.revoke(req);
  res.sendStatus(204);
});

app.post("/logout-everywhere", sessions.auth(), async (req, res) => {
  const user = await findUser(sessions.require(req).userKey);
  if (user) user.acceptsOldSessions = false; // Before revokeAll, so that no device moves afterwards.
  await sessions.revokeAll(req);
  res.sendStatus(204);
});
