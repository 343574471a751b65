import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSetCookie } from "../../../src/testing/adapter/client.ts";
import { type NextParts, RunningNext } from "./_app.ts";
import { type Handlers, type Made, serving } from "./_site.ts";

const NAME = "__Host-sessionup";

let next: RunningNext;
beforeAll(async () => {
  next = await RunningNext.start();
}, 180_000);
afterAll(() => next?.close());

/** Returns handlers that log in and then return `answer`. */
function loggingIn(answer: (made: Made) => Response | Promise<Response>): (made: Made) => Handlers {
  return (made) => {
    const login = async () => {
      await made.sessions.init("ann");
      return answer(made);
    };
    const who = async () => Response.json((await made.sessions.get())?.userKey ?? null);
    return { bare: login, public: made.sessions.public(login), who };
  };
}

describe("the cookie of nextSessions from a Route Handler", () => {
  it.each<[string, number, string | null, (made: Made) => Response | Promise<Response>]>([
    ["a Response", 201, null, () => new Response("in", { status: 201 })],
    [
      "Response.redirect, which is immutable",
      303,
      "/home",
      () => Response.redirect("http://app.example/home", 303),
    ],
    ["NextResponse.json", 200, null, ({ parts }) => parts.NextResponse.json({})],
    ["redirect() of next/navigation", 307, "/home", ({ parts }) => parts.redirect("/home")],
    ["permanentRedirect()", 308, "/home", ({ parts }) => parts.permanentRedirect("/home")],
  ])("the cookie is on %s", async (_title, status, location, respond) => {
    const { client } = serving(next, loggingIn(respond));
    for (const path of ["/x/bare", "/x/public"]) {
      const answer = await client.post(path);
      expect([answer.status, answer.cookies.length]).toEqual([status, 1]);
      expect(answer.headers.get("location")?.replace(/^http:\/\/app\.example/, "") ?? null).toBe(location);
      expect((await client.get("/x/who")).json()).toBe("ann");
    }
  });

  it("the cookie is next to the Response's own Set-Cookie headers", async () => {
    const lines = ["a=1; Path=/", "b=2; Path=/; Expires=Thu, 01 Jan 2032 00:00:00 GMT"];
    const { client } = serving(
      next,
      loggingIn(() => new Response(null, { headers: lines.map((line) => ["set-cookie", line]) })),
    );
    for (const path of ["/x/bare", "/x/public"]) {
      const { cookies } = await client.post(path);
      expect(cookies.slice(0, 2)).toEqual(lines);
      expect(cookies.map((line) => parseSetCookie(line).name)).toEqual(["a", "b", NAME]);
    }
  });

  it("the cookie is lost when the handler throws, also with notFound(), forbidden() and unauthorized()", async () => {
    const { client } = serving(next, ({ sessions, parts }) => {
      const failing = (fail: () => never) =>
        sessions.public(async () => {
          await sessions.init("ann");
          return fail();
        });
      return {
        error: failing(() => {
          throw new Error("after init");
        }),
        notFound: failing(parts.notFound),
        forbidden: failing(parts.forbidden),
        unauthorized: failing(parts.unauthorized),
      };
    });
    for (const [path, status] of [
      ["error", 500],
      ["notFound", 404],
      ["forbidden", 403],
      ["unauthorized", 401],
    ]) {
      const answer = await client.post(`/x/${path}`);
      expect([answer.status, answer.cookies]).toEqual([status, []]);
    }
  });

  it("no-store is set behind public() and auth(), but not for a bare handler", async () => {
    const { client } = serving(
      next,
      loggingIn(() => new Response("in")),
    );
    expect((await client.post("/x/bare")).headers.get("cache-control")).toBeNull();
    expect((await client.post("/x/public")).headers.get("cache-control")).toBe("no-store");
  });

  it("the cookie lasts as long as expiresIn, with Expires by the machine's clock", async () => {
    const { client } = serving(next, ({ sessions }) => ({
      login: async () => Response.json(await sessions.init("ann", { expiresIn: "30d" })),
    }));
    const before = Math.floor(Date.now() / 1_000) * 1_000;
    const { attributes } = parseSetCookie((await client.post("/x/login")).cookies[0] ?? "");
    expect(attributes.get("max-age")).toBe(String(30 * 86_400));
    const expires = Date.parse(attributes.get("expires") ?? "") - 30 * 86_400_000;
    expect(expires).toBeGreaterThanOrEqual(before);
    expect(expires).toBeLessThanOrEqual(Date.now());
  });

  it("the cookie has every attribute that the manager has", async () => {
    const cookie = {
      name: "sid",
      path: "/x",
      domain: "127.0.0.1",
      sameSite: "none",
      partitioned: true,
    } as const;
    const { client } = serving(
      next,
      loggingIn(() => new Response("in")),
      { manager: { cookie } },
    );
    const { name, attributes } = parseSetCookie((await client.post("/x/bare")).cookies[0] ?? "");
    expect([name, Object.fromEntries(attributes)]).toEqual([
      "__Secure-sid",
      { path: "/x", domain: "127.0.0.1", samesite: "none", secure: "", httponly: "", partitioned: "" },
    ]);
  });
});

describe("public() and auth() of nextSessions", () => {
  it("public() and auth() pass on the request and Next.js's second argument", async () => {
    const { client } = serving(next, ({ sessions }) => ({
      login: async () => Response.json((await sessions.init("ann")).id),
      params: sessions.auth(async (request, context: { params: Promise<unknown> }) =>
        Response.json([new URL(request.url).search, await context.params]),
      ),
    }));
    await client.post("/x/login");
    expect((await client.get("/x/params?q=1")).json()).toEqual(["?q=1", { path: ["x", "params"] }]);
  });

  it("public() and auth() answer a SessionError that the handler throws and leave other errors to Next.js", async () => {
    const { client } = serving(next, ({ sessions }) => ({
      require: sessions.public(async () => Response.json((await sessions.require()).userKey)),
      other: sessions.public(() => {
        throw new TypeError("thrown by the app");
      }),
    }));
    const answer = await client.get("/x/require");
    expect([answer.status, answer.json()]).toEqual([401, { error: "unauthorized", reason: "no_cookie" }]);
    expect((await client.get("/x/other")).status).toBe(500);
  });

  it("public() does not change the handler's Response, which an app may return again", async () => {
    const kept = new Response(null, { status: 204 });
    const { client } = serving(
      next,
      loggingIn(() => kept),
    );
    await client.post("/x/public");
    expect([...kept.headers]).toEqual([]);
  });

  it("reject answers with the app's own Response or with redirect()", async () => {
    let failing = false;
    const { client } = serving(
      next,
      ({ sessions, parts }) => {
        Object.assign(own, parts);
        return {
          private: sessions.auth(() => new Response("secret")),
          require: sessions.public(async () => new Response((await sessions.require()).userKey)),
        };
      },
      {
        reject: (error, request) => {
          if (failing)
            return new Response(`no ${error.status} at ${new URL(request.url).pathname}`, { status: 418 });
          return own.redirect("/login");
        },
      },
    );
    const moved = await client.get("/x/private");
    expect([moved.status, moved.headers.get("location")]).toEqual([307, "/login"]);
    failing = true;
    const answer = await client.get("/x/private");
    expect([answer.status, answer.text]).toEqual([418, "no 401 at /x/private"]);
    expect((await client.get("/x/require")).text).toBe("no 401 at /x/require");
  });
  const own = {} as NextParts;

  it("auth() lets a handler read the request's body", async () => {
    const { client } = serving(next, ({ sessions }) => ({
      login: async () => Response.json((await sessions.init("ann")).id),
      echo: sessions.auth(async (request) => new Response(String((await request.text()).length))),
    }));
    await client.post("/x/login");
    const headers = { cookie: client.cookieHeader() };
    const answer = await fetch(`${next.origin}/x/echo`, {
      method: "POST",
      body: "x".repeat(2_000_000),
      headers,
    });
    expect(await answer.text()).toBe("2000000");
  });
});

describe("work after the response of a Route Handler", () => {
  it("revoke in the stream of a bare handler ends the session, but cannot clear the cookie", async () => {
    const { client, manager } = serving(next, ({ sessions }) => ({
      login: async () => Response.json((await sessions.init("ann")).id),
      stream: () =>
        new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(new TextEncoder().encode("head "));
              await new Promise((resolve) => setTimeout(resolve, 20));
              await sessions.revoke();
              controller.enqueue(new TextEncoder().encode("done"));
              controller.close();
            },
          }),
        ),
    }));
    await client.post("/x/login");
    const { text, cookies } = await client.post("/x/stream");
    expect([text, cookies, await manager.fetchByUserKey("ann")]).toEqual(["head done", [], []]);
  });

  it("after() can read the session, and a method that sets the cookie throws before it writes", async () => {
    const said = new Map<string, unknown>();
    let done: () => void = () => {};
    const finished = new Promise<void>((resolve) => {
      done = resolve;
    });
    const { client, manager } = serving(next, ({ sessions, parts }) => ({
      login: async () => Response.json((await sessions.init("ann")).id),
      after: async () => {
        parts.after(async () => {
          said.set("get", (await sessions.get())?.userKey);
          for (const method of ["revoke", "revokeAll", "rotate", "reauthenticate"] as const) {
            said.set(method, await sessions[method]().catch((error) => error.code));
          }
          said.set("init", await sessions.init("bob").catch((error) => error.code));
          done();
        });
        return new Response();
      },
    }));
    await client.post("/x/login");
    await client.post("/x/after");
    await finished;
    expect(said.get("get")).toBe("ann");
    for (const method of ["revoke", "revokeAll", "rotate", "reauthenticate", "init"])
      expect(said.get(method), method).toBe("ERR_HEADERS_SENT");
    expect([
      (await manager.fetchByUserKey("ann")).length,
      (await manager.fetchByUserKey("bob")).length,
    ]).toEqual([1, 0]);
  });
});

describe("a cross-origin request to a Route Handler", () => {
  const CROSS = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };

  it("a method in a bare handler rejects a cross-origin request by its body or Content-Length [asvs 3.5.1]", async () => {
    const { client, manager } = serving(next, ({ sessions }) => {
      const login = async () =>
        new Response(
          await sessions.init("ann").then(
            () => "in",
            (error) => error.code,
          ),
        );
      return {
        login,
        public: sessions.public(login),
        open: sessions.public(login, { crossOrigin: "allow" }),
      };
    });
    const bodies = [undefined, "", "a=1", new URLSearchParams("a=1"), new FormData(), new Blob(["{}"])];
    for (const body of bodies) {
      const answer = await fetch(`${next.origin}/x/login`, {
        method: "POST",
        headers: CROSS,
        ...(body !== undefined && { body }),
      });
      expect([await answer.text(), answer.headers.getSetCookie()]).toEqual(["ERR_CROSS_ORIGIN", []]);
    }
    expect((await client.post("/x/public", CROSS)).json()).toEqual({ error: "forbidden" });
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    expect((await client.post("/x/open", CROSS)).text).toBe("in");
  });

  it("a cross-origin GET is allowed, also with an Origin header [asvs 3.5.3]", async () => {
    const { client } = serving(next, ({ sessions }) => ({
      login: async () => Response.json(await sessions.init("ann")),
      who: async () => Response.json((await sessions.get())?.userKey ?? null),
    }));
    await client.post("/x/login");
    expect((await client.get("/x/who", CROSS)).json()).toBe("ann");
  });
});
