import type { RequestHandler } from "express";
import { sessions } from "../express-session/sessions.ts";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { OLD_COOKIES_UNTIL } from "./old-session.ts";

/** Replaces the cookie of cookie-session by a session of sessionup. Runs after `oldSession` and before all routes. */
export const moveSession: RequestHandler = async (req, _res, next) => {
  const userId: unknown = req.session?.userId;
  if (typeof userId !== "string") return next();
  // Throws for an unsafe request from another origin, before anything changes.
  const current = await sessions.get(req);
  const user = await findUser(userId);
  const expiresIn = timeLeft(OLD_COOKIES_UNTIL);
  if (!current && user?.acceptsOldSessions && expiresIn) await sessions.init(req, userId, { expiresIn });
  req.session = null; // clears the old cookie
  next();
};
