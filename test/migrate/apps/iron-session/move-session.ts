import type { RequestHandler } from "express";
import { sessions } from "../express-session/sessions.ts";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { OLD_COOKIES_UNTIL, readOldExpiry, readOldSession } from "./old-session.ts";

/** Replaces the cookie of iron-session by a session of sessionup. Runs before all routes. */
export const moveSession: RequestHandler = async (req, res, next) => {
  const old = await readOldSession(req, res);
  const { userId } = old;
  if (userId === undefined) return next();
  // Throws for an unsafe request from another origin, before anything changes.
  const current = await sessions.get(req);
  const user = await findUser(userId);
  const expiresIn = timeLeft(readOldExpiry(req));
  if (!current && user?.acceptsOldSessions && expiresIn && new Date() < OLD_COOKIES_UNTIL)
    await sessions.init(req, userId, { expiresIn });
  old.destroy(); // clears the old cookie
  next();
};
