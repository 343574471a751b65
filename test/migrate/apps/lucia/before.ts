import express from "express";
import { checkPassword } from "../users.ts";
import { lucia } from "./old-session.ts";

export const app = express();
app.set("trust proxy", 1);
app.use(express.json());

app.post("/login", async (req, res) => {
  const user = await checkPassword(req.body);
  if (!user) return void res.sendStatus(401);
  const session = await lucia.createSession(user.id, {});
  res.appendHeader("set-cookie", lucia.createSessionCookie(session.id).serialize()).sendStatus(204);
});

app.get("/me", async (req, res) => {
  const id = lucia.readSessionCookie(req.headers.cookie ?? "");
  const { user } = await lucia.validateSession(id ?? "");
  if (!user) return void res.sendStatus(401);
  res.json({ userId: user.id });
});

app.post("/logout", async (req, res) => {
  await lucia.invalidateSession(lucia.readSessionCookie(req.headers.cookie ?? "") ?? "");
  res.appendHeader("set-cookie", lucia.createBlankSessionCookie().serialize()).sendStatus(204);
});
