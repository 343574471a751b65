import { createHmac } from "node:crypto";
import type { BetterAuthPlugin } from "better-auth";
import { createAuthMiddleware, isAPIError } from "better-auth/api";
import { deleteSessionCookie, parseSetCookieHeader, setRequestCookie } from "better-auth/cookies";
import { makeSignature } from "better-auth/crypto";
import type { Session } from "sessionup";
import { current } from "./sessions.ts";

/** Returns the token of the session of better-auth that belongs to a session of sessionup. No browser needs it. */
function deriveToken({ id, authenticatedAt }: Session, secret: string): string {
  const key = `sessionup ${secret}`;
  return createHmac("sha256", key).update(`${id} ${authenticatedAt.getTime()}`).digest("base64url");
}

/** Lends the user of sessionup's session a session of better-auth, for this request. */
const lend = createAuthMiddleware(async (ctx) => {
  const { authCookies, internalAdapter, secret } = ctx.context;
  const session = await current.get();
  let cookie = ""; // A session cookie of better-auth in the request counts for nothing.
  if (session) {
    const { userKey, authenticatedAt: createdAt } = session;
    const token = deriveToken(session, secret);
    const expiresAt = new Date(Date.now() + 60_000);
    const extend = () => internalAdapter.updateSession(token, { expiresAt });
    if (!(await extend())) {
      const create = internalAdapter.createSession(userKey, false, { token, createdAt, expiresAt }, true);
      // Of several requests at once, one creates it.
      await create.catch(async (error) => {
        if (!(await extend())) throw error;
      });
    }
    cookie = `${token}.${await makeSignature(token, secret)}`;
  }
  const headers = new Headers(ctx.headers);
  setRequestCookie(headers, authCookies.sessionToken.name, cookie);
  return { context: { headers } };
});

/** Replaces a session that better-auth has begun by one of sessionup, and ends the session at a sign-out. */
const take = createAuthMiddleware(async (ctx) => {
  const { authCookies, internalAdapter, newSession, responseHeaders, returned, secret } = ctx.context;
  const { name } = authCookies.sessionToken;
  const lent = await ctx.getSignedCookie(name, secret);
  const answer = parseSetCookieHeader(responseHeaders?.get("set-cookie") ?? "").get(name);
  if (answer) deleteSessionCookie(ctx);
  if (newSession && newSession.session.token !== lent) {
    await internalAdapter.deleteSession(newSession.session.token);
    if (lent) await internalAdapter.deleteSession(lent);
    const level = ctx.path.startsWith("/two-factor/verify-") ? 2 : 1;
    await current.init(newSession.user.id, { level });
  } else if (answer?.["max-age"] === 0 && /^\/sign-(in|out)/.test(ctx.path)) {
    // better-auth clears its cookie at a sign-out, and while it waits for a second factor.
    await current.revoke();
  }
  if (ctx.path === "/change-password" && !isAPIError(returned)) await current.revokeOther();
});

/** A plugin of better-auth. It must be the last one: plugins before it may require a second factor. */
export const handOver: BetterAuthPlugin = {
  id: "sessionup",
  hooks: {
    before: [{ matcher: () => true, handler: lend }],
    after: [{ matcher: () => true, handler: take }],
  },
};
