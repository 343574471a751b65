import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type INestApplication, Module } from "@nestjs/common";
import express5 from "express";
import express4 from "express4";
import { type FastifyPluginAsync, fastify } from "fastify";
import { H3, toNodeHandler } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { h3Sessions } from "sessionup/h3";
import { honoSessions } from "sessionup/hono";
import { koaSessions } from "sessionup/koa";
import { nestSessions } from "sessionup/nest";
import { nodeSessions } from "sessionup/node";
import { type RoutesOptions, sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";
import { listening } from "./fastify/app.ts";
import { mount as koaMount } from "./koa/app.ts";
import { createApp, listenApp, PLATFORMS } from "./nest/app.ts";

const manager = new Manager(memoryStore());

type Server = Promise<{ readonly origin: string; close(): Promise<void> }>;
/** Starts an app with the routes inside nested mounts, the outermost first. */
type Start = (mounts: readonly string[], options?: RoutesOptions) => Server;

/** Wraps an app in its mounts. */
function nest<App>(mounts: readonly string[], innermost: App, mount: (path: string, inner: App) => App): App {
  return mounts.reduceRight((inner, path) => mount(path, inner), innermost);
}

function expressOn(express: typeof express5): Start {
  return (mounts, options) => {
    const routes: express5.RequestHandler = sessionRoutes(expressSessions(manager), options);
    const app = nest(mounts, express().use(routes), (path, inner) => express().use(path, inner));
    return listen(createServer(app.set("env", "test")));
  };
}

function koaApp(options?: RoutesOptions): Koa {
  const app = new Koa();
  app.use(sessionRoutes(koaSessions(manager), options));
  return app;
}

const FRAMEWORKS: Readonly<Record<string, Start>> = {
  "Express 5": expressOn(express5),
  "Express 4": expressOn(express4 as unknown as typeof express5),
  "routers of Express": (mounts, options) => {
    const routes: express5.RequestHandler = sessionRoutes(expressSessions(manager), options);
    const router = nest<express5.RequestHandler>(mounts, routes, (path, inner) =>
      express5.Router().use(path, inner),
    );
    return listen(createServer(express5().set("env", "test").use(router)));
  },
  "a router on node:http": (mounts, options) => {
    const routes = sessionRoutes(nodeSessions(manager), options) as unknown as express5.RequestHandler;
    const router = nest(mounts, routes, (path, inner) => express5.Router().use(path, inner));
    return listen(
      createServer((request, response) => {
        router(request as express5.Request, response as express5.Response, () =>
          response.writeHead(404).end(),
        );
      }),
    );
  },
  Koa: (mounts, options) => {
    const app = nest(mounts, koaApp(options), (path, inner) => new Koa().use(koaMount(path, inner)));
    return listen(createServer(app.callback()));
  },
  "Koa in Express": (mounts, options) => {
    const [outermost = "/", ...inner] = mounts;
    const app = nest(inner, koaApp(options), (path, each) => new Koa().use(koaMount(path, each)));
    return listen(createServer(express5().use(outermost, app.callback())));
  },
  Hono: (mounts, options) => {
    const innermost = new Hono().use(sessionRoutes(honoSessions(manager), options));
    const app = nest(mounts, innermost, (path, inner) => new Hono().route(path, inner));
    return listen(createServer(getRequestListener(app.fetch)));
  },
  "Hono, under a pattern": (mounts, options) => {
    const app = new Hono().use(`${mounts.join("")}/*`, sessionRoutes(honoSessions(manager), options));
    return listen(createServer(getRequestListener(app.fetch)));
  },
  Fastify: (mounts, options) => {
    const routes = sessionRoutes(fastifySessions(manager), options) as unknown as FastifyPluginAsync;
    const plugin = nest(mounts, routes, (prefix, inner) => async (app) => {
      await app.register(inner, { prefix });
    });
    const app = fastify();
    app.register(plugin);
    return listening(app);
  },
  h3: (mounts, options) => {
    const innermost = new H3().use(sessionRoutes(h3Sessions(manager), options));
    const app = nest(mounts, innermost, (path, inner) => new H3({ silent: true }).mount(path, inner));
    return listen(createServer(toNodeHandler(app)));
  },
  ...Object.fromEntries(
    PLATFORMS.map((platform): [string, Start] => [
      `Nest on ${platform}`,
      async (mounts, options) => {
        class AppModule {}
        Module({})(AppModule);
        const prepare = (app: INestApplication) =>
          app.use(mounts.join(""), sessionRoutes(nestSessions(manager), options));
        return listenApp(await createApp(AppModule, platform, { prepare }));
      },
    ]),
  ),
};

/** Returns the paths that are routes. To an unauthenticated request, a route answers 401 with the reason. */
async function routesAmong(server: Server, paths: readonly string[]): Promise<readonly string[]> {
  const { origin, close } = await server;
  try {
    const client = new ContractClient(origin);
    const found: string[] = [];
    for (const path of paths) {
      const { status, text } = await client.get(path);
      expect([401, 404], path).toContain(status);
      if (status === 401 && text.includes("no_cookie")) found.push(path);
    }
    return found;
  } finally {
    await close();
  }
}

const PATHS = [
  "/session",
  "/x/session",
  "/account/session",
  "/account/sessions?a=/session",
  "/account/x/session",
  "/account/account/session",
  "/api/session",
  "/api/account/session",
  "/api/account/account/session",
  "/api/account/x/session",
  "/api/x/session",
  // No mount has routes under these paths.
  "/accounts/session",
  "/account/sessionx",
  "/account//session",
  "/account?/session",
  "/ACCOUNT/account/session",
  "/%61ccount/account/session",
  "/account/%61ccount/session",
  "/api/ACCOUNT/account/session",
  "//account/session",
];

describe.each(Object.entries(FRAMEWORKS))("routes mounted on %s", (_framework, start) => {
  it.each<[mounts: string[], options: RoutesOptions | undefined, found: string[]]>([
    [["/account"], undefined, ["/account/session", "/account/sessions?a=/session"]],
    [["/account"], {}, ["/account/session", "/account/sessions?a=/session"]],
    [["/account"], { path: "" }, ["/account/session", "/account/sessions?a=/session"]],
    [["/account"], { path: "/account" }, ["/account/session", "/account/sessions?a=/session"]],
    [["/account"], { path: "/x" }, ["/account/x/session"]],
    [["/account"], { path: "/account/x" }, ["/account/x/session"]],
    [["/api"], { path: "/account" }, ["/api/account/session"]],
    [["/api"], { path: "/api/account" }, ["/api/account/session"]],
    [["/api", "/account"], undefined, ["/api/account/session"]],
    [["/api", "/account"], { path: "/account" }, ["/api/account/session"]],
    [["/api", "/account"], { path: "/api/account" }, ["/api/account/session"]],
    [["/api", "/account"], { path: "/x" }, ["/api/account/x/session"]],
  ])("the routes in mounts %j with options %j are found only at %j", async (mounts, options, found) => {
    expect(await routesAmong(start(mounts, options), PATHS)).toEqual(found);
  });
});

describe("routes in a mount whose pattern matches more than the mount", () => {
  it.each<[pattern: string, path: string]>([
    ["/account/*splat", "/account"],
    ["/account/sessions", "/account"],
    ["/*splat", "/account"],
  ])("the routes are found at their whole path: Express, %j with the path %j", async (pattern, path) => {
    const server = FRAMEWORKS["Express 5"]?.([pattern], { path }) as Server;
    const found = await routesAmong(server, ["/account/account/session", "/account/session", "/session"]);
    expect(found).toEqual(pattern.endsWith("splat") ? ["/account/session"] : []);
  });
});

describe("routes in a mount with a parameter", () => {
  it.each<[framework: string, start: (options?: RoutesOptions) => Server]>([
    ["Express", (options) => FRAMEWORKS["Express 5"]?.(["/:tenant"], options) as Server],
    ["Hono", (options) => FRAMEWORKS.Hono?.(["/:tenant"], options) as Server],
    ["Fastify", (options) => FRAMEWORKS.Fastify?.(["/:tenant"], options) as Server],
  ])("the routes are found behind the parameter: %s", async (_framework, start) => {
    const paths = ["/acme/session", "/acme/account/session", "/acme/x/session", "/session"];
    expect(await routesAmong(start(), paths)).toEqual(["/acme/session"]);
    expect(await routesAmong(start({ path: "/account" }), paths)).toEqual(["/acme/account/session"]);
  });
});
