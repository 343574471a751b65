import Koa from "koa";
import { LOGIN, verbsOf } from "./_verbs.mjs";

export function listenerOf(contender) {
  const app = new Koa();
  contender.use?.(app);
  const { guard = (_ctx, next) => next() } = contender;
  const verbs = verbsOf(contender);
  app.use((ctx) => {
    if (ctx.path === "/") {
      return guard(ctx, async () => {
        ctx.body = contender.userKey(ctx);
      });
    }
    if (ctx.path.startsWith(LOGIN)) return run(ctx, () => contender.login(ctx.path.slice(LOGIN.length), ctx));
    return guard(ctx, () => run(ctx, verbs[ctx.path]));
  });
  return app.callback();
}

async function run(ctx, act) {
  const text = await act(ctx);
  ctx.body = typeof text === "string" ? text : "";
}
