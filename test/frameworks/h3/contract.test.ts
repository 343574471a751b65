import { createServer } from "node:http";
import { H3, type H3Event, HTTPResponse, type Middleware, redirect, setCookie, toNodeHandler } from "h3";
import { type H3Context, h3Sessions } from "sessionup/h3";
import { sessionRoutes } from "sessionup/routes";
import { adapterContract, type ContractApp, type ContractReply } from "sessionup/testing";
import { describe, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { toStream } from "../stream.ts";

function h3App({ manager, admins, reject, routes }: ContractApp<H3Context>): H3 {
  const sessions = h3Sessions(manager);
  const adminSessions = h3Sessions(admins);
  const throwing = h3Sessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  // h3 prints the errors that it answers with 500.
  const app = new H3({ silent: true });
  app.use(sessionRoutes(sessions, { path: "/account" }));
  for (const { method, path, guard, options, run } of routes(sessions, adminSessions)) {
    const middleware: Middleware[] = guard ? [guards[guard](options)] : [];
    app.on(method, path, async (event) => send(event, await run(event, event.url.searchParams)), {
      middleware,
    });
  }
  return app;
}

function send(
  event: H3Event,
  { status = 200, json, redirect: to, stream, cookie, headers: own = {}, failure }: ContractReply,
): unknown {
  for (const [name, value] of Object.entries(own)) {
    event.res.headers.set(name, value);
    event.res.errHeaders.set(name, value);
  }
  if (failure) throw failure;
  if (cookie) setCookie(event, ...(cookie as [string, string]));
  if (to) return redirect(to, 303);
  if (stream) return toStream(stream);
  const headers = { "content-type": "application/json" };
  return new HTTPResponse(JSON.stringify(json ?? null), { status, headers });
}

describe("sessionup/h3 on node:http", () => {
  adapterContract({ describe, it }, { start: (app) => listen(createServer(toNodeHandler(h3App(app)))) });
});
