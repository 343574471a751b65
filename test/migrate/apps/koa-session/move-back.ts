import type { Middleware } from "koa";
import { manager, sessions } from "./sessions.ts";

/** Replaces the session of sessionup by one of koa-session. Runs after koa-session and before all routes. */
export const moveBack: Middleware = async (ctx, next) => {
  const session = await sessions.get(ctx);
  if (session) {
    // Of several requests with the same cookie, one ends the session. Only this one begins an old session.
    const isEnded = await manager.revokeById(session.id);
    await sessions.revoke(ctx); // clears the cookie
    if (isEnded) ctx.session.userId = session.userKey;
  }
  return next();
};
