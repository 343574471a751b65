import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { setCookie } from "hono/cookie";
import { stream as streaming } from "hono/streaming";
import { honoSessions } from "sessionup/hono";
import { sessionRoutes } from "sessionup/routes";
import { adapterContract, type ContractApp, type ContractReply } from "sessionup/testing";
import { describe, it } from "vitest";
import { listen } from "../../support/listen.ts";

function honoApp({ manager, admins, reject, routes }: ContractApp<Context>): Hono {
  const sessions = honoSessions(manager);
  const adminSessions = honoSessions(admins, { as: "admin" });
  const throwing = honoSessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const app = new Hono();
  app.onError((_error, c) => c.text("failed", 500));
  app.use("/account/*", sessionRoutes(sessions, { path: "/account" }));
  for (const { method, path, guard, options, run } of routes(sessions, adminSessions)) {
    const before: MiddlewareHandler[] = guard ? [guards[guard](options)] : [];
    app.on(method, [path], ...before, async (c) => send(c, await run(c, new URL(c.req.url).searchParams)));
  }
  return app;
}

function send(
  c: Context,
  { status = 200, json, redirect, stream, cookie, headers = {}, failure }: ContractReply,
): Response {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  if (failure) throw failure;
  if (cookie) setCookie(c, ...(cookie as [string, string]));
  if (redirect) return c.redirect(redirect, 303);
  if (!stream)
    return c.newResponse(JSON.stringify(json ?? null), status as 200, { "content-type": "application/json" });
  return streaming(c, async (writer) => {
    for await (const bit of stream) await writer.write(bit);
  });
}

describe("sessionup/hono on @hono/node-server", () => {
  adapterContract(
    { describe, it },
    { start: (app) => listen(createServer(getRequestListener(honoApp(app).fetch))) },
  );
});
