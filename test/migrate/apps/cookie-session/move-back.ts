import type { RequestHandler } from "express";
import { manager, sessions } from "../express-session/sessions.ts";

/** Replaces the session of sessionup by a cookie of cookie-session. Runs after `oldSession` and before all routes. */
export const moveBack: RequestHandler = async (req, _res, next) => {
  const session = await sessions.get(req);
  if (session) {
    // Of several requests with the same cookie, one ends the session. Only this one sets the old cookie.
    const isEnded = await manager.revokeById(session.id);
    await sessions.revoke(req); // clears the cookie
    if (isEnded) req.session = { userId: session.userKey };
  }
  next();
};
