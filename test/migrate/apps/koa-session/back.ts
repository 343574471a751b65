import Koa from "koa";
import { checkPassword } from "../users.ts";
import { moveBack } from "./move-back.ts";
import { createOldSession } from "./old-session.ts";
import { readJson } from "./read-json.ts";

export const app = new Koa();
app.proxy = true;
app.use(createOldSession(app));
app.use(moveBack); // Delete this line when the last session of sessionup has expired.

app.use(async (ctx) => {
  const route = `${ctx.method} ${ctx.path}`;
  if (route === "POST /login") {
    const user = await checkPassword(await readJson(ctx));
    if (!user) return ctx.throw(401);
    ctx.session.userId = user.id;
    ctx.status = 204;
  } else if (route === "GET /me") {
    if (!ctx.session.userId) return ctx.throw(401);
    ctx.body = { userId: ctx.session.userId };
  } else if (route === "POST /logout") {
    ctx.session = null;
    ctx.status = 204;
  }
});
