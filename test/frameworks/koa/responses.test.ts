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

/** What one handler answers; and whether the answer has logged the client in. */
async function answerOf(handler: Handler, build: (app: Koa) => void = () => {}) {
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
      "what is no Error",
      () => {
        throw "a string";
      },
      500,
    ],
  ])("is on the answer to what a handler throws: %s", async (_what, fail, status) => {
    const { answer, user } = await answerOf(async (ctx) => {
      await sessions.init(ctx, "ann");
      ctx.set("x-mine", "yes");
      return fail(ctx);
    });
    expect([answer.status, user]).toEqual([status, "ann"]);
    expect([answer.headers.get("cache-control"), answer.headers.get("x-mine")]).toEqual(["no-store", null]);
  });

  it("is on nobody else's answer where one error is thrown for all", async () => {
    const error = Object.assign(new Error("the same for all"), { status: 400 });
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

  it("is beside those of the error's own headers", async () => {
    const { answer, user } = await answerOf(async (ctx) => {
      await sessions.init(ctx, "ann");
      ctx.throw(400, "no", { headers: { "set-cookie": "a=1", "cache-control": "private" } });
    });
    expect([answer.cookies.length, answer.cookies[0], user]).toEqual([2, "a=1", "ann"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("is on what an onerror of the app's own answers, later too", async () => {
    const { answer, user } = await answerOf(
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

  it("is on the answer to what a mounted app throws, those of two managers and only the last of each", async () => {
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

  it("stays cleared when what comes after it throws, reject too", async () => {
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
    ["ctx.cookies before it", (ctx) => ctx.cookies.set("a", "1", { httpOnly: false }), ["a=1; path=/"]],
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
  ])("is beside those of the app's own: %s", async (_what, replace, others) => {
    for (const first of [true, false]) {
      const { answer, user } = await answerOf(async (ctx) => {
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

  it("is on what the app writes by itself under ctx.respond = false", async () => {
    const { answer, user } = await answerOf(async (ctx) => {
      await sessions.init(ctx, "ann");
      ctx.respond = false;
      ctx.res.writeHead(200, { "x-mine": "yes" });
      ctx.res.end("by itself");
    });
    expect([answer.text, answer.headers.get("x-mine"), user]).toEqual(["by itself", "yes", "ann"]);
  });

  it("is in time after ctx.respond = false and before a stream begins, and too late after", async () => {
    const { answer, user } = await answerOf(async (ctx) => {
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
    const streamed = await answerOf(async (ctx) => {
      ctx.body = slow;
      await sessions.init(ctx, "ann");
    });
    expect([streamed.answer.text, streamed.user]).toEqual(["late", "ann"]);
  });

  it("is on the answer to a stream that fails before it begins", async () => {
    const { user, answer } = await answerOf(
      async (ctx) => {
        await sessions.init(ctx, "ann");
        ctx.body = Readable.from(
          // biome-ignore lint/correctness/useYield: it fails first
          (async function* () {
            throw Object.assign(new Error("no such file"), { status: 404 });
          })(),
        );
      },
      (app) => {
        // The stream takes the response with it, unless somebody reads ahead.
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

  it("works over http2, when something is thrown too", async () => {
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
