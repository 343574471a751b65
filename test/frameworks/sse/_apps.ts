import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Controller, Get, Module, Post, Res, UseGuards } from "@nestjs/common";
import express5 from "express";
import express4 from "express4";
import { fastify } from "fastify";
import { H3, toNodeHandler } from "h3";
import { Hono } from "hono";
import { compress } from "hono/compress";
import koa3 from "koa";
import koa2 from "koa2";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { fetchSessions } from "sessionup/fetch";
import { h3Sessions } from "sessionup/h3";
import { honoSessions } from "sessionup/hono";
import { koaSessions } from "sessionup/koa";
import { type NestContext, nestSessions } from "sessionup/nest";
import { nodeSessions } from "sessionup/node";
import { listen } from "../../support/listen.ts";
import { listening } from "../fastify/app.ts";
import { createApp, listenApp, type Platform } from "../nest/app.ts";
import type { StartStreamApp, StreamApp } from "./_suite.ts";

const serve = (listener: RequestListener) => listen(createServer(listener));

/** Creates the app on node:http. */
export function nodeListener({ manager, open }: StreamApp): RequestListener {
  const sessions = nodeSessions(manager);
  const auth = sessions.auth();
  return async (req, res) => {
    if (req.url === "/login") await sessions.init(res, "ann").then(() => res.end());
    else if (req.url === "/rotate") await sessions.rotate(res).then(() => res.end());
    else await auth(req, res, () => open(sessions, res).pipe(res));
  };
}

function onExpress(express: typeof express5): StartStreamApp {
  return ({ manager, open }) => {
    const sessions = expressSessions(manager);
    const app = express();
    app.post("/login", (req, res) => void sessions.init(req, "ann").then(() => res.end()));
    app.get("/events", sessions.auth(), (req, res) => open(sessions, req).pipe(res));
    return serve(app);
  };
}

function onKoa(Koa: typeof koa3): StartStreamApp {
  return ({ manager, open }) => {
    const sessions = koaSessions(manager);
    const app = new Koa();
    app.use(async (ctx, next) => {
      if (ctx.path !== "/login") return next();
      await sessions.init(ctx, "ann");
      ctx.body = "";
    });
    app.use(sessions.auth());
    app.use((ctx) => {
      ctx.respond = false;
      open(sessions, ctx).pipe(ctx.res);
    });
    return serve(app.callback());
  };
}

/** Nest's decorators called as functions, because no compiler transforms decorator syntax here. */
function onNest(platform: Platform): StartStreamApp {
  return async ({ manager, open }) => {
    const sessions = nestSessions(manager);
    class Events {
      login(response: NestContext): Promise<unknown> {
        return sessions.init(response, "ann");
      }
      events(response: NestContext & { send(payload: Response): void }): void {
        const stream = open(sessions, response);
        // The platform's response: Express's `res`, or Fastify's `reply`.
        if (platform === "Express") stream.pipe(response as never);
        else response.send(stream.toResponse());
      }
    }
    const routes = [
      ["login", Post("login"), Res({ passthrough: true })],
      ["events", Get("events"), Res()],
    ] as const;
    for (const [key, method, parameter] of routes) {
      const descriptor = Object.getOwnPropertyDescriptor(Events.prototype, key) as PropertyDescriptor;
      method(Events.prototype, key, descriptor);
      parameter(Events.prototype, key, 0);
      if (key === "events") UseGuards(sessions.auth())(Events.prototype, key, descriptor);
    }
    Controller()(Events);
    class AppModule {}
    Module({ imports: [sessions.module()], controllers: [Events] })(AppModule);
    return listenApp(await createApp(AppModule, platform));
  };
}

/** The way to send a stream in each framework whose server runs in this process without a build. */
export const STREAM_APPS: Readonly<Record<string, StartStreamApp>> = {
  "node:http": (app) => serve(nodeListener(app)),
  "Express 5": onExpress(express5),
  "Express 4": onExpress(express4 as unknown as typeof express5),
  Fastify({ manager, open }) {
    const sessions = fastifySessions(manager);
    const app = fastify({ forceCloseConnections: true });
    app.post("/login", async (_request, reply) => void (await sessions.init(reply, "ann")));
    app.get("/events", { preHandler: sessions.auth() }, (_request, reply) =>
      reply.send(open(sessions, reply).toResponse()),
    );
    return listening(app);
  },
  "Koa 3": onKoa(koa3),
  "Koa 2": onKoa(koa2 as unknown as typeof koa3),
  "Hono, with compression"({ manager, open }) {
    const sessions = honoSessions(manager);
    const app = new Hono().use(compress());
    app.post("/login", sessions.public(), async (c) => {
      await sessions.init(c, "ann");
      return c.body(null);
    });
    app.get("/events", sessions.auth(), (c) => open(sessions, c).toResponse());
    return serve(getRequestListener(app.fetch));
  },
  h3({ manager, open }) {
    const sessions = h3Sessions(manager);
    const app = new H3();
    app.post("/login", async (event) => {
      await sessions.init(event, "ann");
      return "";
    });
    app.get("/events", (event) => open(sessions, event).toResponse(), { middleware: [sessions.auth()] });
    return serve(toNodeHandler(app));
  },
  "fetch handlers"({ manager, open }) {
    const sessions = fetchSessions(manager);
    const login = sessions.public(async (context) => {
      await sessions.init(context, "ann");
      return new Response();
    });
    const events = sessions.auth((context) => open(sessions, context).toResponse());
    return serve(
      getRequestListener((request) => (request.url.endsWith("/login") ? login(request) : events(request))),
    );
  },
  "Nest on Express": onNest("Express"),
  "Nest on Fastify": onNest("Fastify"),
};
