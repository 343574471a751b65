import { createServer } from "node:http";
import { type Context, type Handler, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { Manager } from "sessionup";
import { honoSessions } from "sessionup/hono";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { names } from "../running.ts";
import { running } from "./_app.ts";

const NAME = "__Host-sessionup";

/** Serves responses that carry a cookie of their own. */
async function upstream(use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((_req, res) => {
    res.setHeader("set-cookie", "theirs=1");
    res.setHeader("x-from", "upstream");
    res.end("far away");
  });
  const { origin, close } = await listen(server);
  try {
    await use(origin);
  } finally {
    await close();
  }
}

describe("the cookie of honoSessions behind public()", () => {
  const manager = new Manager(memoryStore(), { trustedOrigins: ["https://example.com"] });
  const sessions = honoSessions(manager);
  /** Creates an app whose handler logs in and then returns `answer`. */
  function loggingIn(answer: Handler): Hono {
    const app = new Hono();
    app.use(sessions.public());
    app.post("/", async (c, next) => {
      await sessions.init(c, "ann");
      return answer(c, next);
    });
    return app;
  }

  it("the cookie is on a Response that the handler creates", async () => {
    const headers = { "set-cookie": "theme=dark", "x-own": "1" };
    const app = loggingIn(() => new Response("in", { status: 201, headers }));
    await running(app, async (client) => {
      const answer = await client.post("/");
      expect([answer.status, answer.text, answer.headers.get("x-own")]).toEqual([201, "in", "1"]);
      expect(names(answer.cookies)).toEqual([NAME, "theme"]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    });
  });

  it("the cookie is on Response.redirect, which is immutable", async () => {
    const app = loggingIn((c) => Response.redirect(new URL("/next", c.req.url), 303));
    await running(app, async (client, origin) => {
      const answer = await client.post("/");
      expect([answer.status, answer.headers.get("location")]).toEqual([303, `${origin}/next`]);
      expect(names(answer.cookies)).toEqual([NAME]);
    });
  });

  it("the cookie is on a fetched response, which is immutable, next to its own cookie", async () => {
    await upstream(async (url) => {
      await running(
        loggingIn(() => fetch(url)),
        async (client) => {
          const answer = await client.post("/");
          expect([answer.text, answer.headers.get("x-from")]).toEqual(["far away", "upstream"]);
          expect(names(answer.cookies)).toEqual([NAME, "theirs"]);
        },
      );
    });
  });

  it("the cookie is on c.json, c.text, c.html, c.body and c.redirect once, next to the app's cookies", async () => {
    const answers: Record<string, (c: Context) => Response | Promise<Response>> = {
      json: (c) => c.json(null),
      text: (c) => c.text("text"),
      html: (c) => c.html("<p>html"),
      body: (c) => c.body("body"),
      redirect: (c) => c.redirect("/"),
    };
    const app = new Hono();
    app.use(sessions.public());
    for (const [path, answer] of Object.entries(answers)) {
      app.post(`/${path}`, async (c) => {
        setCookie(c, "theme", "dark");
        await sessions.init(c, "ann");
        setCookie(c, "lang", "en");
        return answer(c);
      });
    }
    await running(app, async (client) => {
      for (const path of Object.keys(answers)) {
        const { cookies } = await client.post(`/${path}`);
        expect(names(cookies), path).toEqual([NAME, "lang", "theme"]);
      }
    });
  });

  it("the handler's cookie stays when other middleware has read c.res before", async () => {
    const own = new Hono();
    own.use(cors({ origin: "https://example.com" }), sessions.public());
    own.post("/", async (c) => {
      await sessions.init(c, "ann");
      return new Response("in", { headers: { "set-cookie": "theme=dark" } });
    });
    await running(own, async (client) => {
      const answer = await client.post("/", { origin: "https://example.com" });
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://example.com");
      expect(names(answer.cookies)).toEqual([NAME, "theme"]);
    });
  });

  it("the cookie is on every kind of error response", async () => {
    const throws = (error: Error) =>
      loggingIn(() => {
        throw error;
      });
    const custom = throws(new Error("thrown"));
    custom.onError((error) => new Response(error.message, { status: 418 }));
    const sub = throws(new Error("in a sub-app that has its own onError"));
    sub.onError(() => Response.json({ error: "sub" }, { status: 502 }));
    for (const [app, status] of [
      [throws(new HTTPException(400, { message: "http" })), 400],
      [throws(new HTTPException(400, { res: new Response("own") })), 400],
      [custom, 418],
      [sub, 502],
      [new Hono().route("/", sub), 502],
    ] as const) {
      await running(app, async (client) => {
        const answer = await client.post("/");
        expect([answer.status, names(answer.cookies)]).toEqual([status, [NAME]]);
      });
    }
  });

  it("the cookie is on the response of c.notFound", async () => {
    await running(
      loggingIn((c) => c.notFound()),
      async (client) => {
        const answer = await client.post("/");
        expect([answer.status, names(answer.cookies)]).toEqual([404, [NAME]]);
      },
    );
  });

  it("the session is found behind bodyLimit, which replaces the request", async () => {
    const app = new Hono();
    app.use(sessions.public(), bodyLimit({ maxSize: 10 }));
    app.post("/", async (c) => {
      const before = c.get("session" as never);
      const { userKey } = await sessions.init(c, await c.req.text());
      return new Response(`${before === undefined ? "guest" : "user"}, ${userKey}`);
    });
    await running(app, async (_client, origin) => {
      const upload = (body: ReadableStream | string, cookie = "") =>
        // bodyLimit replaces the request only when its length is unknown.
        fetch(origin, { method: "POST", body, headers: { cookie }, duplex: "half" } as RequestInit);
      const streamed = (text: string) => new Blob([text]).stream();
      const first = await upload(streamed("carl"));
      expect([await first.text(), names(first.headers.getSetCookie())]).toEqual(["guest, carl", [NAME]]);
      const second = await upload(streamed("dora"), first.headers.getSetCookie()[0]?.split(";")[0]);
      expect(await second.text()).toBe("user, dora");
      expect(await manager.fetchByUserKey("carl")).toEqual([]);
      expect((await upload("much too long")).status).toBe(413);
    });
  });

  it("the last cookie wins when the handler and later middleware both set one", async () => {
    const own = new Hono();
    own.use(sessions.public());
    own.use(async (c, next) => {
      await next();
      await sessions.rotate(c);
    });
    own.post("/", async (c) => {
      await sessions.init(c, "ann");
      return new Response("in");
    });
    own.get("/", (c) => c.text(sessions.current(c)?.userKey ?? "guest"));
    await running(own, async (client) => {
      expect(names((await client.post("/")).cookies)).toEqual([NAME]);
      expect((await client.get("/")).text).toBe("ann");
    });
  });

  it("a response that cannot be copied stays unchanged, and a later init throws ERR_HEADERS_SENT", async () => {
    const own = new Hono();
    const seen: unknown[] = [];
    own.use(sessions.public(), async (c, next) => {
      await next();
      await sessions.init(c, "late").catch((error) => seen.push(error.code));
    });
    own.post("/", async (c) => {
      await sessions.init(c, "ann");
      return Response.error();
    });
    const response = await own.request("/", { method: "POST" });
    expect([response.type, response.headers.getSetCookie(), seen]).toEqual([
      "error",
      [],
      ["ERR_HEADERS_SENT"],
    ]);
    expect(await manager.fetchByUserKey("late")).toEqual([]);
  });
});
