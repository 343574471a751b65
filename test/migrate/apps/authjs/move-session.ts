import type { RequestHandler } from "express";
import { sessions } from "../lucia/sessions.ts";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { adapter, deleteOldSession, OLD_COOKIE, readOldSession } from "./old-session.ts";

/** Replaces the session of Auth.js by one of sessionup. Runs before all routes but those of Auth.js. */
export const moveSession: RequestHandler = async (req, res, next) => {
  if (!req.headers.cookie?.includes(`${OLD_COOKIE}=`)) return next();
  // Throws for an unsafe request from another origin, before the old session changes.
  const current = await sessions.get(req);
  const old = await readOldSession(req);
  if (old) {
    const user = await findUser(old.userId);
    const expiresIn = timeLeft(old.expires);
    // Of several requests with the same old cookie, one deletes the session. Only this one begins a new session.
    const isDeleted = await deleteOldSession(old.sessionToken);
    if (isDeleted && !current && user?.acceptsOldSessions && expiresIn) {
      try {
        await sessions.init(req, old.userId, { expiresIn });
      } catch (error) {
        await adapter.createSession?.(old);
        throw error;
      }
    }
  }
  res.clearCookie(OLD_COOKIE, { path: "/", secure: true });
  next();
};
