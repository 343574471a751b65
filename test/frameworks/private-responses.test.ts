import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { fastify } from "fastify";
import { H3, HTTPResponse, toNodeHandler } from "h3";
import { Hono } from "hono";
import { cors } from "hono/cors";
import Koa from "koa";
import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { fetchSessions } from "sessionup/fetch";
import { h3Sessions } from "sessionup/h3";
import { honoSessions } from "sessionup/hono";
import { koaSessions } from "sessionup/koa";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";
import { listening } from "./fastify/app.ts";

const CACHED = "public, max-age=60";
const FILE = fileURLToPath(import.meta.url);
const manager = new Manager(memoryStore());

type Server = Promise<{ readonly origin: string; close(): Promise<void> }>;

/** Logs in at `/login` and requests `/private`. Returns the response's Cache-Control. */
async function cacheControl(server: Server): Promise<string | null> {
  const { origin, close } = await server;
  try {
    const client = new ContractClient(origin);
    await client.post("/login");
    const answer = await client.get("/private");
    expect(answer.cookies).toEqual([]);
    return answer.headers.get("cache-control");
  } finally {
    await close();
  }
}

function onExpress(before: express.RequestHandler[], handler: express.RequestHandler): Server {
  const sessions = expressSessions(manager);
  const app = express();
  app.post("/login", async (req, res) => {
    await sessions.init(req, "ann");
    res.end();
  });
  app.use("/private", ...before, sessions.auth(), handler);
  return listen(createServer(app));
}

function onHono(prepare: (app: Hono) => void, handler: () => Response): Server {
  const sessions = honoSessions(manager);
  const app = new Hono();
  prepare(app);
  app.post("/login", sessions.public(), async (c) => {
    await sessions.init(c, "ann");
    return c.body(null);
  });
  app.get("/private", sessions.auth(), handler);
  return listen(createServer(getRequestListener(app.fetch)));
}

function onH3(prepare: (app: H3) => void, handler: () => unknown): Server {
  const sessions = h3Sessions(manager);
  const app = new H3();
  prepare(app);
  app.post("/login", async (event) => {
    await sessions.init(event, "ann");
    return "";
  });
  app.get("/private", handler, { middleware: [sessions.auth()] });
  return listen(createServer(toNodeHandler(app)));
}

function onKoa(before: Koa.Middleware): Server {
  const sessions = koaSessions(manager);
  const app = new Koa();
  app.use(async (ctx, next) => {
    if (ctx.path !== "/login") return next();
    await sessions.init(ctx, "ann");
    ctx.body = "";
  });
  app.use(before);
  app.use(sessions.auth());
  app.use((ctx) => {
    ctx.body = "private";
  });
  return listen(createServer(app.callback()));
}

function onFastify(): Server {
  const sessions = fastifySessions(manager);
  const app = fastify();
  app.post("/login", async (_request, reply) => void (await sessions.init(reply, "ann")));
  app.register(async (scope) => {
    scope.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", CACHED));
    scope.get("/private", { preHandler: sessions.auth() }, async () => "private");
  });
  return listening(app);
}

function onFetch(handler: () => Response): Server {
  const sessions = fetchSessions(manager);
  const login = sessions.public(async (context) => {
    await sessions.init(context, "ann");
    return new Response();
  });
  const home = sessions.auth(handler);
  return listen(
    createServer(
      getRequestListener((request) => (request.url.endsWith("/login") ? login(request) : home(request))),
    ),
  );
}

describe("a response behind auth()", () => {
  it.each<[framework: string, start: () => Server]>([
    [
      "Express",
      () =>
        onExpress(
          [(_req, res, next) => void next(res.set("cache-control", CACHED) && undefined)],
          (_req, res) => res.end(),
        ),
    ],
    [
      "Hono",
      () =>
        onHono(
          (app) =>
            app.use(async (c, next) => {
              c.header("cache-control", CACHED);
              await next();
            }),
          () => new Response("private", { headers: { "cache-control": CACHED } }),
        ),
    ],
    [
      "h3",
      () =>
        onH3(
          (app) => app.use((event) => void event.res.headers.set("cache-control", CACHED)),
          () => "private",
        ),
    ],
    [
      "Koa",
      () =>
        onKoa((ctx, next) => {
          ctx.set("cache-control", CACHED);
          return next();
        }),
    ],
    ["Fastify", onFastify],
  ])("the Cache-Control of earlier middleware stays: %s", async (_framework, start) => {
    expect(await cacheControl(start())).toBe(CACHED);
  });

  it.each<[what: string, start: () => Server]>([
    ["a file in Express", () => onExpress([], (_req, res) => res.sendFile(FILE))],
    [
      "an immutable redirect in Hono",
      () =>
        onHono(
          () => {},
          () => Response.redirect("http://127.0.0.1/"),
        ),
    ],
    [
      "a Response in Hono after cors()",
      () =>
        onHono(
          (app) => app.use(cors()),
          () => new Response("private"),
        ),
    ],
    [
      "an immutable redirect in h3",
      () =>
        onH3(
          () => {},
          () => Response.redirect("http://127.0.0.1/"),
        ),
    ],
    [
      "an HTTPResponse in h3",
      () =>
        onH3(
          () => {},
          () => new HTTPResponse("private"),
        ),
    ],
    ["an immutable redirect in a fetch handler", () => onFetch(() => Response.redirect("http://127.0.0.1/"))],
  ])("the response is private by default: %s", async (_what, start) => {
    expect(await cacheControl(start())).toBe("private");
  });

  it.each<[what: string, start: () => Server]>([
    [
      "setHeaders of a static file in Express",
      () =>
        onExpress(
          [],
          express.static(FILE, {
            redirect: false,
            setHeaders: (res) => void res.set("cache-control", CACHED),
          }),
        ),
    ],
    [
      "a Response in Hono after cors()",
      () =>
        onHono(
          (app) => app.use(cors()),
          () => new Response("", { headers: { "cache-control": CACHED } }),
        ),
    ],
    [
      "a Response in h3",
      () =>
        onH3(
          () => {},
          () => new Response("", { headers: { "cache-control": CACHED } }),
        ),
    ],
    [
      "an HTTPResponse in h3",
      () =>
        onH3(
          () => {},
          () => new HTTPResponse("", { headers: { "cache-control": CACHED } }),
        ),
    ],
    [
      "a Response in a fetch handler",
      () => onFetch(() => new Response("", { headers: { "cache-control": CACHED } })),
    ],
  ])("the response's own Cache-Control stays: %s", async (_what, start) => {
    expect(await cacheControl(start())).toBe(CACHED);
  });

  it("the response keeps its Content-Length", async () => {
    const { origin, close } = await onFetch(() => new Response("private"));
    const client = new ContractClient(origin);
    await client.post("/login");
    const { headers } = await client.get("/private");
    await close();
    expect(headers.get("content-length")).toBe("7");
  });
});
