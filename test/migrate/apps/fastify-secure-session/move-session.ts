import type { onRequestAsyncHookHandler } from "fastify";
import { sessions } from "../fastify-session/sessions.ts";
import { timeLeft } from "../time-left.ts";
import { findUser } from "../users.ts";
import { OLD_COOKIES_UNTIL } from "./old-session.ts";

/** Replaces the cookie of @fastify/secure-session by a session. Runs after its own hook and before all routes. */
export const moveSession: onRequestAsyncHookHandler = async (request, reply) => {
  const userId = request.session.get("userId");
  if (userId === undefined) return;
  // Throws for an unsafe request from another origin, before anything changes.
  const current = await sessions.get(reply);
  const user = await findUser(userId);
  const expiresIn = timeLeft(OLD_COOKIES_UNTIL);
  if (!current && user?.acceptsOldSessions && expiresIn) await sessions.init(reply, userId, { expiresIn });
  request.session.delete(); // clears the old cookie
};
