import { fromNodeHeaders } from "better-auth/node";
import type { RequestHandler } from "express";
import { sessions } from "../lucia/sessions.ts";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { auth, putBackOldSession, takeOldSession } from "./old-session.ts";

/** Replaces the session of better-auth by one of sessionup. Runs before all routes but those of better-auth. */
export const moveSession: RequestHandler = async (req, res, next) => {
  if (!req.headers.cookie?.includes("better-auth.session_token=")) return next();
  // Throws for an unsafe request from another origin, before the old session changes.
  const current = await sessions.get(req);
  const headers = fromNodeHeaders(req.headers);
  // Without the cookie cache, which still accepts a session that was deleted a moment ago.
  const old = await auth.api.getSession({ headers, query: { disableCookieCache: true } });
  if (old) {
    const { userId, token, expiresAt } = old.session;
    const user = await findUser(userId);
    const expiresIn = timeLeft(expiresAt);
    // Of several requests with the same old cookie, one takes the session. Only this one begins a new session.
    const taken = await takeOldSession(token);
    if (taken && !current && user?.acceptsOldSessions && expiresIn) {
      try {
        await sessions.init(req, userId, { expiresIn });
      } catch (error) {
        await putBackOldSession(taken);
        throw error;
      }
    }
  }
  const signedOut = await auth.api.signOut({ headers, returnHeaders: true });
  res.appendHeader("set-cookie", signedOut.headers.getSetCookie()); // clears the old cookies
  next();
};
