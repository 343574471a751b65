import type { Middleware } from "koa";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { deleteOldSession, OLD_COOKIE, type OldSession } from "./old-session.ts";
import { sessions } from "./sessions.ts";

/** Replaces the session of koa-session by one of sessionup. Runs after koa-session and before all routes. */
export const moveSession: Middleware = async (ctx, next) => {
  const old: OldSession = ctx.session;
  const key = ctx.cookies.get(OLD_COOKIE, { signed: true });
  if (old.userId === undefined || key === undefined) return next();
  // Throws for an unsafe request from another origin, before the old session changes.
  const current = await sessions.get(ctx);
  const user = await findUser(old.userId);
  const expiresIn = old._expire ? timeLeft(new Date(old._expire)) : "1d";
  // Of several requests with the same old cookie, one deletes the session. Only this one begins a new session.
  const isDeleted = await deleteOldSession(key);
  if (isDeleted && !current && user?.acceptsOldSessions && expiresIn) {
    try {
      await sessions.init(ctx, old.userId, { expiresIn });
    } catch (error) {
      await old.save();
      throw error;
    }
  }
  ctx.session = null; // koa-session clears its cookie.
  return next();
};
