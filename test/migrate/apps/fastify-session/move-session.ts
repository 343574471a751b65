import type { onRequestAsyncHookHandler } from "fastify";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { deleteOldSession, OLD_COOKIE } from "./old-session.ts";
import { sessions } from "./sessions.ts";

/** Replaces the session of @fastify/session by one of sessionup. Runs after its own hook and before all routes. */
export const moveSession: onRequestAsyncHookHandler = async (request, reply) => {
  const { userId, sessionId, cookie } = request.session;
  if (userId === undefined) return;
  // Throws for an unsafe request from another origin, before the old session changes.
  const current = await sessions.get(reply);
  const user = await findUser(userId);
  // When the stored session ends. `cookie.expires` already counts from this request.
  const { originalExpires } = cookie as { originalExpires?: Date };
  const expiresIn = originalExpires ? timeLeft(originalExpires) : "1d";
  // Of several requests with the same old cookie, one deletes the session. Only this one begins a new session.
  const isDeleted = await deleteOldSession(sessionId);
  if (isDeleted && !current && user?.acceptsOldSessions && expiresIn) {
    try {
      await sessions.init(reply, userId, { expiresIn });
    } catch (error) {
      await request.session.save();
      throw error;
    }
  }
  reply.clearCookie(OLD_COOKIE, { path: "/" });
  // Removes `request.session`, so that @fastify/session does not store it again.
  await request.session.destroy();
};
