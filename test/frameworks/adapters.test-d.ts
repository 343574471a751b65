import { createServer, type IncomingMessage } from "node:http";
import { createServer as createServer2 } from "node:http2";
import express5 from "express";
import express4 from "express4";
import { createSessions, type Exchange, Manager, type Session, type SessionError, typed } from "sessionup";
import { type ExpressMiddleware, expressSessions } from "sessionup/express";
import {
  type AuthenticatedFetchContext,
  type FetchContext,
  type FetchRoutes,
  fetchSessions,
} from "sessionup/fetch";
import { type NodeMiddleware, nodeSessions } from "sessionup/node";
import { type Routes, sessionRoutes } from "sessionup/routes";
import { socketIoSessions } from "sessionup/socket.io";
import { memoryStore } from "sessionup/stores/memory";
import { wsSessions } from "sessionup/ws";
import { describe, expectTypeOf, it } from "vitest";

const manager = new Manager(memoryStore());

describe("sessionup/express", () => {
  const sessions = expressSessions(manager);

  it("fits an Express 5 app and keeps its type inference", () => {
    const app = express5();
    app.use(sessions.public());
    app.get("/users/:id/:tab", sessions.auth(), (req, res) => {
      expectTypeOf(req.params.id).toEqualTypeOf<string>();
      expectTypeOf(req.params.tab).toEqualTypeOf<string>();
      // @ts-expect-error the path has no such parameter
      req.params.page;
      expectTypeOf(sessions.require(req)).toEqualTypeOf<Session>();
      res.json(sessions.current(req));
    });
    app.post("/login", async (req, res) => {
      await sessions.init(req, "user-1");
      res.redirect("/");
    });
    app.use("/admin", sessions.auth(), express5.Router().use(sessions.public()));
    app.use(sessionRoutes(sessions, { path: "/account" }));
    app.use(
      (_error: unknown, req: express5.Request, _res: express5.Response, _next: express5.NextFunction) => {
        sessions.current(req);
      },
    );
  });

  it("fits an Express 4 app and keeps its type inference", () => {
    const app = express4();
    app.use(sessions.public());
    app.get("/users/:id/:tab", sessions.auth(), (req, res) => {
      expectTypeOf(req.params.id).toEqualTypeOf<string>();
      expectTypeOf(req.params.tab).toEqualTypeOf<string>();
      // @ts-expect-error the path has no such parameter
      req.params.page;
      expectTypeOf(sessions.require(req)).toEqualTypeOf<Session>();
      res.json(sessions.current(req));
    });
    app.use("/admin", sessions.auth(), express4.Router().use(sessions.public()));
    app.use(sessionRoutes(sessions, { path: "/account" }));
    app.use(
      (_error: unknown, req: express4.Request, _res: express4.Response, _next: express4.NextFunction) => {
        sessions.current(req);
      },
    );
  });

  it("fits handlers that are declared apart from their route", () => {
    const list: express5.RequestHandler = async (req, res) => {
      res.json(await sessions.fetchAll(req));
    };
    const end: express4.RequestHandler<
      { id: string },
      unknown,
      { reason: string },
      { page: string }
    > = async (req, res) => {
      res.json(await sessions.revokeOwn(req, req.params.id));
    };
    express5().get("/devices", sessions.auth(), list);
    express4().delete("/devices/:id", sessions.auth(), end);
  });

  it("lets reject declare Express's types", () => {
    expressSessions(manager, {
      reject: (error, req: express5.Request, res: express5.Response) => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        res.status(error.status).render("rejected", { from: req.originalUrl });
      },
    });
    expressSessions(manager, {
      reject: (error, req: express4.Request, res: express4.Response) => {
        res.status(error.status).redirect(`/login?from=${encodeURIComponent(req.originalUrl)}`);
      },
    });
    expressSessions(manager, {
      reject: async (error, _req, res) => {
        res.statusCode = error.status;
        res.end();
      },
    });
    expressSessions(manager, {
      // @ts-expect-error not an Express request
      reject: (_error, _req: Date) => undefined,
    });
  });

  it("rejects the context of another adapter", () => {
    // @ts-expect-error the context is the request
    express5().get("/", (_req, res) => res.json(sessions.current(res)));
  });
});

describe("sessionup/node", () => {
  const sessions = nodeSessions(manager);
  const auth = sessions.auth();

  it("fits node:http, node:https and the compatibility API of node:http2", () => {
    createServer((req, res) => {
      void auth(req, res, () => res.end(sessions.require(res).userKey));
    });
    createServer2((req, res) => {
      void auth(req, res, () => res.end(sessions.require(res).userKey));
    });
  });

  it("fits connect and Express", () => {
    express5().use(sessions.public());
    express4().use(sessions.auth());
  });

  it("passes the request and the response to reject", () => {
    nodeSessions(manager, {
      reject: (error, req, res) => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        expectTypeOf(req.headers).toEqualTypeOf<IncomingMessage["headers"]>();
        res.statusCode = error.status;
        res.end(error.message);
      },
    });
  });
});

describe("sessionup/fetch", () => {
  interface Env {
    readonly NAME: string;
  }
  interface Execution {
    waitUntil(promise: Promise<unknown>): void;
  }
  const sessions = fetchSessions(manager);

  it("returns a fetch handler with the arguments of the app's handler", () => {
    const handler = sessions.auth(async (context, env: Env, execution: Execution) => {
      execution.waitUntil(Promise.resolve(env.NAME));
      return Response.json(context.session);
    });
    expectTypeOf(handler).toEqualTypeOf<
      (request: Request, env: Env, execution: Execution) => Promise<Response>
    >();
    expectTypeOf(sessions.public(() => new Response())).toEqualTypeOf<
      (request: Request) => Promise<Response>
    >();
  });

  it("infers the arguments from the expected type", () => {
    const worker: { fetch(request: Request, env: Env): Promise<Response> } = {
      fetch: sessions.public((context, env) => Response.json([context.session, env.NAME])),
    };
    expectTypeOf(worker.fetch).returns.resolves.toEqualTypeOf<Response>();
  });

  it("defines the session behind auth and makes it optional behind public", () => {
    sessions.auth((context) => {
      expectTypeOf(context).toEqualTypeOf<AuthenticatedFetchContext>();
      return Response.json(context.session.userKey);
    });
    sessions.public((context) => {
      expectTypeOf(context).toEqualTypeOf<FetchContext>();
      expectTypeOf(context.session).toEqualTypeOf<Session | undefined>();
      return new Response();
    });
  });

  it("requires a Response", () => {
    // @ts-expect-error undefined is not a Response
    sessions.auth(() => undefined);
    // @ts-expect-error a string is not a Response
    sessions.public(async () => "text");
  });

  it("passes the platform's arguments to peerAddress and reject", () => {
    fetchSessions(manager, {
      peerAddress: (request, info: { remoteAddr: { hostname: string } }) => {
        expectTypeOf(request).toEqualTypeOf<Request>();
        return info.remoteAddr.hostname;
      },
      reject: (error, request) => Response.redirect(new URL(`/login?why=${error.reason}`, request.url)),
    });
  });
});

describe("two managers in one Express app", () => {
  const store = memoryStore();
  const users = expressSessions(new Manager(store, { meta: typed<{ theme: string }>() }));
  const admins = expressSessions(
    new Manager(store, { cookie: { name: "admin" }, meta: typed<{ role: number }>() }),
  );

  it("two managers keep their types apart", () => {
    express5().get("/", users.public(), admins.auth(), (req, res) => {
      expectTypeOf(users.current(req)).toEqualTypeOf<Session<{ theme: string }> | undefined>();
      expectTypeOf(admins.require(req)).toEqualTypeOf<Session<{ role: number }>>();
      res.end();
    });
  });

  it("two managers do not augment the types of Express and Node", () => {
    expectTypeOf<keyof Express.Request>().toEqualTypeOf<never>();
    expectTypeOf<keyof Express.Response>().toEqualTypeOf<
      "locals" extends keyof Express.Response ? "locals" : never
    >();
    // @ts-expect-error unknown property
    express5().get("/", (req) => req.session);
    // @ts-expect-error unknown property
    express4().get("/", (req) => req.sessions);
    // @ts-expect-error unknown property
    createServer((req) => req.session);
    // @ts-expect-error unknown property
    createServer((_req, res) => res.locals);
  });
});

describe("sessionup/routes", () => {
  it("returns the form that each framework mounts", () => {
    expectTypeOf(sessionRoutes(expressSessions(manager))).toEqualTypeOf<ExpressMiddleware>();
    expectTypeOf(sessionRoutes(nodeSessions(manager))).toEqualTypeOf<NodeMiddleware>();
    expectTypeOf(sessionRoutes(fetchSessions(manager))).toEqualTypeOf<FetchRoutes>();
  });

  it("returns the routes themselves for the methods of createSessions", () => {
    const { methods } = createSessions(manager, (_context: { id: number }): Exchange => never());
    expectTypeOf(sessionRoutes(methods)).toEqualTypeOf<Routes<{ id: number }>>();
  });

  it("rejects sessions whose adapter has no routes", () => {
    // @ts-expect-error an upgrade has no response with a body
    sessionRoutes(wsSessions(manager));
    // @ts-expect-error a handshake of Socket.IO has none, either
    sessionRoutes(socketIoSessions(manager));
    // @ts-expect-error a manager is not an adapter's sessions
    sessionRoutes(manager);
  });
});

declare function never(): never;
