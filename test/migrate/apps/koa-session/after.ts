import Koa from "koa";
import { checkPassword, findUser } from "../users.ts";
import { moveSession } from "./move-session.ts";
import { createOldSession } from "./old-session.ts";
import { readJson } from "./read-json.ts";
import { sessions } from "./sessions.ts";

export const app = new Koa();
app.proxy = true;

// Delete these two statements when the last old session has expired.
app.use(createOldSession(app));
app.use(moveSession);

const needsSession = sessions.auth();
const needsRecentLogin = sessions.auth({ level: 2, maxAuthAge: "10m" });

app.use(async (ctx) => {
  const route = `${ctx.method} ${ctx.path}`;
  if (route === "POST /login") {
    const user = await checkPassword(await readJson(ctx));
    if (!user) return ctx.throw(401);
    // Moved sessions have level 1.
    await sessions.init(ctx, user.id, { level: 2 });
    ctx.status = 204;
  } else if (route === "GET /me") {
    await needsSession(ctx, async () => {
      ctx.body = { userId: sessions.require(ctx).userKey };
    });
  } else if (route === "POST /email") {
    await needsRecentLogin(ctx, async () => {
      ctx.status = 204;
    });
  } else if (route === "POST /logout") {
    await sessions.revoke(ctx);
    ctx.status = 204;
  } else if (route === "POST /logout-everywhere") {
    await needsSession(ctx, async () => {
      const user = await findUser(sessions.require(ctx).userKey);
      if (user) user.acceptsOldSessions = false; // Before revokeAll, so that no device moves afterwards.
      await sessions.revokeAll(ctx);
      ctx.status = 204;
    });
  }
});
