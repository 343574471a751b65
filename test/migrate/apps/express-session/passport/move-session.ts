import type { RequestHandler } from "express";
import { timeLeft } from "../../time-left.ts";
import { findUser } from "../../users.ts";
import { deleteOldSession, OLD_COOKIE } from "../old-session.ts";
import { sessions } from "../sessions.ts";

declare module "express-session" {
  interface SessionData {
    passport?: { user?: string };
  }
}

/** Replaces the session of express-session by one of sessionup. Runs after `oldSession` and before all routes. */
export const moveSession: RequestHandler = async (req, res, next) => {
  const { passport, cookie } = req.session;
  const userId = passport?.user;
  if (userId === undefined) return next();
  // Throws for an unsafe request from another origin, before the old session changes.
  const current = await sessions.get(req);
  const user = await findUser(userId);
  const expiresIn = cookie.expires ? timeLeft(cookie.expires) : "1d";
  // Of several requests with the same old cookie, one deletes the session. Only this one begins a new session.
  const isDeleted = await deleteOldSession(req.sessionID);
  if (isDeleted && !current && user?.acceptsOldSessions && expiresIn) {
    try {
      await sessions.init(req, userId, { expiresIn });
    } catch (error) {
      await new Promise<void>((resolve) => req.session.save(() => resolve()));
      throw error;
    }
  }
  res.clearCookie(OLD_COOKIE, { path: "/" });
  // Removes `req.session`, so that express-session does not store it again.
  req.session.destroy(next);
};
