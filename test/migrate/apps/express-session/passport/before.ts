import express from "express";
import { Passport } from "passport";
import { checkPassword, findUser } from "../../users.ts";
import { oldSession } from "../old-session.ts";

declare global {
  namespace Express {
    interface User {
      readonly id: string;
    }
  }
}

const passport = new Passport();
passport.serializeUser((user, done) => done(null, user.id));
passport.deserializeUser((id: string, done) => {
  findUser(id).then((user) => done(null, user ?? false), done);
});

export const app = express();
app.set("trust proxy", 1);
app.use(express.json());
app.use(oldSession, passport.session());

app.post("/login", async (req, res, next) => {
  const user = await checkPassword(req.body);
  if (!user) return void res.sendStatus(401);
  req.login(user, (error) => (error ? next(error) : res.sendStatus(204)));
});

app.get("/me", (req, res) => {
  if (!req.user) return void res.sendStatus(401);
  res.json({ userId: req.user.id });
});

app.post("/logout", (req, res, next) => {
  req.logout((error) => (error ? next(error) : res.sendStatus(204)));
});
