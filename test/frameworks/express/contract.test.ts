import { createServer } from "node:http";
import express5 from "express";
import express4 from "express4";
import { type ExpressContext, expressSessions } from "sessionup/express";
import { sessionRoutes } from "sessionup/routes";
import { adapterContract, type ContractApp, type ContractReply } from "sessionup/testing";
import { describe, it } from "vitest";
import { listen } from "../../support/listen.ts";

/** The part of Express that the app uses, the same in 4 and 5. */
type Express = () => express5.Express;

const VERSIONS: Readonly<Record<string, Express>> = {
  "Express 5": express5,
  "Express 4": express4 as unknown as Express,
};

function expressApp(
  express: Express,
  { manager, admins, reject, routes }: ContractApp<ExpressContext>,
): express5.Express {
  const sessions = expressSessions(manager);
  const adminSessions = expressSessions(admins);
  const throwing = expressSessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const app = express();
  app.use(sessionRoutes(sessions, { path: "/account" }));
  for (const { method, path, guard, options, run } of routes(sessions, adminSessions)) {
    const handlers: express5.RequestHandler[] = guard ? [guards[guard](options)] : [];
    handlers.push((req, res, next) => {
      const query = new URL(req.url, "http://localhost").searchParams;
      run(req, query)
        .then((reply) => send(res, reply))
        // Without an error, Express would look for another handler.
        .catch((error) => next(error ?? new Error("undefined was thrown")));
    });
    app[method === "GET" ? "get" : "post"](path, ...handlers);
  }
  // In the test environment, Express does not print the errors that it answers with 500.
  app.set("env", "test");
  return app;
}

async function send(
  res: express5.Response,
  { status = 200, json, redirect, stream, cookie, headers = {}, failure }: ContractReply,
): Promise<void> {
  res.set(headers);
  if (failure) throw failure;
  if (cookie) res.cookie(...(cookie as [string, string]));
  if (redirect) res.redirect(303, redirect);
  else if (stream) {
    for await (const bit of stream) res.write(bit);
    res.end();
  } else res.status(status).json(json ?? null);
}

for (const [version, express] of Object.entries(VERSIONS)) {
  describe(`sessionup/express on ${version}`, () => {
    adapterContract({ describe, it }, { start: (app) => listen(createServer(expressApp(express, app))) });
  });
}
