import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Controller, Get, Module, UseGuards } from "@nestjs/common";
import express from "express";
import express4 from "express4";
import { fastify } from "fastify";
import { H3, toNodeHandler } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { Manager } from "sessionup";
import { bearer, initBearer } from "sessionup/bearer";
import { dpop } from "sessionup/dpop";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { fetchSessions } from "sessionup/fetch";
import { h3Sessions } from "sessionup/h3";
import { honoSessions } from "sessionup/hono";
import { koaSessions } from "sessionup/koa";
import { lambdaSessions } from "sessionup/lambda";
import { nestSessions } from "sessionup/nest";
import { nextSessions } from "sessionup/next";
import { nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";
import { svelteKitSessions } from "sessionup/sveltekit";
import { describe, expect, it } from "vitest";
import { TestRequest, testSessions } from "../support/browser.ts";
import { Prover, toAth } from "../support/dpop-proof.ts";
import { listen } from "../support/listen.ts";
import { listening } from "./fastify/app.ts";
import { lambdaFront } from "./lambda/_front.ts";
import { createApp, listenApp, type Platform } from "./nest/app.ts";

const BASE = "https://api.example.com";
const manager = new Manager(memoryStore(), { transports: [bearer({ dpop: dpop({ baseUrl: BASE }) })] });

type Running = Promise<{ readonly origin: string; close(): Promise<void> }>;

/** Apps whose handler of `/data` is under the mount `/api`, as far as the framework has mounts. */
const APPS: Readonly<Record<string, () => Running>> = {
  "Express 5": () => mountExpress(express),
  "Express 4": () => mountExpress(express4 as unknown as typeof express),
  "Koa, whose mounts change the path"() {
    const app = new Koa();
    app.use(async (ctx, next) => {
      ctx.path = ctx.path.replace("/api", "");
      await next();
    });
    app.use(koaSessions(manager).auth());
    app.use((ctx) => {
      ctx.body = ctx.path;
    });
    return listen(createServer(app.callback()));
  },
  "Koa mounted in Express"() {
    const app = new Koa();
    app.use(koaSessions(manager).auth());
    app.use((ctx) => {
      ctx.body = ctx.path;
    });
    return listen(createServer(express().use("/api", app.callback())));
  },
  Fastify() {
    const app = fastify();
    app.register(
      async (api) => {
        api.get("/data", { preHandler: fastifySessions(manager).auth() }, async () => "/data");
      },
      { prefix: "/api" },
    );
    return listening(app);
  },
  "node:http"() {
    const auth = nodeSessions(manager).auth();
    return listen(createServer((req, res) => void auth(req, res, () => res.end("/data"))));
  },
  Hono() {
    const api = new Hono().get("/data", honoSessions(manager).auth(), (c) => c.text("/data"));
    return listen(createServer(getRequestListener(new Hono().route("/api", api).fetch)));
  },
  "h3 on node:http": () => listen(createServer(toNodeHandler(mountH3()))),
  "h3 by its own fetch"() {
    const app = mountH3();
    return listen(createServer(getRequestListener((request) => app.fetch(request))));
  },
  "the Fetch API"() {
    const handle = fetchSessions(manager).auth(() => new Response("/data"));
    return listen(createServer(getRequestListener((request) => handle(request))));
  },
  "Next.js in a wrapped Route Handler"() {
    const handle = (request: Request) => {
      const cookies = async () => ({ set() {}, delete() {} });
      const sessions = nextSessions(manager, { headers: async () => request.headers, cookies });
      return sessions.auth(() => new Response("/data"))(request);
    };
    return listen(createServer(getRequestListener(handle)));
  },
  SvelteKit() {
    const { auth } = svelteKitSessions(manager);
    const handle = async (request: Request) => {
      const cookies = { set(_name: string, _value: string, _attributes: object) {} };
      const event = { request, cookies, locals: {}, getClientAddress: () => "192.0.2.1" };
      return auth()({ event, resolve: async () => new Response("/data") });
    };
    return listen(createServer(getRequestListener(handle)));
  },
  "Nest on Express": () => startNest("Express"),
  "Nest on Fastify": () => startNest("Fastify"),
  "AWS Lambda with a stage"() {
    const handle = lambdaSessions(manager).auth(async () => ({ statusCode: 200, body: "/data" }));
    return listen(createServer(lambdaFront(handle, { stage: "prod" })));
  },
};

@Controller("api")
class DataController {
  @Get("data")
  @UseGuards(nestSessions(manager).auth())
  data(): string {
    return "/data";
  }
}

async function startNest(platform: Platform): Running {
  class AppModule {}
  Module({ controllers: [DataController] })(AppModule);
  return listenApp(await createApp(AppModule, platform));
}

function mountExpress(framework: typeof express): Running {
  const router = framework.Router();
  router.get("/data", expressSessions(manager).auth(), (req, res) => void res.send(req.path));
  return listen(createServer(framework().use("/api", router)));
}

function mountH3(): H3 {
  const api = new H3().use(h3Sessions(manager).auth()).get("/data", () => "/data");
  return new H3().mount("/api", api);
}

describe.each(Object.entries(APPS))("a proof of possession in %s", (_framework, start) => {
  it("is accepted for the URL that the client asked for, and for no other one", async () => {
    const prover = await Prover.create();
    const iat = Math.floor(Date.now() / 1_000);
    const login = new TestRequest({ dpop: await prover.prove({ htm: "POST", htu: `${BASE}/`, iat }) });
    const { token } = await initBearer(testSessions(manager), login, "ann");
    const { origin, close } = await start();
    const ask = async (htu: string, htm = "GET") => {
      const proof = await prover.prove({ htm, htu, iat, ath: toAth(token) });
      const headers = { authorization: `DPoP ${token}`, dpop: proof };
      const response = await fetch(`${origin}/api/data?page=2`, { headers });
      return [response.status, await response.text()];
    };
    try {
      expect(await ask(`${BASE}/api/data`)).toEqual([200, "/data"]);
      for (const htu of [`${BASE}/data`, `${BASE}/api`, `${origin}/api/data`, BASE])
        expect(await ask(htu)).toEqual([401, expect.any(String)]);
      expect(await ask(`${BASE}/api/data`, "POST")).toEqual([401, expect.any(String)]);
    } finally {
      await close();
    }
  });
});
