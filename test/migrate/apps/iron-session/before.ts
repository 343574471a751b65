import express from "express";
import { checkPassword } from "../users.ts";
import { readOldSession } from "./old-session.ts";

export const app = express();
app.set("trust proxy", 1);
app.use(express.json());

app.post("/login", async (req, res) => {
  const user = await checkPassword(req.body);
  if (!user) return void res.sendStatus(401);
  const session = await readOldSession(req, res);
  session.userId = user.id;
  await session.save();
  res.sendStatus(204);
});

app.get("/me", async (req, res) => {
  const { userId } = await readOldSession(req, res);
  if (!userId) return void res.sendStatus(401);
  res.json({ userId });
});

app.post("/logout", async (req, res) => {
  (await readOldSession(req, res)).destroy();
  res.sendStatus(204);
});
