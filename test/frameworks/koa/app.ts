import { Readable } from "node:stream";
import Koa from "koa";
import { type KoaContext, koaSessions } from "sessionup/koa";
import { sessionRoutes } from "sessionup/routes";
import type { ContractApp, ContractReply } from "sessionup/testing";

/** Creates the contract's app with the Koa class of any major version. */
export function koaApp({ manager, admins, reject, routes }: ContractApp<KoaContext>, Framework = Koa): Koa {
  const sessions = koaSessions(manager);
  const adminSessions = koaSessions(admins);
  const throwing = koaSessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const all = routes(sessions, adminSessions);
  const app = quiet(new Framework());
  app.use(sessionRoutes(sessions, { path: "/account" }));
  app.use(async (ctx) => {
    const method = ctx.method === "HEAD" ? "GET" : ctx.method;
    const route = all.find((each) => each.method === method && each.path === ctx.path);
    if (!route) return;
    const handle = async () => send(ctx, await route.run(ctx, ctx.URL.searchParams));
    if (route.guard) await guards[route.guard](route.options)(ctx, handle);
    else await handle();
  });
  return app;
}

/** Returns middleware for one path. */
export function routed(path: string, middleware: Koa.Middleware): Koa.Middleware {
  return (ctx, next) => (ctx.path === path ? middleware(ctx, next) : next());
}

/** Returns middleware that answers one path with the result of `createBody`. */
export function page(path: string, createBody: (ctx: Koa.Context) => unknown): Koa.Middleware {
  return routed(path, async (ctx) => {
    ctx.body = await createBody(ctx);
  });
}

/** Mounts an app in another one, as koa-mount does: the same `ctx`, another `path`. */
export function mount(prefix: string, app: Koa): Koa.Middleware {
  return async (ctx, next) => {
    const { path } = ctx;
    if (!path.startsWith(`${prefix}/`)) return next();
    const inner = path.slice(prefix.length);
    const upstream = async () => {
      ctx.path = path;
      await next();
      ctx.path = inner;
    };
    ctx.path = inner;
    const run = app.middleware.reduceRight<Koa.Next>(
      (behind, middleware) => async () => middleware(ctx, behind),
      upstream,
    );
    await run();
    ctx.path = path;
  };
}

/** Stops Koa from printing every error. */
export function quiet(app: Koa): Koa {
  app.silent = true;
  return app;
}

function send(
  ctx: Koa.Context,
  { status = 200, json, redirect, stream, cookie, headers = {}, failure }: ContractReply,
): void {
  ctx.set(headers);
  if (failure) throw failure;
  if (cookie) ctx.cookies.set(...(cookie as [string, string]), { httpOnly: false });
  if (redirect) {
    ctx.redirect(redirect);
    ctx.status = 303;
  } else if (stream) {
    ctx.body = Readable.from(stream);
  } else {
    ctx.status = status;
    ctx.type = "json";
    ctx.body = JSON.stringify(json ?? null);
  }
}
