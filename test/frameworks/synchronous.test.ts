import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express5 from "express";
import express4 from "express4";
import { fastify } from "fastify";
import { H3, toNodeHandler } from "h3";
import { Hono, type MiddlewareHandler } from "hono";
import Koa from "koa";
import { Manager, type ManagerOptions, type MaybePromise, type SessionRecord, type Store } from "sessionup";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { fetchSessions } from "sessionup/fetch";
import { h3Sessions } from "sessionup/h3";
import { honoSessions } from "sessionup/hono";
import { koaSessions } from "sessionup/koa";
import { nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";
import { listening } from "./fastify/app.ts";

/** The observations of a server during its last request. */
class Seen {
  /** For each middleware, innermost first: whether it called `next` before it returned. */
  atOnce: boolean[] = [];
  handled = 0;
  /** The messages of the errors that reached the app's error handling. */
  errors: string[] = [];

  /** Calls middleware. `run` must be called when the middleware calls `next`. */
  watch<Result>(middleware: (run: () => void) => Result): Result {
    let hasRun = false;
    const result = middleware(() => {
      hasRun = true;
    });
    this.atOnce.push(hasRun);
    return result;
  }

  fail(error: unknown): void {
    this.errors.push(error instanceof Error ? error.message : String(error));
  }

  /** The handler of all paths. */
  handle(path: string): string {
    this.handled++;
    if (path.endsWith("/throws")) throw new Error("the handler failed");
    return "private";
  }
}

type Server = Promise<{ readonly origin: string; close(): Promise<void> }>;
type Start = (manager: Manager<undefined, undefined>, seen: Seen) => Server;

const serve = (listener: RequestListener): Server => listen(createServer(listener));

/** Starts an app with `/login`, and `/private` and `/throws` behind two middlewares. */
const FRAMEWORKS: Readonly<Record<string, Start>> = {
  "node:http"(manager, seen) {
    const sessions = nodeSessions(manager);
    const [open, auth] = [sessions.public(), sessions.auth()];
    return serve(async (req, res) => {
      if (req.url === "/login") {
        await sessions.init(res, "ann");
        res.end();
        return;
      }
      try {
        await seen.watch((run) =>
          open(req, res, () => {
            run();
            return seen.watch((run) =>
              auth(req, res, () => {
                run();
                res.end(seen.handle(req.url ?? ""));
              }),
            );
          }),
        );
      } catch (error) {
        seen.fail(error);
        res.writeHead(500).end();
      }
    });
  },

  "Express 5": (manager, seen) => onExpress(express5, manager, seen),
  "Express 4": (manager, seen) => onExpress(express4 as unknown as typeof express5, manager, seen),

  Fastify(manager, seen) {
    const sessions = fastifySessions(manager);
    const app = fastify();
    const hooks = [sessions.public(), sessions.auth()].map(
      (hook): typeof hook =>
        (request, reply, done) =>
          seen.watch((run) =>
            hook(request, reply, (error) => {
              run();
              done(error);
            }),
          ),
    );
    app.post("/login", async (_request, reply) => void (await sessions.init(reply, "ann")));
    app.get("/*", { preHandler: hooks }, (request, reply) => void reply.send(seen.handle(request.url)));
    app.setErrorHandler((error, _request, reply) => {
      seen.fail(error);
      reply.code(500).send();
    });
    return listening(app);
  },

  Koa(manager, seen) {
    const sessions = koaSessions(manager);
    const app = new Koa();
    app.use(async (ctx, next) => {
      if (ctx.path !== "/login") return next();
      await sessions.init(ctx, "ann");
      ctx.body = "";
    });
    for (const middleware of [sessions.public(), sessions.auth()])
      app.use((ctx, next) =>
        seen.watch((run) =>
          middleware(ctx, () => {
            run();
            return next();
          }),
        ),
      );
    app.use((ctx) => {
      ctx.body = seen.handle(ctx.path);
    });
    app.on("error", (error) => seen.fail(error));
    return serve(app.callback());
  },

  Hono(manager, seen) {
    const sessions = honoSessions(manager);
    const app = new Hono();
    app.post("/login", async (c) => {
      await sessions.init(c, "ann");
      return c.body(null);
    });
    for (const middleware of [sessions.public(), sessions.auth()] as MiddlewareHandler[])
      app.use((c, next) =>
        seen.watch((run) =>
          middleware(c, () => {
            run();
            return next();
          }),
        ),
      );
    app.get("*", (c) => c.text(seen.handle(c.req.path)));
    app.onError((error, c) => {
      seen.fail(error);
      return c.text("", 500);
    });
    return serve(getRequestListener(app.fetch));
  },

  h3(manager, seen) {
    const sessions = h3Sessions(manager);
    const app = new H3({ onError: (error) => seen.fail(error.cause ?? error) });
    app.post("/login", async (event) => {
      await sessions.init(event, "ann");
      return "";
    });
    const middleware = [sessions.public(), sessions.auth()].map(
      (each): typeof each =>
        (event, next) =>
          seen.watch((run) =>
            each(event, () => {
              run();
              return next();
            }),
          ),
    );
    app.get("/**", (event) => seen.handle(event.url.pathname), { middleware });
    return serve(toNodeHandler(app));
  },

  fetch(manager, seen) {
    const sessions = fetchSessions(manager);
    const login = sessions.public(async (context) => {
      await sessions.init(context, "ann");
      return new Response();
    });
    const home = (request: Request) =>
      seen.watch((run) =>
        sessions.public(() => {
          run();
          return seen.watch((run) =>
            sessions.auth(() => {
              run();
              return new Response(seen.handle(request.url));
            })(request),
          );
        })(request),
      );
    return serve(
      getRequestListener(async (request) => {
        if (request.url.endsWith("/login")) return login(request);
        try {
          return await home(request);
        } catch (error) {
          seen.fail(error);
          return new Response(null, { status: 500 });
        }
      }),
    );
  },
};

function onExpress(express: typeof express5, manager: Manager, seen: Seen): Server {
  const sessions = expressSessions(manager);
  const app = express();
  app.post("/login", (req, res, next) => {
    sessions.init(req, "ann").then(() => res.end(), next);
  });
  for (const middleware of [sessions.public(), sessions.auth()])
    app.use((req, res, next) =>
      seen.watch((run) =>
        middleware(req, res, (error) => {
          run();
          next(error);
        }),
      ),
    );
  app.use((req, res) => void res.end(seen.handle(req.path)));
  const onError: express5.ErrorRequestHandler = (error, _req, res, _next) => {
    seen.fail(error);
    res.status(500).end();
  };
  app.use(onError);
  return serve(app);
}

type Read = () => MaybePromise<SessionRecord | undefined>;

/** How a store answers `fetchById`. */
const ANSWERS = {
  "at once": (read: Read) => read(),
  later: async (read: Read) => read(),
  "by throwing": () => {
    throw new Error("connection lost");
  },
  "by rejecting": () => Promise.reject(new Error("connection lost")),
};

/** Starts an app over a store, and logs in. */
async function setUp(start: Start, options: ManagerOptions = {}) {
  const clock = new TestClock();
  const memory = memoryStore();
  const switched: { answer: keyof typeof ANSWERS; reads: number } = { answer: "at once", reads: 0 };
  const store: Store = {
    ...memory,
    fetchById(id) {
      switched.reads++;
      return ANSWERS[switched.answer](() => memory.fetchById(id));
    },
  };
  const manager = new Manager(store, { clock: clock.now, ...options });
  const events: string[] = [];
  manager.events.on("rejected", ({ reason }) => events.push(reason));
  manager.events.on("error", ({ error }) => events.push(error.message));
  const seen = new Seen();
  const { origin, close } = await start(manager, seen);
  const client = new ContractClient(origin);
  await client.post("/login");
  return {
    clock,
    close,
    events,
    async get(path: string, answer: keyof typeof ANSWERS, headers: Record<string, string> = {}) {
      Object.assign(switched, { answer, reads: 0 });
      Object.assign(seen, new Seen());
      events.length = 0;
      const { status, text } = await client.get(path, headers);
      const { atOnce, handled, errors } = seen;
      return { status, text, atOnce, handled, errors, reads: switched.reads };
    },
  };
}

describe.each(Object.entries(FRAMEWORKS))("the middleware of %s", (_framework, start) => {
  it("calls next before it returns if the store answers at once, and later if it does not", async () => {
    const { get, close } = await setUp(start);
    const admitted = { status: 200, text: "private", handled: 1, errors: [], reads: 1 };
    expect(await get("/private", "at once")).toEqual({ ...admitted, atOnce: [true, true] });
    // The second middleware of a request finds the session loaded.
    expect(await get("/private", "later")).toEqual({ ...admitted, atOnce: [false, true] });
    await close();
  });

  it("waits for a write that is due", async () => {
    const { get, clock, close } = await setUp(start);
    clock.advance("1m");
    const { status, atOnce } = await get("/private", "at once");
    expect([status, atOnce.includes(false)]).toEqual([200, true]);
    expect(await get("/private", "at once")).toMatchObject({ status: 200, atOnce: [true, true] });
    await close();
  });

  it("waits for an asynchronous schema", async () => {
    const validate = async () => ({ value: undefined });
    const meta = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const { get, close } = await setUp(start, { meta });
    const { status, atOnce } = await get("/private", "at once");
    expect([status, atOnce.includes(false)]).toEqual([200, true]);
    await close();
  });

  it("rejects at once and later alike", async () => {
    const { get, events, close } = await setUp(start);
    const cookie = `__Host-sessionup=${"a".repeat(22)}.${"b".repeat(65)}`;
    const answers = [];
    for (const answer of ["at once", "later"] as const) {
      const { status, text, handled, errors, reads } = await get("/private", answer, { cookie });
      answers.push({ status, text, handled, errors, reads, events: [...events] });
    }
    expect(answers[0]).toMatchObject({ status: 401, handled: 0, errors: [], reads: 1, events: ["unknown"] });
    expect(answers[1]).toEqual(answers[0]);
    await close();
  });

  it("passes the error of a handler that throws on once", async () => {
    const { get, close } = await setUp(start);
    for (const answer of ["at once", "later"] as const) {
      const { status, handled, errors } = await get("/throws", answer);
      expect([status, handled, errors]).toEqual([500, 1, ["the handler failed"]]);
    }
    await close();
  });

  it("responds 503 if the store throws or rejects", async () => {
    const { get, events, close } = await setUp(start);
    for (const answer of ["by throwing", "by rejecting"] as const) {
      const { status, handled, errors, reads } = await get("/private", answer);
      expect([status, handled, errors, reads]).toEqual([503, 0, [], 1]);
      expect(events).toEqual([expect.stringMatching(/^The session store failed/)]);
    }
    await close();
  });
});
