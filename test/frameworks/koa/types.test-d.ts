import { createServer } from "node:http2";
import Koa from "koa";
import Koa2 from "koa2";
import { Manager, type Session, type SessionError, typed } from "sessionup";
import { type KoaContext, koaSessions } from "sessionup/koa";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expectTypeOf, it } from "vitest";

const manager = new Manager(memoryStore());
const sessions = koaSessions(manager);

describe("sessionup/koa", () => {
  it("fits an app and keeps the types of its state and context", () => {
    const app = new Koa<{ user: string }, { db: { name: string } }>();
    app
      .use(sessions.public())
      .use(sessions.auth())
      .use(sessionRoutes(sessions, { path: "/account" }));
    app.use(async (ctx, next) => {
      expectTypeOf(ctx.state.user).toEqualTypeOf<string>();
      expectTypeOf(ctx.db.name).toEqualTypeOf<string>();
      expectTypeOf(sessions.require(ctx)).toEqualTypeOf<Session>();
      expectTypeOf(sessions.current(ctx)).toEqualTypeOf<Session | undefined>();
      await sessions.init(ctx, "user-1");
      await next();
    });
    app.on("error", (_error: Error, ctx: Koa.Context) => void sessions.current(ctx));
    createServer(app.callback());
  });

  it("fits a Koa 2 app", () => {
    const app = new Koa2<{ user: string }>();
    app
      .use(sessions.public())
      .use(sessions.auth())
      .use(sessionRoutes(sessions, { path: "/account" }));
    app.use(async (ctx) => {
      await sessions.init(ctx, "user-1");
    });
    app.on("error", (_error: Error, ctx: Koa2.Context) => void sessions.current(ctx));
  });

  it("fits middleware that is declared separately, and direct calls", () => {
    const list: Koa.Middleware = async (ctx, next) => {
      await sessions.auth()(ctx, next);
      ctx.body = await sessions.fetchAll(ctx);
    };
    new Koa().use(list);
    expectTypeOf<Koa.Context>().toExtend<KoaContext>();
    expectTypeOf<Koa.ParameterizedContext<{ user: string }>>().toExtend<KoaContext>();
  });

  it("accepts only ctx as the context", () => {
    new Koa().use(async (ctx) => {
      // @ts-expect-error a request is not a context
      await sessions.get(ctx.request);
      // @ts-expect-error a response is not a context
      await sessions.get(ctx.res);
    });
  });

  it("lets reject declare Koa's own context", () => {
    koaSessions(manager, {
      reject: (error, ctx: Koa.Context) => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        ctx.redirect(`/login?next=${ctx.path}`);
      },
    });
    // @ts-expect-error unknown option
    koaSessions(manager, { refuse: () => {} });
  });

  it("infers the metadata", () => {
    const own = koaSessions(new Manager(memoryStore(), { meta: typed<{ role: string }>() }));
    new Koa().use(async (ctx) => {
      await own.init(ctx, "user-1", { meta: { role: "admin" } });
      // @ts-expect-error the metadata is required
      await own.init(ctx, "user-1");
      expectTypeOf(own.require(ctx).meta.role).toEqualTypeOf<string>();
    });
  });
});
