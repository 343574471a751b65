import { createServer } from "node:http";
import { createServer as createTlsServer, request as requestTls } from "node:https";
import type { INestApplication } from "@nestjs/common";
import express from "express";
import { fastify } from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { generate } from "selfsigned";
import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { fetchSessions } from "sessionup/fetch";
import { h3Sessions } from "sessionup/h3";
import { honoSessions } from "sessionup/hono";
import { koaSessions } from "sessionup/koa";
import { nestSessions } from "sessionup/nest";
import { nodeSessions } from "sessionup/node";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { listen } from "../support/listen.ts";
import { listening } from "./fastify/app.ts";
import { PLATFORMS, running } from "./nest/app.ts";

const manager = new Manager(memoryStore());

type Running = Promise<{ readonly origin: string; close(): Promise<void> }>;

/** Apps behind a proxy that terminates TLS, which the framework trusts or does not. */
const BEHIND_PROXY: Readonly<Record<string, (trusts: boolean) => Running>> = {
  Express(trusts) {
    const app = express().set("trust proxy", trusts);
    app.use(expressSessions(manager).public(), (_req, res) => void res.end());
    return listen(createServer(app));
  },
  Koa(trusts) {
    const app = new Koa({ proxy: trusts });
    app.use(koaSessions(manager).public());
    app.use((ctx) => {
      ctx.status = 200;
    });
    return listen(createServer(app.callback()));
  },
  Fastify(trusts) {
    const app = fastify({ trustProxy: trusts });
    app.post("/", { preHandler: fastifySessions(manager).public() }, async () => "");
    return listening(app);
  },
};

/** Posts as a page of that scheme on the app's own host, without Sec-Fetch-Site. Returns the status. */
async function post(origin: string, scheme: string, headers: Record<string, string> = {}): Promise<number> {
  const { host } = new URL(origin);
  const sent = { ...headers, origin: `${scheme}://${host}` };
  return (await fetch(origin, { method: "POST", headers: sent })).status;
}

describe("a plain http page on the app's own host is cross-origin behind a trusted https proxy [asvs 3.5.1]", () => {
  it.each(Object.entries(BEHIND_PROXY))(
    "%s rejects an http page's request when a trusted proxy received https",
    async (_, start) => {
      for (const trusts of [true, false]) {
        const { origin, close } = await start(trusts);
        try {
          const https = { "x-forwarded-proto": "https" };
          expect(await post(origin, "https", https)).toBe(200);
          expect(await post(origin, "http")).toBe(200);
          expect(await post(origin, "http", https)).toBe(trusts ? 403 : 200);
        } finally {
          await close();
        }
      }
    },
  );

  it.each(PLATFORMS)(
    "Nest on %s rejects an http page's request when a trusted proxy received https",
    async (platform) => {
      const settings = {
        trustProxy: true,
        prepare: (app: INestApplication) =>
          app.use(sessionRoutes(nestSessions(manager), { path: "/account" })),
      };
      await running(
        {},
        platform,
        async (_client, origin) => {
          const logout = `${origin}/account/logout`;
          const https = { "x-forwarded-proto": "https" };
          expect(await post(logout, "https", https)).toBe(204);
          expect(await post(logout, "http", https)).toBe(403);
          expect(await post(logout, "http")).toBe(204);
        },
        settings,
      );
    },
  );

  it("node:https rejects an http page's request", async () => {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }]);
    const load = nodeSessions(manager).public();
    const server = createTlsServer({ key, cert }, (req, res) => void load(req, res, () => res.end()));
    const { origin, close } = await listen(server, "https");
    const postTls = (page: string) =>
      new Promise((resolve, reject) => {
        const options = {
          method: "POST",
          ca: cert,
          checkServerIdentity: () => undefined,
          headers: { origin: page },
        };
        requestTls(origin, options, (response) => resolve(response.resume().statusCode))
          .on("error", reject)
          .end();
      });
    try {
      expect(await postTls(origin)).toBe(200);
      expect(await postTls(origin.replace("https", "http"))).toBe(403);
    } finally {
      await close();
    }
  });

  const handle = fetchSessions(manager).public(() => new Response());
  const hono = new Hono().post("/", honoSessions(manager).public(), (c) => c.text(""));
  const h3 = new H3().use(h3Sessions(manager).public()).post("/", () => "");
  it.each([
    ["fetch", (request: Request) => handle(request)],
    ["Hono", (request: Request) => hono.fetch(request)],
    ["h3", (request: Request) => h3.fetch(request)],
  ] as const)("%s rejects an http page's request when the request's URL is https", async (_, answer) => {
    const send = async (url: string, origin: string) =>
      (await answer(new Request(url, { method: "POST", headers: { host: "app.example.com", origin } })))
        .status;
    expect(await send("https://app.example.com/", "https://app.example.com")).toBe(200);
    expect(await send("https://app.example.com/", "http://app.example.com")).toBe(403);
    expect(await send("http://app.example.com/", "https://app.example.com")).toBe(200);
  });
});
