import type { BetterAuthPlugin } from "better-auth";
import { createAuthMiddleware, isAPIError } from "better-auth/api";
import { deleteSessionCookie, parseSetCookieHeader, setRequestCookie } from "better-auth/cookies";
import { makeSignature } from "better-auth/crypto";
import { current } from "./sessions.ts";

/** Lends the user of sessionup's session a session of better-auth, for this request only. */
const lend = createAuthMiddleware(async (ctx) => {
  const { authCookies, internalAdapter, secret } = ctx.context;
  const session = await current.get();
  const headers = new Headers(ctx.headers);
  let cookie = ""; // A session cookie of better-auth in the request counts for nothing.
  if (session) {
    const times = { createdAt: session.authenticatedAt, expiresAt: new Date(Date.now() + 60_000) };
    const { token } = await internalAdapter.createSession(session.userKey, false, times, true);
    cookie = `${token}.${await makeSignature(token, secret)}`;
  }
  setRequestCookie(headers, authCookies.sessionToken.name, cookie);
  return { context: { headers } };
});

/** Replaces a session that better-auth has begun by one of sessionup. */
const take = createAuthMiddleware(async (ctx) => {
  const { authCookies, internalAdapter, newSession, responseHeaders, secret } = ctx.context;
  const { name } = authCookies.sessionToken;
  const lent = await ctx.getSignedCookie(name, secret);
  const begun = newSession?.session.token === lent ? undefined : newSession;
  const answer = parseSetCookieHeader(responseHeaders?.get("set-cookie") ?? "").get(name);
  if (lent) await internalAdapter.deleteSession(lent);
  if (begun) await internalAdapter.deleteSession(begun.session.token);
  if (answer) deleteSessionCookie(ctx);
  if (begun) await current.init(begun.user.id, { level: ctx.path.startsWith("/two-factor/verify-") ? 2 : 1 });
  // better-auth clears its cookie when the user signs out.
  else if (answer?.["max-age"] === 0) await current.revoke();
  if (ctx.path === "/change-password" && !isAPIError(ctx.context.returned)) await current.revokeOther();
});

/** A plugin of better-auth. It must be the last one: plugins before it may require a second factor. */
export const handOver: BetterAuthPlugin = {
  id: "sessionup",
  hooks: {
    before: [{ matcher: () => true, handler: lend }],
    after: [{ matcher: () => true, handler: take }],
  },
};
