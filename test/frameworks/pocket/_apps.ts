import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { All, Controller, Module, Req, Res } from "@nestjs/common";
import express5 from "express";
import express4 from "express4";
import { fastify } from "fastify";
import { H3, toNodeHandler } from "h3";
import { Hono } from "hono";
import koa3 from "koa";
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
import { answering, type StartPocketApp } from "./_suite.ts";

const serve = (listener: RequestListener) => listen(createServer(listener));

function onExpress(express: typeof express5): StartPocketApp {
  return (manager) => {
    const answer = answering(expressSessions(manager));
    const app = express();
    // Express prints errors unless it runs in production.
    app.set("env", "test");
    app.use((req, res, next) => {
      answer(req, req.path).then((value) => res.json(value), next);
    });
    return serve(app);
  };
}

/** Nest's decorators called as functions, because no compiler transforms decorator syntax here. */
function onNest(platform: Platform): StartPocketApp {
  return async (manager) => {
    const sessions = nestSessions(manager);
    const answer = answering(sessions);
    class Answers {
      async all(response: NestContext, request: { url: string }): Promise<string> {
        return JSON.stringify(await answer(response, request.url));
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Answers.prototype, "all") as PropertyDescriptor;
    All(":path")(Answers.prototype, "all", descriptor);
    Res({ passthrough: true })(Answers.prototype, "all", 0);
    Req()(Answers.prototype, "all", 1);
    Controller()(Answers);
    class AppModule {}
    Module({ imports: [sessions.module()], controllers: [Answers] })(AppModule);
    return listenApp(await createApp(AppModule, platform));
  };
}

/** The apps on frameworks whose server runs in this process without a build. */
export const POCKET_APPS: Readonly<Record<string, StartPocketApp>> = {
  "node:http"(manager) {
    const answer = answering(nodeSessions(manager));
    return serve((req, res) => {
      answer(res, req.url ?? "").then(
        (value) => res.end(JSON.stringify(value)),
        () => res.writeHead(500).end(),
      );
    });
  },
  "Express 5": onExpress(express5),
  "Express 4": onExpress(express4 as unknown as typeof express5),
  Fastify(manager) {
    const answer = answering(fastifySessions(manager));
    const app = fastify();
    app.all("/*", async (request, reply) => JSON.stringify(await answer(reply, request.url)));
    return listening(app);
  },
  Koa(manager) {
    const answer = answering(koaSessions(manager));
    const app = new koa3();
    app.silent = true;
    app.use(async (ctx) => {
      ctx.body = JSON.stringify(await answer(ctx, ctx.path));
    });
    return serve(app.callback());
  },
  Hono(manager) {
    const sessions = honoSessions(manager);
    const answer = answering(sessions);
    const app = new Hono();
    app.onError((_error, c) => c.body(null, 500));
    app.all("/*", async (c) => c.json((await answer(c, c.req.path)) as object));
    return serve(getRequestListener(app.fetch));
  },
  h3(manager) {
    const answer = answering(h3Sessions(manager));
    const app = new H3({ silent: true });
    app.all("/**", async (event) => JSON.stringify(await answer(event, event.url.pathname)));
    return serve(toNodeHandler(app));
  },
  "fetch handlers"(manager) {
    const sessions = fetchSessions(manager);
    const answer = answering(sessions);
    const handle = sessions.public(async (context) =>
      answer(context, new URL(context.request.url).pathname).then(
        (value) => Response.json(value),
        () => new Response(null, { status: 500 }),
      ),
    );
    return serve(getRequestListener((request) => handle(request)));
  },
  "Nest on Express": onNest("Express"),
  "Nest on Fastify": onNest("Fastify"),
};
