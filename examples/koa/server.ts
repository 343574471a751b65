import type { AddressInfo } from "node:net";
import Koa, { type Context } from "koa";
import { Manager } from "sessionup";
import { koaSessions } from "sessionup/koa";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

const sessions = koaSessions(new Manager(memoryStore(), { idleTimeout: "30m" }));
const members = sessions.auth();

const pages: Readonly<Record<string, (ctx: Context) => unknown>> = {
  "GET /": async (ctx) => {
    ctx.body = `Hello, ${(await sessions.get(ctx))?.userKey ?? "stranger"}\n`;
  },
  // A real app checks a password first.
  "POST /login": async (ctx) => {
    await sessions.init(ctx, ctx.URL.searchParams.get("name") || "ann");
    ctx.body = "welcome\n";
  },
  "GET /devices": (ctx) =>
    members(ctx, async () => {
      ctx.body = await sessions.fetchAll(ctx);
    }),
  "POST /logout": async (ctx) => {
    await sessions.revoke(ctx);
    ctx.body = "goodbye\n";
  },
};

const app = new Koa();
app.use(sessionRoutes(sessions, { path: "/account" }));
app.use(async (ctx, next) => {
  const page = pages[`${ctx.method} ${ctx.path}`];
  if (page) await page(ctx);
  else await next();
});

const server = app.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
