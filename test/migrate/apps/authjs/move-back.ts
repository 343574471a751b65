import { randomUUID } from "node:crypto";
import type { RequestHandler } from "express";
import { manager, sessions } from "../lucia/sessions.ts";
import { adapter, OLD_COOKIE } from "./old-session.ts";

/** Replaces the session of sessionup by one of Auth.js. Runs before all routes. */
export const moveBack: RequestHandler = async (req, res, next) => {
  const session = await sessions.get(req);
  if (!session) return next();
  // Of several requests with the same cookie, one ends the session. Only this one begins an old session.
  const isEnded = await manager.revokeById(session.id);
  await sessions.revoke(req); // clears the cookie
  if (isEnded) {
    const { userKey: userId, expiresAt: expires } = session;
    const sessionToken = randomUUID();
    await adapter.createSession?.({ sessionToken, userId, expires });
    res.cookie(OLD_COOKIE, sessionToken, {
      expires,
      httpOnly: true,
      secure: true,
      sameSite: "lax",
      path: "/",
    });
    // The routes of this request read the cookie, too.
    req.headers.cookie += `; ${OLD_COOKIE}=${sessionToken}`;
  }
  next();
};
