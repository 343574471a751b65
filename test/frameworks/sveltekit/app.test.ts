import { Manager, SessionError, typed } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { type SvelteKitSessionsOptions, svelteKitSessions } from "sessionup/sveltekit";
import { TestClock } from "sessionup/testing";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ContractClient, parseSetCookie } from "../../../src/testing/adapter/client.ts";
import { SwitchableStore } from "../../../src/testing/adapter/fixture.ts";
import {
  buildSvelteKitApp,
  compileTypes,
  type KitEvent,
  type Major,
  type MakeSite,
  serveSvelteKit,
} from "./build.ts";

const NAME = "__Host-sessionup";
const NO_COOKIE = { error: "unauthorized", reason: "no_cookie" };

let store = new SwitchableStore();
const clock = new TestClock();
const thrown: unknown[] = [];

beforeEach(() => {
  store = new SwitchableStore();
  thrown.splice(0);
});

const createManager = () => new Manager(store, { clock: clock.now });

/** The headers of a form that a browser submits without JavaScript. */
const form = { "content-type": "application/x-www-form-urlencoded", accept: "text/html" };

/** Returns the data of `load` or of the action that the page shows. */
function shown(html: string, id: string): unknown {
  const json = new RegExp(`<p id="${id}">(.*?)</p>`).exec(html)?.[1] ?? "null";
  return JSON.parse(json.replaceAll("&quot;", '"').replaceAll("&amp;", "&"));
}

describe.each<Major>([3, 2])("sessionup/sveltekit on SvelteKit %i", (major) => {
  beforeAll(() => buildSvelteKitApp(major), 600_000);

  /** Runs the app until `use` settles. */
  async function running(make: MakeSite, use: (client: ContractClient) => Promise<void>): Promise<void> {
    const site: MakeSite = (kit) => ({ thrown: (error) => thrown.push(error), ...make(kit) });
    const { origin, close } = await serveSvelteKit(major, site);
    try {
      await use(new ContractClient(origin));
    } finally {
      await close();
    }
  }

  describe("event.locals", () => {
    it("event.locals.session follows every change of the session in hooks, endpoints and loads", () =>
      running(
        ({ sequence }) => {
          const sessions = svelteKitSessions(createManager());
          const seen: unknown[] = [];
          const look = (event: KitEvent) =>
            seen.push((event.locals.session as { userKey: string } | undefined)?.userKey);
          return {
            handle: sequence(sessions.public(), async ({ event, resolve }) => {
              look(event);
              const response = await resolve(event);
              look(event);
              return response;
            }),
            async endpoint(event) {
              look(event);
              await sessions.init(event, "ann");
              look(event);
              await sessions.revoke(event);
              look(event);
              await sessions.init(event, "bob");
              return Response.json(0);
            },
            load: () => ({ seen: seen.splice(0).map((name) => name ?? null) }),
          };
        },
        async (client) => {
          await client.post("/login");
          expect(shown((await client.get("/page")).text, "data")).toEqual([
            null,
            null,
            "ann",
            null,
            "bob",
            "bob",
          ]);
        },
      ));

    it("the session is loaded once per request, also through copies of the event", () =>
      running(
        () => {
          const sessions = svelteKitSessions(createManager());
          return {
            handle: sessions.public(),
            async endpoint(event) {
              await sessions.init(event, "ann");
              return Response.json(0);
            },
            load: async (event) => ({
              seen: [await sessions.get(event), sessions.require(event)].map((s) => s?.userKey),
            }),
          };
        },
        async (client) => {
          await client.post("/login");
          store.calls = 0;
          expect(shown((await client.get("/page")).text, "data")).toEqual(["ann", "ann"]);
          expect(store.calls).toBe(1);
        },
      ));

    it("event.locals holds the sessions of two managers under two names", () =>
      running(
        ({ sequence }) => {
          const users = svelteKitSessions(new Manager(store, { meta: typed<{ theme: string }>() }));
          const admins = svelteKitSessions(new Manager(store, { cookie: { name: "admin" } }), {
            as: "admin",
          });
          return {
            handle: sequence(users.public(), admins.public()),
            async endpoint(event) {
              await users.init(event, "ann", { meta: { theme: "dark" } });
              await admins.init(event, "root");
              return Response.json(0);
            },
            load: ({ locals }) => ({
              seen: Object.entries(locals).map(([name, session]) => [
                name,
                String((session as { userKey?: string }).userKey),
              ]),
            }),
          };
        },
        async (client) => {
          expect((await client.post("/login")).cookies).toHaveLength(2);
          expect(shown((await client.get("/page")).text, "data")).toEqual([
            ["session", "ann"],
            ["admin", "root"],
          ]);
        },
      ));

    it("event.locals.session is undefined during a store outage, and the page is shown", () =>
      running(
        () => {
          const sessions = svelteKitSessions(createManager());
          return {
            handle: sessions.public(),
            load: ({ locals }) => ({ seen: [locals.session === undefined] }),
          };
        },
        async (client) => {
          store.down = true;
          const answer = await client.get("/page", { cookie: `${NAME}=${"a".repeat(22)}.${"b".repeat(65)}` });
          expect([answer.status, shown(answer.text, "data")]).toEqual([200, [true]]);
        },
      ));
  });

  /** Returns an app with a page behind `guard` and a login. */
  const guarded =
    (reject: (kit: Parameters<MakeSite>[0]) => SvelteKitSessionsOptions<KitEvent>["reject"]): MakeSite =>
    (kit) => {
      const own = reject(kit);
      const sessions = svelteKitSessions(createManager(), own ? { reject: own } : {});
      return {
        handle: sessions.public(),
        async endpoint(event) {
          if (event.url.pathname === "/guarded") return Response.json((await sessions.guard(event)).userKey);
          await sessions.init(event, "ann");
          return Response.json(0);
        },
        load: async (event) => ({ seen: (await sessions.guard(event)).userKey }),
        action: async (event) => ({ done: (await sessions.guard(event)).userKey }),
      };
    };

  describe("guard", () => {
    const redirecting = guarded(({ redirect, error }) => (rejection) => {
      if (rejection.status === 401) redirect(303, `/login?why=${rejection.reason}`);
      return error(rejection.status, "please try again");
    });

    it("guard returns the session to loads, actions and endpoints", () =>
      running(redirecting, async (client) => {
        await client.post("/login");
        expect(shown((await client.get("/page")).text, "data")).toBe("ann");
        expect(shown((await client.post("/page", form)).text, "form")).toEqual({ done: "ann" });
        expect((await client.get("/guarded")).json()).toBe("ann");
      }));

    it("guard redirects with reject, and the cookie of an expired session is cleared", () =>
      running(redirecting, async (client) => {
        const stranger = await client.get("/page");
        expect([stranger.status, stranger.headers.get("location")]).toEqual([303, "/login?why=no_cookie"]);
        await client.post("/login");
        clock.advance("24h");
        const answer = await client.get("/page");
        expect([answer.status, answer.headers.get("location")]).toEqual([303, "/login?why=expired"]);
        expect(answer.headers.get("cache-control")).toBe("no-store");
        expect([answer.cookies.length, client.jar.size]).toEqual([1, 0]);
        expect((await client.get("/guarded")).headers.get("location")).toBe("/login?why=no_cookie");
        expect(thrown).toEqual([]);
      }));

    it("guard answers SvelteKit's client-side requests in SvelteKit's form", () =>
      running(redirecting, async (client) => {
        const answer = await client.get("/page/__data.json");
        expect(answer.json()).toMatchObject({ type: "redirect", location: "/login?why=no_cookie" });
      }));

    it("guard answers a store outage with the 503 error page and logs out no user", () =>
      running(redirecting, async (client) => {
        await client.post("/login");
        store.down = true;
        const answer = await client.get("/page");
        expect([answer.status, answer.cookies]).toEqual([503, []]);
        expect(answer.text).toContain("503 please try again");
        store.down = false;
        expect((await client.get("/page")).status).toBe(200);
      }));

    it("guard clears the cookie of an expired session on an error page", () =>
      running(
        guarded(
          ({ error }) =>
            (rejection) =>
              error(rejection.status, "log in first"),
        ),
        async (client) => {
          await client.post("/login");
          clock.advance("24h");
          const answer = await client.get("/page");
          expect([answer.status, client.jar.size]).toEqual([401, 0]);
          expect(answer.text).toContain("401 log in first");
        },
      ));

    it("guard requires a reject that throws", async () => {
      await running(
        guarded(() => undefined),
        async (client) => {
          await client.post("/login");
          expect((await client.get("/page")).status).toBe(500);
          expect(String(thrown[0])).toBe(
            "TypeError: svelteKitSessions.reject is required by guard(). There it must throw SvelteKit's error() or redirect().",
          );
        },
      );
      await running(
        guarded(() => () => new Response("secret")),
        async (client) => {
          const answer = await client.get("/guarded");
          expect([answer.status, answer.text.includes("secret")]).toEqual([500, false]);
          expect(String(thrown[1])).toMatch(/^TypeError: svelteKitSessions.reject returned to guard/);
        },
      );
    });
  });

  describe("auth", () => {
    const closed =
      (reject?: (kit: Parameters<MakeSite>[0]) => SvelteKitSessionsOptions<KitEvent>["reject"]): MakeSite =>
      (kit) => {
        const own = reject?.(kit);
        const sessions = svelteKitSessions(createManager(), own ? { reject: own } : {});
        const users = sessions.auth();
        return {
          handle: (input) =>
            input.event.url.pathname === "/login" ? input.resolve(input.event) : users(input),
          async endpoint(event) {
            await sessions.init(event, "ann");
            return Response.json(0);
          },
          load: ({ locals }) => ({ seen: (locals.session as { userKey: string }).userKey }),
        };
      };

    it("auth guards pages and SvelteKit's client-side requests for them", () =>
      running(closed(), async (client) => {
        for (const path of ["/page", "/page/__data.json", "/nowhere/at/all"]) {
          const answer = await client.get(path);
          expect([answer.status, answer.json()], path).toEqual([401, NO_COOKIE]);
        }
        await client.post("/login");
        expect(shown((await client.get("/page")).text, "data")).toBe("ann");
      }));

    it("auth redirects with reject, and the cookie of an expired session is cleared", () =>
      running(
        closed(
          ({ redirect }) =>
            () =>
              redirect(303, "/login"),
        ),
        async (client) => {
          await client.post("/login");
          clock.advance("24h");
          const answer = await client.get("/page");
          expect([answer.status, answer.headers.get("location"), client.jar.size]).toEqual([
            303,
            "/login",
            0,
          ]);
        },
      ));

    it("auth answers with the response that reject returns, also with an immutable one", () =>
      running(
        closed(() => () => Response.redirect("https://example.com/login", 303)),
        async (client) => {
          await client.post("/login");
          clock.advance("24h");
          const answer = await client.get("/page");
          expect([answer.status, answer.headers.get("location")]).toEqual([303, "https://example.com/login"]);
          expect([answer.headers.get("cache-control"), client.jar.size]).toEqual(["no-store", 0]);
        },
      ));

    it("an error that reject throws is answered by SvelteKit, without a cookie", () =>
      running(
        closed(
          ({ error }) =>
            () =>
              error(401, "log in first"),
        ),
        async (client) => {
          await client.post("/login");
          clock.advance("24h");
          const answer = await client.get("/page");
          expect([answer.status, answer.cookies, client.jar.size]).toEqual([401, [], 1]);
        },
      ));
  });

  describe("form actions", () => {
    const actions: MakeSite = ({ redirect, fail, error }) => {
      const sessions = svelteKitSessions(createManager());
      return {
        handle: sessions.public(),
        async endpoint(event) {
          return Response.json((await sessions.get(event))?.userKey ?? null);
        },
        load: async ({ fetch, locals }) => ({
          seen: [
            (locals.session as { userKey: string } | undefined)?.userKey ?? null,
            await (await fetch("/who")).json(),
          ],
        }),
        async action(event) {
          await sessions.init(event, "ann");
          const then = event.url.searchParams.get("then");
          if (then === "redirect") redirect(303, "/page");
          if (then === "fail") return fail(422, { failed: true });
          if (then === "error") error(418, "teapot");
          if (then === "throw") throw new RangeError("thrown by the app");
          return { logged: "in" };
        },
      };
    };

    it("a form action logs in, and the page and its own requests know the session", () =>
      running(actions, async (client) => {
        const answer = await client.post("/page", form);
        expect([answer.status, shown(answer.text, "form")]).toEqual([200, { logged: "in" }]);
        expect(shown(answer.text, "data")).toEqual(["ann", "ann"]);
        expect(answer.cookies).toHaveLength(1);
        expect(shown((await client.get("/page")).text, "data")).toEqual(["ann", "ann"]);
      }));

    it.each([
      ["redirect", 303],
      ["fail", 422],
      ["error", 418],
      ["throw", 500],
    ])("a form action sets the cookie when it ends with %s", (then, status) =>
      running(actions, async (client) => {
        const answer = await client.post(`/page?then=${then}`, form);
        expect([answer.status, answer.cookies.length, answer.headers.get("cache-control")]).toEqual([
          status,
          1,
          "no-store",
        ]);
        expect(shown((await client.get("/page")).text, "data")).toEqual(["ann", "ann"]);
      }),
    );

    it("a form action that JavaScript submits answers in SvelteKit's form, with the cookie", () =>
      running(actions, async (client) => {
        const answer = await client.post("/page", {
          ...form,
          accept: "application/json",
          "x-sveltekit-action": "true",
        });
        expect(answer.json()).toMatchObject({ type: "success", status: 200 });
        expect(client.jar.size).toBe(1);
      }));
  });

  describe("the cookie of svelteKitSessions", () => {
    it("the cookie is on a response that a later hook creates without SvelteKit", () =>
      running(
        ({ sequence, redirect }) => {
          const sessions = svelteKitSessions(createManager());
          return {
            handle: sequence(sessions.public(), async ({ event, resolve }) => {
              const { pathname } = event.url;
              if (pathname === "/private") return Response.json((await sessions.get(event))?.userKey ?? null);
              if (pathname === "/page") return resolve(event);
              await sessions.init(event, "ann");
              if (pathname === "/thrown") redirect(303, "/page");
              return pathname === "/immutable"
                ? Response.redirect("https://example.com/", 303)
                : new Response("own");
            }),
          };
        },
        async (client) => {
          for (const path of ["/own", "/immutable", "/thrown"]) {
            client.jar.clear();
            expect((await client.post(path)).cookies, path).toHaveLength(1);
            expect((await client.get("/private")).json(), path).toBe("ann");
          }
        },
      ));

    it("a login on an endpoint's immutable response answers 500, as any cookie in SvelteKit does", () =>
      running(
        () => {
          const sessions = svelteKitSessions(createManager());
          return {
            handle: sessions.public(),
            async endpoint(event) {
              await sessions.init(event, "ann");
              return Response.redirect("https://example.com/", 303);
            },
          };
        },
        async (client) => {
          expect((await client.post("/login")).status).toBe(500);
        },
      ));

    it("the cookie has every attribute that the manager has", () =>
      running(
        () => {
          const cookie = { name: "own", domain: "example.com", sameSite: "none", partitioned: true } as const;
          const sessions = svelteKitSessions(
            new Manager(store, { cookie, expiresIn: "1h", clock: clock.now }),
          );
          return {
            handle: sessions.public(),
            async endpoint(event) {
              await sessions.init(event, "ann");
              return Response.json(0);
            },
          };
        },
        async (client) => {
          const [line = ""] = (await client.post("/login")).cookies;
          const { attributes } = parseSetCookie(line);
          expect(Object.fromEntries(attributes)).toEqual({
            path: "/",
            domain: "example.com",
            "max-age": "3600",
            expires: new Date(clock.now() + 3_600_000).toUTCString(),
            httponly: "",
            secure: "",
            samesite: "None",
            partitioned: "",
          });
        },
      ));

    it("the app's cookies and headers stay, except that no-store goes with the session cookie", () =>
      running(
        () => {
          const sessions = svelteKitSessions(createManager());
          return {
            handle: sessions.public(),
            load: async (event) => {
              event.cookies.set("theme", "dark", { path: "/" });
              if (event.url.searchParams.has("in")) await sessions.init(event, "ann");
              event.setHeaders({ "cache-control": "max-age=60", "x-own": "1" });
              return { seen: event.cookies.get(NAME)?.length ?? null };
            },
          };
        },
        async (client) => {
          const without = await client.get("/page");
          expect([without.headers.get("cache-control"), [...client.jar.keys()]]).toEqual([
            "max-age=60",
            ["theme"],
          ]);
          const answer = await client.get("/page?in");
          expect([answer.headers.get("cache-control"), answer.headers.get("x-own")]).toEqual([
            "no-store",
            "1",
          ]);
          expect([...client.jar.keys()].sort()).toEqual([NAME, "theme"]);
          expect(shown(answer.text, "data")).toBe(88);
        },
      ));

    it("init in a streamed load throws before the store is written", () => {
      const codes: unknown[] = [];
      return running(
        () => {
          const sessions = svelteKitSessions(createManager());
          return {
            handle: sessions.public(),
            load: (event) => ({
              seen: null,
              later: (async () => {
                await new Promise((resolve) => setTimeout(resolve, 50));
                await sessions
                  .init(event, "ann")
                  .catch((error) => codes.push(SessionError.is(error) && error.code));
                return "came later";
              })(),
            }),
          };
        },
        async (client) => {
          const answer = await client.get("/page");
          expect(answer.text).toContain("came later");
          expect([codes, answer.cookies, store.calls]).toEqual([["ERR_HEADERS_SENT"], [], 0]);
        },
      );
    });

    it("init in a stream throws before the store is written, also without the hook", () => {
      const codes: unknown[] = [];
      return running(
        () => {
          const sessions = svelteKitSessions(createManager());
          return {
            endpoint: (event) =>
              new Response(
                new ReadableStream({
                  async pull(controller) {
                    await new Promise((resolve) => setTimeout(resolve, 20));
                    await sessions
                      .init(event, "ann")
                      .catch((error) => codes.push(SessionError.is(error) && error.code));
                    controller.close();
                  },
                }),
              ),
          };
        },
        async (client) => {
          await client.get("/stream");
          expect([codes, store.calls]).toEqual([["ERR_HEADERS_SENT"], 0]);
        },
      );
    });
  });

  it("a prerendered page does not run auth, because it is the same for every user", () =>
    running(
      () => ({ handle: svelteKitSessions(createManager()).auth() }),
      async (client) => {
        const answer = await client.get("/prerendered");
        expect([answer.status, answer.cookies]).toEqual([200, []]);
        expect(answer.text).toContain("for every user");
      },
    ));

  describe("the client address in svelteKitSessions", () => {
    const showAddress =
      (options: { trustProxy?: number }): MakeSite =>
      () => {
        const sessions = svelteKitSessions(new Manager(memoryStore(), options));
        return { endpoint: async (event) => Response.json((await sessions.init(event, "ann")).ip) };
      };
    const headers = { "x-forwarded-for": "203.0.113.9" };

    it("the address is SvelteKit's by default", () =>
      running(showAddress({}), async (client) => {
        expect((await client.post("/", headers)).json()).toBe("127.0.0.1");
      }));

    it("the manager's trustProxy finds the address behind a proxy", () =>
      running(showAddress({ trustProxy: 1 }), async (client) => {
        expect((await client.post("/", headers)).json()).toBe("203.0.113.9");
      }));
  });

  it("the types of svelteKitSessions compile with this SvelteKit", () => compileTypes(major), 600_000);

  it("a method called with another context explains what to pass", () =>
    running(
      () => {
        const sessions = svelteKitSessions(createManager());
        return {
          async endpoint(event) {
            const others = [event.request, event.locals, event.cookies, undefined];
            const messages = await Promise.all(
              others.map((other) => sessions.get(other as never).catch(String)),
            );
            return Response.json([...new Set(messages)]);
          },
        };
      },
      async (client) => {
        expect((await client.get("/x")).json()).toEqual([
          "TypeError: sessionup/sveltekit: the context must be the event of a hook, an endpoint, an action or a server load. Pass `event`.",
        ]);
      },
    ));
});

describe("svelteKitSessions", () => {
  it("svelteKitSessions rejects unknown options and an empty name", () => {
    expect(() => svelteKitSessions(createManager(), { name: "x" } as never)).toThrow(
      /^"name" is not an option of svelteKitSessions\. The options are reject, as\.$/,
    );
    expect(() => svelteKitSessions(createManager(), { as: "" })).toThrow(
      /^svelteKitSessions\.as must be a name for event\.locals\. Received ""\.$/,
    );
  });
});
