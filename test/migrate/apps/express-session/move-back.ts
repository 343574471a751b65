import type { RequestHandler } from "express";
import { manager, sessions } from "./sessions.ts";

/** Replaces the session of sessionup by one of express-session. Runs after `oldSession` and before all routes. */
export const moveBack: RequestHandler = async (req, _res, next) => {
  const session = await sessions.get(req);
  if (!session) return next();
  // Of several requests with the same cookie, one ends the session. Only this one begins an old session.
  const isEnded = await manager.revokeById(session.id);
  await sessions.revoke(req); // clears the cookie
  if (!isEnded) return next();
  req.session.regenerate((error) => {
    if (error) return next(error);
    req.session.userId = session.userKey;
    req.session.cookie.expires = session.expiresAt;
    next();
  });
};
