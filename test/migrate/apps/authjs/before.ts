import { ExpressAuth, getSession } from "@auth/express";
import express from "express";
import { authConfig } from "./old-session.ts";

export const app = express();
app.set("trust proxy", 1);
app.use("/auth", ExpressAuth(authConfig));

app.get("/me", async (req, res) => {
  const session = await getSession(req, authConfig);
  if (!session?.user?.id) return void res.sendStatus(401);
  res.json({ userId: session.user.id });
});
