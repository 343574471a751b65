import type { onRequestAsyncHookHandler } from "fastify";
import { manager, sessions } from "./sessions.ts";

/** Replaces the session of sessionup by one of @fastify/session. Runs after its own hook and before all routes. */
export const moveBack: onRequestAsyncHookHandler = async (request, reply) => {
  const session = await sessions.get(reply);
  if (!session) return;
  // Of several requests with the same cookie, one ends the session. Only this one begins an old session.
  const isEnded = await manager.revokeById(session.id);
  await sessions.revoke(reply); // clears the cookie
  if (!isEnded) return;
  await request.session.regenerate();
  request.session.userId = session.userKey;
};
