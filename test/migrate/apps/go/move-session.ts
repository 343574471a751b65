import type { RequestHandler } from "express";
import { sessions } from "../lucia/sessions.ts";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { OLD_COOKIE, putBackOldSession, takeOldSession } from "./old-session.ts";

/** Replaces the session of the Go package by one of this package. Runs before all routes. */
export const moveSession: RequestHandler = async (req, res, next) => {
  if (!new RegExp(`(^|; )${OLD_COOKIE}=`).test(req.headers.cookie ?? "")) return next();
  // Throws for an unsafe request from another origin, before the old session changes.
  const current = await sessions.get(req);
  const old = await takeOldSession(req);
  if (old && !current) {
    const user = await findUser(old.user_key);
    const expiresIn = timeLeft(old.expires_at);
    if (user?.acceptsOldSessions && expiresIn) {
      try {
        await sessions.init(req, user.id, { expiresIn });
      } catch (error) {
        await putBackOldSession(old);
        throw error;
      }
    }
  }
  res.clearCookie(OLD_COOKIE, { path: "/" });
  next();
};
