import { Hono } from "hono";
import { setCookie } from "hono/cookie";
import { timeout } from "hono/timeout";
import { Manager } from "sessionup";
import { honoSessions } from "sessionup/hono";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { names } from "../running.ts";
import { running } from "./_app.ts";

const NAME = "__Host-sessionup";

describe("the cookie of honoSessions without middleware", () => {
  const sessions = honoSessions(new Manager(memoryStore()));

  it("the cookie is on c's response once, next to the app's cookies", async () => {
    const app = new Hono();
    app.post("/", async (c) => {
      setCookie(c, "theme", "dark");
      await sessions.init(c, "ann");
      await sessions.init(c, "bob");
      setCookie(c, "lang", "en");
      return c.json(null);
    });
    app.get("/", async (c) => c.text((await sessions.get(c))?.userKey ?? "guest"));
    await running(app, async (client) => {
      const answer = await client.post("/");
      expect(names(answer.cookies)).toEqual([NAME, "lang", "theme"]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect((await client.get("/")).text).toBe("bob");
    });
  });

  it("a handler that returns its own Response loses the cookie, as docs/frameworks/hono.md says", async () => {
    const app = new Hono();
    app.post("/", async (c) => {
      await sessions.init(c, "ann");
      return new Response("in");
    });
    await running(app, async (client) => expect((await client.post("/")).cookies).toEqual([]));
  });

  it("a cookie that later middleware sets replaces the earlier one", async () => {
    const app = new Hono();
    app.use(async (c, next) => {
      await sessions.init(c, "early");
      await next();
    });
    app.post("/:as", sessions.auth(), async (c) => {
      await sessions.init(c, c.req.param("as"));
      return c.req.query("own") ? new Response("in") : c.text("in");
    });
    await running(app, async (client) => {
      for (const path of ["/ann", "/bob?own=1"]) {
        const { cookies } = await client.post(path);
        expect(names(cookies)).toEqual([NAME]);
        const token = cookies[0]?.split(";")[0]?.split("=")[1] ?? "";
        expect(await listSessionIds(path.slice(1, 4))).toContain(token.split(".")[0]);
      }
    });
    async function listSessionIds(user: string): Promise<string[]> {
      const found = new Hono().get("/", async (c) => {
        await sessions.init(c, user);
        return c.json((await sessions.fetchAll(c)).map(({ id }) => String(id)));
      });
      return (await found.request("/")).json() as Promise<string[]>;
    }
  });

  it("middleware that logs in after the handler sets the cookie on the existing response", async () => {
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      await sessions.init(c, "ann");
    });
    app.post("/", () => Response.redirect("https://example.com/", 303));
    await running(app, async (client) => {
      expect(names((await client.post("/")).cookies)).toEqual([NAME]);
    });
  });

  it("behind public(), init inside a stream throws ERR_HEADERS_SENT on runtimes other than Node", async () => {
    const app = new Hono();
    app.use(sessions.public());
    app.post("/", (c) => {
      const stream = new ReadableStream<string>({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          const outcome = await sessions.init(c, "late").then(
            () => "in",
            (error) => error.code,
          );
          controller.enqueue(outcome);
          controller.close();
        },
      });
      return c.body(stream.pipeThrough(new TextEncoderStream()));
    });
    const response = await app.request("/", { method: "POST" });
    expect(await response.text()).toBe("ERR_HEADERS_SENT");
  });

  it("a response that leaves while the handler still runs has no cookie", async () => {
    const app = new Hono();
    app.use(timeout(20), sessions.public());
    app.post("/", async (c) => {
      await sessions.init(c, "ann");
      await new Promise((resolve) => setTimeout(resolve, 60));
      return c.text("in");
    });
    await running(app, async (client) => {
      const answer = await client.post("/");
      expect([answer.status, answer.cookies]).toEqual([504, []]);
    });
  });
});

describe("a mounted Hono app", () => {
  it("a mounted app has its own session, and the outer app leaves its cookie alone", async () => {
    const clock = new TestClock();
    const sessions = honoSessions(new Manager(memoryStore(), { clock: clock.now }));
    const inner = new Hono();
    inner.use(sessionRoutes(sessions, { path: "/account" }));
    inner.post("/login", async (c) => {
      await sessions.init(c, "ann");
      return c.text("in");
    });
    inner.get("/who", sessions.auth(), (c) => c.text(c.var.session.userKey));
    const app = new Hono();
    app.use(sessions.public());
    app.mount("/replaced", inner.fetch);
    const whole = new Hono().post("/kept/login", async (c) => {
      await sessions.init(c, "bob");
      return c.text("in");
    });
    app.mount("/kept", whole.fetch, { replaceRequest: false });
    await running(app, async (client) => {
      await client.post("/replaced/login");
      expect((await client.get("/replaced/who")).text).toBe("ann");
      expect((await client.get("/replaced/account/session")).status).toBe(200);
      // The outer app finds the previous session expired, and would clear its cookie.
      for (const path of ["/replaced/login", "/kept/login"]) {
        clock.advance("25h");
        const { cookies } = await client.post(path);
        expect(cookies).toHaveLength(1);
        expect(client.jar.has(NAME), path).toBe(true);
      }
    });
  });
});
