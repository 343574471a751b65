import express from "express";
import { checkPassword } from "../users.ts";
import { OLD_COOKIE, oldSession } from "./old-session.ts";

export const app = express();
app.set("trust proxy", 1);
app.use(express.json());
app.use(oldSession);

app.post("/login", async (req, res, next) => {
  const user = await checkPassword(req.body);
  if (!user) return void res.sendStatus(401);
  req.session.regenerate((error) => {
    if (error) return next(error);
    req.session.userId = user.id;
    res.sendStatus(204);
  });
});

app.get("/me", (req, res) => {
  if (!req.session.userId) return void res.sendStatus(401);
  res.json({ userId: req.session.userId });
});

app.post("/logout", (req, res, next) => {
  req.session.destroy((error) => {
    if (error) return next(error);
    res.clearCookie(OLD_COOKIE).sendStatus(204);
  });
});
