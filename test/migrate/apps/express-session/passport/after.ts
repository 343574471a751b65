import express from "express";
import { Passport } from "passport";
import { connectPassport } from "sessionup/passport";
import { checkPassword, findUser } from "../../users.ts";
import { oldSession } from "../old-session.ts";
import { sessions } from "../sessions.ts";
import { moveSession } from "./move-session.ts";

const passport = new Passport();
connectPassport(passport, sessions, {
  findUser,
  toUserKey: (user) => user.id,
  init: () => ({ level: 2 }), // Moved sessions have level 1.
});

export const app = express();
app.set("trust proxy", 1);
app.use(express.json());
app.use(oldSession, moveSession); // Delete this line when the last old session has expired.
app.use(passport.session());

app.post("/login", async (req, res, next) => {
  const user = await checkPassword(req.body);
  if (!user) return void res.sendStatus(401);
  req.login(user, (error) => (error ? next(error) : res.sendStatus(204)));
});

app.get("/me", (req, res) => {
  if (!req.user) return void res.sendStatus(401);
  res.json({ userId: req.user.id });
});

app.post("/email", sessions.auth({ level: 2, maxAuthAge: "10m" }), (_req, res) => {
  res.sendStatus(204);
});

app.post("/logout", (req, res, next) => {
  req.logout((error) => (error ? next(error) : res.sendStatus(204)));
});

app.post("/logout-everywhere", sessions.auth(), async (req, res) => {
  const user = await findUser(sessions.require(req).userKey);
  if (user) user.acceptsOldSessions = false; // Before revokeAll, so that no device moves afterwards.
  await sessions.revokeAll(req);
  res.sendStatus(204);
});
