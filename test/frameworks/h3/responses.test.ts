import { createServer } from "node:http";
import {
  bodyLimit,
  defineHandler,
  defineValidatedHandler,
  H3,
  type H3Event,
  HTTPError,
  HTTPResponse,
  handleCors,
  html,
  type Middleware,
  noContent,
  onError,
  onResponse,
  proxy,
  redirect,
  setCookie,
} from "h3";
import { Manager } from "sessionup";
import { h3Sessions } from "sessionup/h3";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { names } from "../running.ts";
import { running } from "./_app.ts";

const NAME = "__Host-sessionup";
const manager = new Manager(memoryStore(), { trustedOrigins: ["https://example.com"] });
const sessions = h3Sessions(manager);

/** Creates an app whose handler logs in and then returns `answer`. */
function loggingIn(answer: (event: H3Event) => unknown, middleware: Middleware[] = [sessions.public()]): H3 {
  const app = new H3({ silent: true });
  return app.post(
    "/",
    async (event) => {
      await sessions.init(event, "ann");
      return answer(event);
    },
    { middleware },
  );
}

/** Serves responses that carry a cookie of their own. */
async function upstream(use: (url: string) => Promise<void>): Promise<void> {
  const { origin, close } = await listen(
    createServer((_req, res) => void res.setHeader("set-cookie", "theirs=1").end("far away")),
  );
  try {
    await use(origin);
  } finally {
    await close();
  }
}

describe.each([
  ["behind public()", [sessions.public()]],
  ["without middleware", []],
])("the cookie of h3Sessions, %s", (_title, middleware) => {
  it("the cookie is on every kind of response once, with no-store", async () => {
    const kinds: Record<string, [status: number, answer: (event: H3Event) => unknown]> = {
      nothing: [200, () => null],
      text: [200, () => "text"],
      json: [200, () => ({ a: 1 })],
      bytes: [200, () => new Uint8Array([97])],
      html: [200, () => html("<p>html")],
      stream: [200, () => new Blob(["a"]).stream()],
      noContent: [204, () => noContent()],
      redirect: [303, () => redirect("/next", 303)],
      HTTPResponse: [201, () => new HTTPResponse("a", { status: 201, headers: { "x-own": "1" } })],
      Response: [201, () => new Response("a", { status: 201, headers: { "cache-control": "public" } })],
      "Response.redirect": [303, () => Response.redirect("https://example.com/", 303)],
      "Response with 403": [403, () => new Response("no", { status: 403 })],
      HTTPError: [409, () => new HTTPError({ status: 409 })],
      "thrown HTTPError": [
        409,
        () => {
          throw new HTTPError({ status: 409 });
        },
      ],
      "thrown Error": [
        500,
        () => {
          throw new Error("on purpose");
        },
      ],
      status: [
        418,
        (event) => {
          event.res.status = 418;
          return "teapot";
        },
      ],
    };
    for (const [kind, [status, answer]] of Object.entries(kinds)) {
      await running(loggingIn(answer, middleware), async (client) => {
        const answered = await client.post("/");
        expect([answered.status, names(answered.cookies)], kind).toEqual([status, [NAME]]);
        expect(answered.headers.get("cache-control"), kind).toBe("no-store");
      });
    }
  });

  it("the cookie is on fetched and proxied responses, next to their own cookie", async () => {
    await upstream(async (url) => {
      for (const answer of [() => fetch(url), (event: H3Event) => proxy(event, url)]) {
        await running(loggingIn(answer, middleware), async (client) => {
          const { text, cookies } = await client.post("/");
          expect([text, names(cookies)]).toEqual(["far away", [NAME, "theirs"]]);
        });
      }
    });
  });

  it("the cookie is next to the app's cookies and replaces only its own earlier value", async () => {
    const app = loggingIn(async (event) => {
      setCookie(event, "theme", "dark");
      await sessions.init(event, "bob");
      setCookie(event, "lang", "en");
      return new Response("in", { headers: { "set-cookie": "own=1" } });
    }, middleware);
    app.get("/", async (event) => (await sessions.get(event))?.userKey);
    await running(app, async (client) => {
      expect(names((await client.post("/")).cookies)).toEqual([NAME, "lang", "own", "theme"]);
      expect((await client.get("/")).text).toBe("bob");
    });
  });

  it("the cookie is on error responses, except on a Response from the app's onError without onResponse", async () => {
    const throwing = () => {
      throw new HTTPError({ status: 409 });
    };
    const app = (handler: () => unknown) => {
      const part = loggingIn(throwing, middleware);
      return new H3({ silent: true, onError: handler }).mount("", part);
    };
    for (const [answer, expected] of [
      [() => undefined, [NAME]],
      [() => "text", [NAME]],
      [() => new HTTPResponse("text", { status: 410 }), [NAME]],
      // docs/frameworks/h3.md describes this case.
      [() => new Response("text", { status: 410 }), []],
    ] as const) {
      await running(app(answer), async (client) =>
        expect(names((await client.post("/")).cookies)).toEqual(expected),
      );
    }
    const hooked = new H3({
      silent: true,
      onError: (_error, event) => {
        setCookie(event, "theme", "dark");
        return new Response("text", { status: 410, headers: { "cache-control": "public" } });
      },
      onResponse: sessions.onResponse,
    });
    hooked.get("/", () => "guest");
    await running(hooked.mount("", loggingIn(throwing, middleware)), async (client) => {
      const { status, cookies, headers } = await client.post("/");
      expect([status, names(cookies), headers.get("cache-control")]).toEqual([410, [NAME], "no-store"]);
      expect(names((await client.get("/")).cookies)).toEqual([]);
    });
    const inside = loggingIn(throwing, [onError(() => new Response("text", { status: 410 })), ...middleware]);
    await running(inside, async (client) => {
      const { status, cookies } = await client.post("/");
      expect([status, names(cookies)]).toEqual([410, [NAME]]);
    });
  });

  it("the cookie passes onResponse hooks and CORS, and is set once", async () => {
    // The middleware has already set the cookie, so this hook changes nothing.
    const app = new H3({ onResponse: sessions.onResponse });
    app.use((event) => {
      const handled = handleCors(event, { origin: ["https://example.com"] });
      return handled === false ? undefined : handled;
    });
    app.use(onResponse((response) => void response.headers.get("x-any")));
    app.mount(
      "",
      loggingIn(() => "in", middleware),
    );
    await running(app, async (client) => {
      const answer = await client.post("/", { origin: "https://example.com" });
      expect(names(answer.cookies)).toEqual([NAME]);
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://example.com");
    });
  });
});

describe("Cache-Control with h3Sessions", () => {
  const handler = async (event: H3Event) => {
    await sessions.init(event, "ann");
    event.res.headers.set("cache-control", "public, max-age=60");
    return "in";
  };

  it("no-store replaces the handler's Cache-Control behind the middleware or with onResponse", async () => {
    const guarded = new H3().post("/", handler, { middleware: [sessions.public()] });
    const unguarded = new H3({ onResponse: sessions.onResponse }).post("/", handler);
    for (const app of [guarded, unguarded]) {
      await running(app, async (client) => {
        expect((await client.post("/")).headers.get("cache-control")).toBe("no-store");
      });
    }
  });

  it("no-store is only on responses that set the session cookie", async () => {
    const app = new H3({ onResponse: sessions.onResponse }).use(sessions.public()).get("/", (event) => {
      event.res.headers.set("cache-control", "public, max-age=60");
      return new Response("in", { headers: { "set-cookie": "theme=dark" } });
    });
    await running(app, async (client) => {
      const { cookies, headers } = await client.get("/");
      expect([headers.get("cache-control"), names(cookies)]).toEqual(["public, max-age=60", ["theme"]]);
    });
  });
});

describe("the event of h3Sessions", () => {
  it("the event keeps its session behind bodyLimit and validation, which replace its request", async () => {
    const app = new H3({ silent: true }).use(sessions.public()).use(bodyLimit(20));
    const name = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) => ({ value: value as { name: string } }),
        types: { input: { name: "" }, output: { name: "" } },
      },
    } as const;
    app.post(
      "/valid",
      defineValidatedHandler({
        validate: { body: name },
        handler: async (event) => (await sessions.init(event, (await event.req.json()).name)).ip,
      }),
    );
    app.post("/text", async (event) => {
      const before = sessions.current(event)?.userKey ?? "guest";
      return `${before} ${(await sessions.init(event, await event.req.text())).ip}`;
    });
    await running(app, async (_client, origin) => {
      const post = (path: string, body: BodyInit, cookie = "") =>
        fetch(origin + path, { method: "POST", body, headers: { cookie }, duplex: "half" } as RequestInit);
      const first = await post("/text", new Blob(["ann"]).stream());
      expect(await first.text()).toBe("guest 127.0.0.1");
      const cookie = first.headers.getSetCookie()[0]?.split(";")[0];
      const second = await post("/text", "bob", cookie);
      expect(await second.text()).toBe("ann 127.0.0.1");
      const valid = await post("/valid", JSON.stringify({ name: "cid" }));
      expect([await valid.text(), names(valid.headers.getSetCookie())]).toEqual(["127.0.0.1", [NAME]]);
      expect((await post("/text", "much too long for that limit")).status).toBe(413);
    });
  });

  it("init throws after the response is made, also on runtimes other than Node", async () => {
    let late: Promise<string> | undefined;
    const app = new H3().post(
      "/",
      (event) => {
        late = new Promise((resolve) => setTimeout(resolve, 5)).then(() =>
          sessions.init(event, "late").then(
            () => "in",
            (error) => error.code,
          ),
        );
        return "done";
      },
      { middleware: [sessions.public()] },
    );
    const response = await app.request("/", { method: "POST" });
    expect([await response.text(), await late]).toEqual(["done", "ERR_HEADERS_SENT"]);
    expect(await manager.fetchByUserKey("late")).toEqual([]);
  });
});

describe("a mounted h3 app", () => {
  it("a mounted H3 shares the event, the middleware and the routes under its prefix", async () => {
    const part = new H3()
      .use(sessionRoutes(sessions, { path: "/account" }))
      .use(sessions.public())
      .get("/who", (event) => sessions.current(event)?.userKey ?? "guest");
    const app = loggingIn(() => "in").mount("/part", part);
    await running(app, async (client) => {
      await client.post("/");
      expect((await client.get("/part/who")).text).toBe("ann");
      expect((await client.get("/part/account/session")).status).toBe(200);
    });
  });

  it("a mounted fetch handler has its own event, and the outer app leaves its cookie alone", async () => {
    const clock = new TestClock();
    const clocked = h3Sessions(new Manager(memoryStore(), { clock: clock.now }));
    const inner = new H3().use(sessionRoutes(clocked, { path: "/account" }));
    inner.post("/login", async (event) => {
      await clocked.init(event, "ann");
      return "in";
    });
    inner.post("/failing", async (event) => {
      await clocked.init(event, "ann");
      throw new HTTPError({ status: 409 });
    });
    const app = new H3().use(clocked.public()).mount("/part", inner.fetch);
    const whole = new H3().mount("/part", inner.fetch);
    whole.use(sessionRoutes(clocked));
    for (const each of [app, whole]) {
      await running(each, async (client) => {
        for (const path of ["/part/login", "/part/failing"]) {
          // The outer app finds the previous session expired, and would clear its cookie.
          clock.advance("25h");
          const { cookies } = await client.post(path);
          expect(names(cookies)).toEqual([NAME]);
          expect(client.jar.has(NAME), path).toBe(true);
        }
        expect((await client.get("/part/account/session")).status).toBe(200);
      });
    }
  });

  it("a handler's own fetch sets the cookie on its Response", async () => {
    const login = defineHandler(async (event) => {
      await sessions.init(event, "ann");
      return "in";
    });
    const app = new H3().post("/", (event) => login.fetch(event.req as Request));
    await running(app, async (client) => expect(names((await client.post("/")).cookies)).toEqual([NAME]));
  });
});
