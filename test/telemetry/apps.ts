import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import type { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { fetchSessions } from "sessionup/fetch";
import { honoSessions } from "sessionup/hono";
import { sessionRoutes } from "sessionup/routes";
import { onTestFinished } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";
import type { Sdk } from "./sdk.ts";

/**
 * An app with `POST /login`, `GET /me` behind two guards, `POST /reauthenticate`, `POST /logout`, and the ready-made routes under
 * `/account`.
 */
type App = (manager: Manager) => RequestListener | Promise<RequestListener>;

/** The app in each framework. */
export const APPS: Readonly<Record<string, App>> = {
  Express(manager) {
    const sessions = expressSessions(manager);
    const app = express();
    app.use(sessions.public());
    app.post("/login", async (req, res) => {
      await sessions.init(req, "ann@example.com");
      res.end();
    });
    app.get("/me", sessions.auth(), (_req, res) => void res.end());
    app.post("/reauthenticate", async (req, res) => {
      await sessions.reauthenticate(req);
      res.end();
    });
    app.post("/logout", async (req, res) => {
      await sessions.revoke(req);
      res.end();
    });
    app.use(sessionRoutes(sessions, { path: "/account" }));
    return app;
  },

  async Fastify(manager) {
    const sessions = fastifySessions(manager);
    let listener: RequestListener = () => {};
    const app = fastify({
      serverFactory(handler) {
        listener = handler;
        return createServer(handler);
      },
    });
    app.addHook("onRequest", sessions.public());
    app.post("/login", async (_request, reply) => {
      await sessions.init(reply, "ann@example.com");
      return "";
    });
    app.get("/me", { onRequest: sessions.auth() }, async () => "");
    app.post("/reauthenticate", async (_request, reply) => {
      await sessions.reauthenticate(reply);
      return "";
    });
    app.post("/logout", async (_request, reply) => {
      await sessions.revoke(reply);
      return "";
    });
    await app.register(sessionRoutes(sessions, { path: "/account" }));
    await app.ready();
    return listener;
  },

  Hono(manager) {
    const sessions = honoSessions(manager);
    const app = new Hono();
    app.use(sessions.public());
    app.post("/login", async (c) => {
      await sessions.init(c, "ann@example.com");
      return c.body(null);
    });
    app.get("/me", sessions.auth(), (c) => c.body(null));
    app.post("/reauthenticate", async (c) => {
      await sessions.reauthenticate(c);
      return c.body(null);
    });
    app.post("/logout", async (c) => {
      await sessions.revoke(c);
      return c.body(null);
    });
    app.use(sessionRoutes(sessions, { path: "/account" }));
    return getRequestListener(app.fetch);
  },

  fetch(manager) {
    const sessions = fetchSessions(manager);
    const handlers: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
      "/login": sessions.public(async (context) => {
        await sessions.init(context, "ann@example.com");
        return new Response();
      }),
      "/me": sessions.public(async ({ request }) => sessions.auth(() => new Response())(request)),
      "/reauthenticate": sessions.public(async (context) => {
        await sessions.reauthenticate(context);
        return new Response();
      }),
      "/logout": sessions.public(async (context) => {
        await sessions.revoke(context);
        return new Response();
      }),
    };
    const routes = sessionRoutes(sessions, { path: "/account" });
    const respond = async (request: Request) =>
      (await handlers[new URL(request.url).pathname]?.(request)) ??
      (await routes(request)) ??
      new Response(undefined, { status: 404 });
    return getRequestListener(respond);
  },
};

/** Serves an app. Each request is in a span, as the instrumentation of a server makes one. */
export async function serve(sdk: Sdk, listener: RequestListener): Promise<ContractClient> {
  const server = createServer((req, res) => sdk.inRequest(() => void listener(req, res)));
  const { origin, close } = await listen(server);
  onTestFinished(close);
  return new ContractClient(origin);
}
