import { createServer } from "node:http";
import Koa from "koa";
import { Manager, type SessionError } from "sessionup";
import { type KoaContext, koaSessions } from "sessionup/koa";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import openapi from "../../../openapi.json" with { type: "json" };
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";
import { mount, page, quiet, routed } from "./app.ts";

const manager = new Manager(memoryStore());
const sessions = koaSessions(manager);

/** Creates an app with the middleware that `build` adds, and `/login` after it. */
function createApp(build: (app: Koa) => void, options: object = {}, own = sessions): Koa {
  const app = quiet(new Koa(options));
  build(app);
  app.use(page("/login", async (ctx) => ({ ip: (await own.init(ctx, "ann")).ip })));
  return app;
}

/** Runs the app until `use` settles. */
async function running(
  app: Koa,
  use: (client: ContractClient, origin: string) => Promise<void>,
): Promise<void> {
  const { origin, close } = await listen(createServer(app.callback()));
  try {
    await use(new ContractClient(origin), origin);
  } finally {
    await close();
  }
}

describe("koaSessions as middleware", () => {
  it("auth guards the middleware after it, and none before it", async () => {
    const app = createApp((app) => {
      app.use(
        routed("/before", async (ctx) => {
          ctx.body = "open";
        }),
      );
      app.use(
        routed("/login", async (ctx) => {
          await sessions.init(ctx, "ann");
          ctx.body = "in";
        }),
      );
      app.use(sessions.auth());
      app.use(
        routed("/behind", async (ctx) => {
          ctx.body = sessions.require(ctx).userKey;
        }),
      );
    });
    await running(app, async (client) => {
      expect((await client.get("/before")).text).toBe("open");
      for (const path of ["/behind", "/nowhere"]) expect((await client.get(path)).status).toBe(401);
      await client.post("/login");
      expect((await client.get("/behind")).text).toBe("ann");
      expect((await client.get("/nowhere")).status).toBe(404);
    });
  });

  it("the middleware works around and inside mounted apps", async () => {
    const sub = quiet(new Koa());
    sub.use(sessionRoutes(sessions, { path: "/sub/account" }));
    sub.use(
      routed("/login", async (ctx) => {
        await sessions.init(ctx, "ann");
        ctx.body = "in";
      }),
    );
    sub.use(
      routed("/current", async (ctx) => {
        ctx.body = sessions.current(ctx)?.userKey ?? "guest";
      }),
    );
    sub.use(sessions.auth());
    sub.use(
      routed("/who", async (ctx) => {
        ctx.body = sessions.require(ctx).userKey;
      }),
    );
    const app = createApp((app) => {
      app.use(sessions.public());
      app.use(mount("/sub", sub));
      app.use(
        routed("/sub/behind", async (ctx) => {
          ctx.body = "behind the mount";
        }),
      );
    });
    await running(app, async (client) => {
      expect((await client.get("/sub/who")).status).toBe(401);
      expect((await client.get("/sub/current")).text).toBe("guest");
      await client.post("/sub/login");
      for (const path of ["/sub/who", "/sub/current"]) expect((await client.get(path)).text).toBe("ann");
      // The ready-made routes match the path in the URL, not the mounted app's path.
      expect((await client.get("/sub/account/session")).json()).toMatchObject({ userKey: "ann" });
      expect((await client.get("/account/session")).status).toBe(404);
      expect((await client.get("/sub/behind")).text).toBe("behind the mount");
      expect((await client.post("/sub/account/logout")).status).toBe(204);
      expect(client.jar.size).toBe(0);
    });
  });

  it("Koa's own error handler answers with the status of require and hides the message", async () => {
    const app = createApp((app) => {
      app.use(sessions.public());
      app.use(
        routed("/", async (ctx) => {
          ctx.body = sessions.require(ctx).userKey;
        }),
      );
    });
    await running(app, async (client) => {
      const { status, text } = await client.get("/");
      expect([status, text]).toEqual([401, "Unauthorized"]);
    });
  });

  it("error middleware outside public() receives what a handler throws, and knows the session", async () => {
    const app = createApp((app) => {
      app.use(async (ctx, next) => {
        try {
          await next();
        } catch (error) {
          ctx.status = 418;
          ctx.body = [String(error), sessions.current(ctx)?.userKey];
        }
      });
      app.use(routed("/throws", sessions.public()));
      app.use(
        routed("/throws", async () => {
          throw new Error("on purpose");
        }),
      );
    });
    await running(app, async (client) => {
      await client.post("/login");
      const answer = await client.get("/throws");
      expect([answer.status, answer.json()]).toEqual([418, ["Error: on purpose", "ann"]]);
    });
  });

  it("the middleware waits for the middleware after it", async () => {
    const order: string[] = [];
    const app = createApp((app) => {
      for (const middleware of [sessions.public(), sessionRoutes(sessions, { path: "/account" })]) {
        app.use(async (_ctx, next) => {
          await next();
          order.push("after");
        });
        app.use(middleware);
      }
      app.use(async (_ctx, next) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        order.push("inner");
        await next();
      });
    });
    await running(app, async (client) => void (await client.get("/")));
    expect(order).toEqual(["inner", "after", "after"]);
  });
});

describe("koaSessions with reject", () => {
  async function checkReject(
    reject: (error: SessionError, ctx: Koa.Context) => unknown,
    check: (client: ContractClient) => Promise<void>,
  ): Promise<void> {
    const own = koaSessions(manager, { reject });
    const app = createApp((app) => {
      app.use(own.auth());
      app.use(async (ctx) => {
        ctx.body = "secret";
      });
    });
    await running(app, check);
  }

  it("reject redirects with ctx.redirect", async () => {
    await checkReject(
      (error, ctx) => {
        ctx.redirect(`/login?reason=${error.reason}&next=${ctx.path}`);
        ctx.status = 303;
      },
      async (client) => {
        const { status, headers, text } = await client.get("/private");
        expect([status, headers.get("location")]).toEqual([303, "/login?reason=no_cookie&next=/private"]);
        expect(text).not.toContain("secret");
      },
    );
  });

  it("reject answers with ctx.throw", async () => {
    await checkReject(
      (error, ctx) => ctx.throw(error.status, "members only"),
      async (client) => {
        const { status, text } = await client.get("/private");
        expect([status, text]).toEqual([401, "members only"]);
      },
    );
  });

  it("auth waits for an asynchronous reject", async () => {
    await checkReject(
      async (error, ctx) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        ctx.status = error.status;
        ctx.body = "members only";
      },
      async (client) => {
        const { status, text } = await client.get("/private");
        expect([status, text]).toEqual([401, "members only"]);
      },
    );
  });

  it("a reject that sets no response answers 404 and does not run the handler", async () => {
    await checkReject(
      async () => {},
      async (client) => {
        const { status, text } = await client.get("/private");
        expect([status, text]).toEqual([404, "Not Found"]);
      },
    );
  });
});

describe("sessionRoutes on Koa", () => {
  it("the routes answer with JSON or an empty body, never with Koa's default text", async () => {
    const app = createApp((app) => app.use(sessionRoutes(sessions, { path: "/account" })));
    await running(app, async (client) => {
      await client.post("/login");
      for (const path of Object.keys(openapi.paths)) {
        const { status, text, headers } = await client.send("PATCH", `/account${path.replace("{id}", "1")}`);
        expect([path, status, text]).toEqual([path, 405, ""]);
        expect(headers.get("allow")).toMatch(/GET|POST|DELETE/);
      }
      const head = await client.send("HEAD", "/account/session");
      expect([head.status, head.text, head.headers.get("content-length")]).toEqual([200, "", null]);
      const gone = await client.post("/account/logout");
      expect([gone.status, gone.text, gone.headers.get("content-type")]).toEqual([204, "", null]);
    });
  });

  it("the routes do not read the body, and accept one that was already read", async () => {
    const app = createApp((app) => {
      app.use(async (ctx, next) => {
        if (ctx.query.read === "yes") for await (const _chunk of ctx.req);
        await next();
      });
      app.use(sessionRoutes(sessions, { path: "/account" }));
    });
    await running(app, async (client, origin) => {
      await client.post("/login");
      for (const read of ["no", "yes"]) {
        const response = await fetch(`${origin}/account/sessions?read=${read}`, {
          method: "DELETE",
          headers: { cookie: client.cookieHeader(), "content-type": "application/json" },
          body: "{",
        });
        expect([read, response.status]).toEqual([read, 200]);
      }
    });
  });
});

describe("the client address in koaSessions", () => {
  const forwarded = { "x-forwarded-for": "198.51.100.1, 203.0.113.9" };

  it.each<[what: string, options: object, own: typeof sessions, ip: string]>([
    ["ctx.ip when the app sets proxy", { proxy: true, maxIpsCount: 1 }, sessions, "203.0.113.9"],
    [
      "ctx.ip when the app sets proxy and the manager sets trustProxy",
      { proxy: true, proxyIpHeader: "X-Real-IP" },
      koaSessions(new Manager(memoryStore(), { trustProxy: ["127.0.0.0/8"] })),
      "192.0.2.7",
    ],
    [
      "the one that the manager's trustProxy finds when the app sets no proxy",
      {},
      koaSessions(new Manager(memoryStore(), { trustProxy: ["127.0.0.0/8"] })),
      "203.0.113.9",
    ],
    ["the connection's when no proxy is trusted", {}, sessions, "127.0.0.1"],
  ])("the address is %s", async (_what, options, own, ip) => {
    const app = createApp(() => {}, options, own);
    await running(app, async (client) => {
      expect((await client.post("/login", { ...forwarded, "x-real-ip": "192.0.2.7" })).json()).toEqual({
        ip,
      });
    });
  });
});

describe("the context of koaSessions", () => {
  it("a part of ctx as the context throws an error that asks for ctx", async () => {
    const said: string[] = [];
    const app = createApp((app) => {
      app.use(async (ctx) => {
        for (const wrong of [ctx.request, ctx.response, ctx.req, ctx.res]) {
          await sessions.get(wrong as unknown as KoaContext).catch((error) => said.push(String(error)));
        }
        ctx.body = "";
      });
    });
    await running(app, async (client) => void (await client.get("/")));
    for (const text of said) expect(text).toMatch(/^TypeError: sessionup\/koa: .*Pass `ctx`/);
    expect(said).toHaveLength(4);
    await expect(sessions.init(undefined as unknown as KoaContext, "ann")).rejects.toThrow(TypeError);
  });
});

describe("koaSessions", () => {
  it("koaSessions rejects unknown options", () => {
    expect(() => koaSessions(manager, { refuse: () => {} } as object)).toThrow(
      /"refuse" is not an option of koaSessions/,
    );
  });
});
