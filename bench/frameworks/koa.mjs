import Koa from "koa";
import { createActions, LOGIN } from "./_actions.mjs";

export function createListener(contender) {
  const app = new Koa();
  contender.use?.(app);
  const { guard = (_ctx, next) => next() } = contender;
  const actions = createActions(contender);
  app.use((ctx) => {
    if (ctx.path === "/") {
      return guard(ctx, async () => {
        ctx.body = contender.userKey(ctx);
      });
    }
    if (ctx.path.startsWith(LOGIN)) return run(ctx, () => contender.login(ctx.path.slice(LOGIN.length), ctx));
    return guard(ctx, () => run(ctx, actions[ctx.path]));
  });
  return app.callback();
}

async function run(ctx, act) {
  const text = await act(ctx);
  ctx.body = typeof text === "string" ? text : "";
}
