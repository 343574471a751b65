import type { RequestHandler } from "express";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { adapter, deleteOldSession, lucia } from "./old-session.ts";
import { sessions } from "./sessions.ts";

/** Replaces the session of Lucia by one of sessionup. Runs before all routes. */
export const moveSession: RequestHandler = async (req, res, next) => {
  const id = lucia.readSessionCookie(req.headers.cookie ?? "");
  if (id === null) return next();
  // Throws for an unsafe request from another origin, before the old session changes.
  const current = await sessions.get(req);
  const { session } = await lucia.validateSession(id);
  if (session) {
    const { userId, expiresAt } = session;
    const user = await findUser(userId);
    const expiresIn = timeLeft(expiresAt);
    // Of several requests with the same old cookie, one deletes the session. Only this one begins a new session.
    const isDeleted = await deleteOldSession(id);
    if (isDeleted && !current && user?.acceptsOldSessions && expiresIn) {
      try {
        await sessions.init(req, userId, { expiresIn });
      } catch (error) {
        await adapter.setSession({ id, userId, expiresAt, attributes: {} });
        throw error;
      }
    }
  }
  res.appendHeader("set-cookie", lucia.createBlankSessionCookie().serialize());
  next();
};
