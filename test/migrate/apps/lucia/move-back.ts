import type { RequestHandler } from "express";
import { adapter, lucia } from "./old-session.ts";
import { manager, sessions } from "./sessions.ts";

/** Replaces the session of sessionup by one of Lucia. Runs before all routes. */
export const moveBack: RequestHandler = async (req, res, next) => {
  const session = await sessions.get(req);
  if (!session) return next();
  // Of several requests with the same cookie, one ends the session. Only this one begins an old session.
  const isEnded = await manager.revokeById(session.id);
  await sessions.revoke(req); // clears the cookie
  if (isEnded) {
    const old = await lucia.createSession(session.userKey, {});
    await adapter.updateSessionExpiration(old.id, session.expiresAt);
    res.appendHeader("set-cookie", lucia.createSessionCookie(old.id).serialize());
    // The routes of this request read the cookie, too.
    req.headers.cookie += `; ${lucia.sessionCookieName}=${old.id}`;
  }
  next();
};
