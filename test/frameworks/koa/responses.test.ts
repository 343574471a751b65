import { createServer } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import Koa from "koa";
import { Manager, SessionError } from "sessionup";
import { koaSessions } from "sessionup/koa";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";
import { mount, page, quiet } from "./app.ts";

const manager = new Manager(memoryStore());
const sessions = koaSessions(manager);
const admins = koaSessions(new Manager(memoryStore(), { cookie: { name: "admin" } }));

type Handler = (ctx: Koa.Context) => Promise<unknown>;

/** Sends a request to a handler. Returns the response, and the user whom the response logged in. */
async function sendTo(handler: Handler, build: (app: Koa) => void = () => {}) {
  const app = quiet(new Koa());
  build(app);
  app.use(page("/who", async (ctx) => ({ user: (await sessions.get(ctx))?.userKey })));
  app.use(handler);
  const { origin, close } = await listen(createServer(app.callback()));
  try {
    const client = new ContractClient(origin);
    const answer = await client.post("/");
    const { user } = (await client.get("/who")).json() as { user?: string };
    return { answer, user, client };
  } finally {
    await close();
  }
}

describe("the cookie of koaSessions", () => {
  it.each<[what: string, fail: (ctx: Koa.Context) => never, status: number]>([
    [
      "an Error",
      () => {
        throw new Error("on purpose");
      },
      500,
    ],
    ["ctx.throw", (ctx) => ctx.throw(400, "no"), 400],
    [
      "a value that is not an Error",
      () => {
        throw "a string";
      },
      500,
    ],
  ])("the cookie is on the error response when a handler throws %s", async (_what, fail, status) => {
    const { answer, user } = await sendTo(async (ctx) => {
      await sessions.init(ctx, "ann");
      ctx.set("x-mine", "yes");
      return fail(ctx);
    });
    expect([answer.status, user]).toEqual([status, "ann"]);
    expect([answer.headers.get("cache-control"), answer.headers.get("x-mine")]).toEqual(["no-store", null]);
  });

  it("an error object that two requests share does not carry one client's cookie to another client", async () => {
    const error = Object.assign(new Error("shared by two requests"), { status: 400 });
    const app = quiet(new Koa());
    app.use(sessions.public());
    app.use(async (ctx) => {
      if (ctx.path === "/login") await sessions.init(ctx, "ann");
      throw error;
    });
    const { origin, close } = await listen(createServer(app.callback()));
    const login = await new ContractClient(origin).post("/login");
    const other = await new ContractClient(origin).get("/");
    await close();
    expect([login.status, login.cookies.length, other.status, other.cookies]).toEqual([400, 1, 400, []]);
    expect(error).not.toHaveProperty("headers");
  });

  it("the cookie is next to the cookies in the error's own headers", async () => {
    const { answer, user } = await sendTo(async (ctx) => {
      await sessions.init(ctx, "ann");
      ctx.throw(400, "no", { headers: { "set-cookie": "a=1", "cache-control": "private" } });
    });
    expect([answer.cookies.length, answer.cookies[0], user]).toEqual([2, "a=1", "ann"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("the cookie is on the response of the app's own onerror, also when that responds later", async () => {
    const { answer, user } = await sendTo(
      async (ctx) => {
        await sessions.init(ctx, "ann");
        throw new Error("on purpose");
      },
      (app) => {
        app.context.onerror = function (this: Koa.Context, error: Error | null) {
          if (!error) return;
          for (const name of this.res.getHeaderNames()) this.res.removeHeader(name);
          setTimeout(() => {
            this.res.statusCode = 418;
            this.res.end("teapot");
          }, 10);
        };
      },
    );
    expect([answer.status, answer.text, user]).toEqual([418, "teapot", "ann"]);
  });

  it("an error in a mounted app keeps the cookies of two managers, and only the last cookie of each", async () => {
    const sub = quiet(new Koa());
    sub.use(async (ctx) => {
      await sessions.init(ctx, "eve");
      await admins.init(ctx, "root");
      await sessions.init(ctx, "ann");
      throw new Error("on purpose");
    });
    const app = quiet(new Koa());
    app.use(mount("/sub", sub));
    const { origin, close } = await listen(createServer(app.callback()));
    const client = new ContractClient(origin);
    const { status, cookies } = await client.post("/sub/login");
    await close();
    expect([status, cookies.length, [...client.jar.keys()].sort()]).toEqual([
      500,
      2,
      ["__Host-admin", "__Host-sessionup"],
    ]);
    expect((await manager.fetchByUserKey("ann"))[0]?.id).toBe(
      client.jar.get("__Host-sessionup")?.split(".")[0],
    );
  });

  it("the cookie stays cleared when later middleware or reject throws", async () => {
    const clock = new TestClock();
    const own = koaSessions(new Manager(memoryStore(), { clock: clock.now }), {
      reject: (error, ctx: Koa.Context) => ctx.throw(error.status),
    });
    const app = quiet(new Koa());
    app.use(page("/login", async (ctx) => (await own.init(ctx, "ann")).id));
    app.use(own.auth());
    const { origin, close } = await listen(createServer(app.callback()));
    const client = new ContractClient(origin);
    await client.post("/login");
    clock.advance("30d");
    const { status } = await client.get("/");
    await close();
    expect([status, client.jar.size]).toEqual([401, 0]);
  });

  it.each<[what: string, replace: (ctx: Koa.Context) => unknown, others: string[]]>([
    ["ctx.cookies", (ctx) => ctx.cookies.set("a", "1", { httpOnly: false }), ["a=1; path=/"]],
    ["ctx.set", (ctx) => ctx.set("set-cookie", "a=1"), ["a=1"]],
    ["ctx.set with a list", (ctx) => ctx.set("set-cookie", ["a=1", "b=2"]), ["a=1", "b=2"]],
    ["ctx.append", (ctx) => ctx.append("set-cookie", "a=1"), ["a=1"]],
    [
      "a Response as the body",
      (ctx) => {
        ctx.body = new Response("fetched", { headers: { "set-cookie": "a=1" } });
      },
      ["a=1"],
    ],
  ])("the cookie is next to the app's own cookies: %s", async (_what, replace, others) => {
    for (const first of [true, false]) {
      const { answer, user } = await sendTo(async (ctx) => {
        ctx.body = "";
        if (first) await replace(ctx);
        await sessions.init(ctx, "ann");
        if (!first) await replace(ctx);
      });
      expect(answer.cookies).toHaveLength(others.length + 1);
      expect(answer.cookies).toEqual(expect.arrayContaining(others));
      expect(user).toBe("ann");
    }
  });

  it("the cookie is on a response that the app writes under ctx.respond = false", async () => {
    const { answer, user } = await sendTo(async (ctx) => {
      await sessions.init(ctx, "ann");
      ctx.respond = false;
      ctx.res.writeHead(200, { "x-mine": "yes" });
      ctx.res.end("by itself");
    });
    expect([answer.text, answer.headers.get("x-mine"), user]).toEqual(["by itself", "yes", "ann"]);
  });

  it("init works under ctx.respond = false and before a stream starts, and throws after the headers are sent", async () => {
    const { answer, user } = await sendTo(async (ctx) => {
      ctx.respond = false;
      await sessions.init(ctx, "ann");
      ctx.res.flushHeaders();
      const late = await sessions.init(ctx, "bob").catch((error) => SessionError.is(error) && error.code);
      ctx.res.end(String(late));
    });
    expect([answer.text, user]).toEqual(["ERR_HEADERS_SENT", "ann"]);
    expect(await manager.fetchByUserKey("bob")).toEqual([]);
    const slow = Readable.from(
      (async function* () {
        await sleep(30);
        yield "late";
      })(),
    );
    const streamed = await sendTo(async (ctx) => {
      ctx.body = slow;
      await sessions.init(ctx, "ann");
    });
    expect([streamed.answer.text, streamed.user]).toEqual(["late", "ann"]);
  });

  it("the cookie is on the error response when a stream fails before its first chunk", async () => {
    const { user, answer } = await sendTo(
      async (ctx) => {
        await sessions.init(ctx, "ann");
        ctx.body = Readable.from(
          // biome-ignore lint/correctness/useYield: it throws before a yield
          (async function* () {
            throw Object.assign(new Error("no such file"), { status: 404 });
          })(),
        );
      },
      (app) => {
        // Without middleware that reads ahead, the failing stream destroys the response.
        app.use(async (ctx, next) => {
          await next();
          if (ctx.path !== "/") return;
          const stream = ctx.body as Readable;
          ctx.body = await text(stream);
        });
      },
    );
    expect([answer.status, user]).toEqual([404, "ann"]);
  });

  it("the cookie works over HTTP/2, also when a handler throws", async () => {
    const app = quiet(new Koa());
    app.use(sessionRoutes(sessions, { path: "/account" }));
    app.use(
      page("/login", async (ctx) => {
        await sessions.init(ctx, "ann");
        if (ctx.query.throw) throw new Error("on purpose");
        return "in";
      }),
    );
    app.use(sessions.auth());
    app.use(async (ctx) => {
      ctx.body = sessions.require(ctx).userKey;
    });
    const { origin, close } = await listen(createHttp2Server(app.callback()));
    const client = connect(origin);
    const call = async (method: string, path: string, headers: Record<string, string | string[]> = {}) => {
      const stream = client.request({ ":method": method, ":path": path, ...headers });
      stream.end();
      const head = new Promise<Record<string, unknown>>((resolve) => stream.once("response", resolve));
      return { head: await head, body: await text(stream) };
    };
    try {
      for (const [path, status] of [
        ["/login", 200],
        ["/login?throw=yes", 500],
      ] as const) {
        const login = await call("POST", path);
        const [cookie = ""] = String(login.head["set-cookie"]).split(";");
        expect(login.head[":status"]).toBe(status);
        expect((await call("GET", "/", { cookie: ["a=1", cookie, "b=2"] })).body).toBe("ann");
        const elsewhere = { cookie, origin: "https://evil.example" };
        expect((await call("POST", "/account/logout", elsewhere)).head[":status"]).toBe(403);
        expect((await call("POST", "/account/logout", { cookie, origin })).head[":status"]).toBe(204);
        expect((await call("GET", "/", { cookie })).head[":status"]).toBe(401);
      }
    } finally {
      client.close();
      await close();
    }
  });
});
