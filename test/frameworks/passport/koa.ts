import type { RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import Koa, { type Context, type Middleware, type Next } from "koa";
import passport from "koa-passport";
import { koaSessions } from "sessionup/koa";
import { connectPassport, oauth2StateStore } from "sessionup/passport";
import { type AppParts, createLocalStrategy, createOAuthStrategy } from "./parts.ts";

/** Creates the app with Koa. `onError` runs for each error that reaches Koa. */
export function createKoaApp(parts: AppParts, onError: (error: unknown) => void): RequestListener {
  const sessions = koaSessions(parts.manager);
  const authenticator = new passport.KoaPassport();
  connectPassport(authenticator, sessions, {
    findUser: (userKey) => parts.users.get(userKey),
    toUserKey: (user) => user.id,
    init: (_user, request: { readonly url: string }) => ({
      meta: { by: request.url.startsWith("/login") ? "password" : "provider" },
    }),
  });
  const store = oauth2StateStore(sessions);
  authenticator.use(createLocalStrategy(parts));
  authenticator.use(createOAuthStrategy(parts, store));
  authenticator.use("other", createOAuthStrategy(parts, store, "other"));

  const who = (ctx: Context): void => {
    ctx.body = { user: ctx.state.user?.id, info: ctx.state.authInfo };
  };
  const routes: Readonly<Record<string, (ctx: Context, next: Next) => unknown>> = {
    "POST /login": async (ctx) => {
      const keepSessionInfo = ctx.query.keep === "yes";
      await authenticator.authenticate("local", { keepSessionInfo })(ctx, async () => {
        ctx.status = 204;
      });
    },
    "GET /me": (ctx) => {
      const session = sessions.current(ctx);
      ctx.body = { user: ctx.state.user?.id, authenticated: ctx.isAuthenticated(), meta: session?.meta };
    },
    "POST /theme": async (ctx) => {
      await sessions.updateMeta(ctx, (meta) => ({ ...meta, theme: "dark" }));
      ctx.status = 204;
    },
    "POST /logout": async (ctx) => {
      // The types of ctx.logout lack the options.
      const logout: (options: object) => Promise<void> = ctx.logout;
      await logout({ keepSessionInfo: ctx.query.keep === "yes" });
      who(ctx);
    },
    "POST /logout-everywhere": async (ctx) => {
      await sessions.revokeAll(ctx);
      await ctx.logout();
      ctx.status = 204;
    },
    "GET /oauth": authenticator.authenticate("oauth2", { state: { returnTo: "/settings" } } as never),
    "GET /oauth/callback": (ctx) => authenticator.authenticate("oauth2")(ctx, async () => who(ctx)),
    "GET /other/callback": (ctx) => authenticator.authenticate("other")(ctx, async () => who(ctx)),
  };

  const app = new Koa();
  app.on("error", onError);
  app.use(async (ctx, next) => {
    if (ctx.method === "POST")
      Object.assign(ctx.request, { body: Object.fromEntries(new URLSearchParams(await text(ctx.req))) });
    await next();
  });
  app.use(authenticator.initialize());
  app.use(authenticator.session() as Middleware);
  app.use((ctx, next) => routes[`${ctx.method} ${ctx.path}`]?.(ctx, next));
  return app.callback();
}
