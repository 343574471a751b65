import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import express from "express";
import { auth } from "./old-session.ts";

export const app = express();
app.set("trust proxy", 1);
app.all("/api/auth/*splat", toNodeHandler(auth));

app.get("/me", async (req, res) => {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
  if (!session) return void res.sendStatus(401);
  res.json({ userId: session.user.id });
});
