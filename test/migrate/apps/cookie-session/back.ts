import express from "express";
import { checkPassword } from "../users.ts";
import { moveBack } from "./move-back.ts";
import { oldSession } from "./old-session.ts";

export const app = express();
app.set("trust proxy", 1);
app.use(express.json());
app.use(oldSession, moveBack); // Delete moveBack when the last session of sessionup has expired.

app.post("/login", async (req, res) => {
  const user = await checkPassword(req.body);
  if (!user) return void res.sendStatus(401);
  req.session = { userId: user.id };
  res.sendStatus(204);
});

app.get("/me", (req, res) => {
  if (!req.session?.userId) return void res.sendStatus(401);
  res.json({ userId: req.session.userId });
});

app.post("/logout", (req, res) => {
  req.session = null;
  res.sendStatus(204);
});
