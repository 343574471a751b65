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

describe("our cookie, without our middleware", () => {
  const sessions = honoSessions(new Manager(memoryStore()));

  it("is on what c answers, once, beside those that the app sets", async () => {
    const app = new Hono();
    app.post("/", async (c) => {
      setCookie(c, "theme", "dark");
      await sessions.init(c, "ann");
      await sessions.init(c, "bob");
      setCookie(c, "lang", "en");
      return c.json(null);
    });
    app.get("/", async (c) => c.text((await sessions.get(c))?.userKey ?? "nobody"));
    await running(app, async (client) => {
      const answer = await client.post("/");
      expect(names(answer.cookies)).toEqual([NAME, "lang", "theme"]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect((await client.get("/")).text).toBe("bob");
    });
  });

  it("is lost with a Response of the handler's own, as the page says", async () => {
    const app = new Hono();
    app.post("/", async (c) => {
      await sessions.init(c, "ann");
      return new Response("in");
    });
    await running(app, async (client) => expect((await client.post("/")).cookies).toEqual([]));
  });

  it("is replaced by what middleware after it sets", async () => {
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
        expect(await sessionsOf(path.slice(1, 4))).toContain(token.split(".")[0]);
      }
    });
    async function sessionsOf(user: string): Promise<string[]> {
      const found = new Hono().get("/", async (c) => {
        await sessions.init(c, user);
        return c.json((await sessions.fetchAll(c)).map(({ id }) => String(id)));
      });
      return (await found.request("/")).json() as Promise<string[]>;
    }
  });

  it("is set on the response that is there, in a middleware after the handler", async () => {
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

  it("is too late in a stream, which is known behind our middleware on runtimes other than Node", async () => {
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

  it("is not on what leaves while the handler still runs", async () => {
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

describe("a mounted app", () => {
  it("has a session of its own making, whose cookie the app around it leaves alone", async () => {
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
      // The app around finds that one expired, and would clear its cookie.
      for (const path of ["/replaced/login", "/kept/login"]) {
        clock.advance("25h");
        const { cookies } = await client.post(path);
        expect(cookies).toHaveLength(1);
        expect(client.jar.has(NAME), path).toBe(true);
      }
    });
  });
});
