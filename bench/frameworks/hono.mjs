import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { createActions, LOGIN } from "./_actions.mjs";

export function createListener(contender) {
  const app = new Hono();
  contender.use?.(app);
  const guards = contender.guard ? [contender.guard] : [];
  app.get("/", ...guards, (c) => c.text(contender.userKey(c)));
  app.get(`${LOGIN}:userKey`, async (c) => {
    await contender.login(c.req.param("userKey"), c);
    return c.text("");
  });
  for (const [path, act] of Object.entries(createActions(contender))) {
    app.get(path, ...guards, async (c) => c.text((await act(c)) ?? ""));
  }
  return getRequestListener(app.fetch);
}
