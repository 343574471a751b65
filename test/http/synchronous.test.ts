import { createServer } from "node:http";
import express from "express";
import { Hono } from "hono";
import Koa from "koa";
import { Manager, type Store } from "sessionup";
import { expressSessions } from "sessionup/express";
import { honoSessions } from "sessionup/hono";
import { koaSessions } from "sessionup/koa";
import { nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { GatedStore } from "../support/gated-store.ts";
import { listen } from "../support/listen.ts";

/** Whether the handler had been called when the middleware returned. */
type Order = { wasCalled?: boolean };

/** Logs in on `/login` and requests `/`. */
async function visit(listener: Parameters<typeof createServer>[1]): Promise<number> {
  const server = await listen(createServer(listener));
  try {
    const login = await fetch(`${server.origin}/login`, { method: "POST" });
    const cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    return (await fetch(server.origin, { headers: { cookie } })).status;
  } finally {
    await server.close();
  }
}

const STORES: ReadonlyArray<[title: string, store: () => Store, isSynchronous: boolean]> = [
  ["a store that answers at once", () => memoryStore(), true],
  ["a store that answers with a promise", () => new GatedStore(), false],
];

describe.each(STORES)("with %s", (_title, openStore, isSynchronous) => {
  it("Express calls the handler before the middleware returns, or later", async () => {
    const sessions = expressSessions(new Manager(openStore()));
    const auth = sessions.auth();
    const order: Order = {};
    const app = express();
    app.post("/login", async (req, res) => {
      await sessions.init(req, "ann");
      res.end();
    });
    app.get("/", (req, res, next) => {
      let isCalled = false;
      const done = auth(req, res, (error) => {
        isCalled = true;
        next(error);
      });
      order.wasCalled = isCalled;
      return done;
    });
    app.get("/", (_req, res) => void res.end());
    expect([await visit(app), order]).toEqual([200, { wasCalled: isSynchronous }]);
  });

  it("node:http calls the handler before the middleware returns, or later", async () => {
    const sessions = nodeSessions(new Manager(openStore()));
    const auth = sessions.auth();
    const order: Order = {};
    const status = await visit(async (req, res) => {
      if (req.url === "/login") {
        await sessions.init(res, "ann");
        return res.end();
      }
      let isCalled = false;
      const done = auth(req, res, () => {
        isCalled = true;
        res.end();
      });
      order.wasCalled = isCalled;
      return done;
    });
    expect([status, order]).toEqual([200, { wasCalled: isSynchronous }]);
  });

  it("Koa calls the handler before the middleware returns, or later", async () => {
    const sessions = koaSessions(new Manager(openStore()));
    const auth = sessions.auth();
    const order: Order = {};
    const app = new Koa();
    app.use(async (ctx, next) => {
      if (ctx.path !== "/login") return next();
      await sessions.init(ctx, "ann");
      ctx.body = "";
    });
    app.use((ctx, next) => {
      let isCalled = false;
      const done = auth(ctx, () => {
        isCalled = true;
        return next();
      });
      order.wasCalled = isCalled;
      return done;
    });
    app.use((ctx) => {
      ctx.body = "hello";
    });
    expect([await visit(app.callback()), order]).toEqual([200, { wasCalled: isSynchronous }]);
  });

  it("Hono calls the handler before the middleware returns, or later", async () => {
    const sessions = honoSessions(new Manager(openStore()), { peerAddress: () => "127.0.0.1" });
    const auth = sessions.auth();
    const order: Order = {};
    const app = new Hono();
    app.post("/login", async (c) => {
      await sessions.init(c, "ann");
      return c.text("");
    });
    app.get("/", (c, next) => {
      let isCalled = false;
      const done = auth(c as never, () => {
        isCalled = true;
        return next();
      });
      order.wasCalled = isCalled;
      return done;
    });
    app.get("/", (c) => c.text("hello"));
    const login = await app.request("/login", { method: "POST" });
    const cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const { status } = await app.request("/", { headers: { cookie } });
    expect([status, order]).toEqual([200, { wasCalled: isSynchronous }]);
  });
});

describe("a store whose fetchById throws", () => {
  it("counts as a store that does not answer", async () => {
    const store = new GatedStore();
    const sessions = testSessions(new Manager(store));
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann"));
    store.fetchById = () => {
      throw new Error("connect ECONNREFUSED");
    };
    const error = await browser.visit(async (request) => sessions.guards.auth()(request));
    expect(error).toMatchObject({ code: "ERR_STORE", status: 503 });
  });
});
