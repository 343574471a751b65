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

const managerOf = () => new Manager(store, { clock: clock.now });

/** How a browser without JavaScript submits a form. */
const form = { "content-type": "application/x-www-form-urlencoded", accept: "text/html" };

/** What the page shows of `load`, or of the action. */
function shown(html: string, id: string): unknown {
  const json = new RegExp(`<p id="${id}">(.*?)</p>`).exec(html)?.[1] ?? "null";
  return JSON.parse(json.replaceAll("&quot;", '"').replaceAll("&amp;", "&"));
}

describe.each<Major>([3, 2])("SvelteKit %i", (major) => {
  beforeAll(() => buildSvelteKitApp(major), 600_000);

  /** Runs the app for as long as `use` takes. */
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
    it("has the session as it is at that moment, in hooks, endpoints and loads alike", () =>
      running(
        ({ sequence }) => {
          const sessions = svelteKitSessions(managerOf());
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

    it("is loaded once for a request, whatever copies of the event ask", () =>
      running(
        () => {
          const sessions = svelteKitSessions(managerOf());
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

    it("has those of two managers under two names", () =>
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

    it("is undefined where the store does not answer, and the page is shown", () =>
      running(
        () => {
          const sessions = svelteKitSessions(managerOf());
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

  /** A page behind `guard`, and a login. */
  const guarded =
    (reject: (kit: Parameters<MakeSite>[0]) => SvelteKitSessionsOptions<KitEvent>["reject"]): MakeSite =>
    (kit) => {
      const own = reject(kit);
      const sessions = svelteKitSessions(managerOf(), own ? { reject: own } : {});
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
    const redirecting = guarded(({ redirect, error }) => (refusal) => {
      if (refusal.status === 401) redirect(303, `/login?why=${refusal.reason}`);
      return error(refusal.status, "please try again");
    });

    it("gives the session to loads, actions and endpoints", () =>
      running(redirecting, async (client) => {
        await client.post("/login");
        expect(shown((await client.get("/page")).text, "data")).toBe("ann");
        expect(shown((await client.post("/page", form)).text, "form")).toEqual({ done: "ann" });
        expect((await client.get("/guarded")).json()).toBe("ann");
      }));

    it("redirects as reject says, and the cookie that is over is cleared", () =>
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

    it("answers what the front end asks in SvelteKit's own form", () =>
      running(redirecting, async (client) => {
        const answer = await client.get("/page/__data.json");
        expect(answer.json()).toMatchObject({ type: "redirect", location: "/login?why=no_cookie" });
      }));

    it("shows an outage as one, with the error page, and logs nobody out", () =>
      running(redirecting, async (client) => {
        await client.post("/login");
        store.down = true;
        const answer = await client.get("/page");
        expect([answer.status, answer.cookies]).toEqual([503, []]);
        expect(answer.text).toContain("503 please try again");
        store.down = false;
        expect((await client.get("/page")).status).toBe(200);
      }));

    it("clears the cookie on an error page too", () =>
      running(
        guarded(
          ({ error }) =>
            (refusal) =>
              error(refusal.status, "log in first"),
        ),
        async (client) => {
          await client.post("/login");
          clock.advance("24h");
          const answer = await client.get("/page");
          expect([answer.status, client.jar.size]).toEqual([401, 0]);
          expect(answer.text).toContain("401 log in first");
        },
      ));

    it("needs reject, and one that throws", async () => {
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
        const sessions = svelteKitSessions(managerOf(), own ? { reject: own } : {});
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

    it("stands before pages, and what the front end asks of them", () =>
      running(closed(), async (client) => {
        for (const path of ["/page", "/page/__data.json", "/nowhere/at/all"]) {
          const answer = await client.get(path);
          expect([answer.status, answer.json()], path).toEqual([401, NO_COOKIE]);
        }
        await client.post("/login");
        expect(shown((await client.get("/page")).text, "data")).toBe("ann");
      }));

    it("redirects as reject says, and the cookie that is over is cleared", () =>
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

    it("answers with reject's own response, even one that cannot be changed", () =>
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

    it("leaves an error that reject throws to SvelteKit, which puts no cookie on it", () =>
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
      const sessions = svelteKitSessions(managerOf());
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
          if (then === "throw") throw new RangeError("the app's own");
          return { logged: "in" };
        },
      };
    };

    it("log in, and the page that is shown then knows, as do the requests that it makes itself", () =>
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
    ])("set the cookie also where they end by %s", (then, status) =>
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

    it("answer the front end as SvelteKit does, with the cookie", () =>
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

  describe("our cookie", () => {
    it("is on a response that a hook behind ours makes without SvelteKit", () =>
      running(
        ({ sequence, redirect }) => {
          const sessions = svelteKitSessions(managerOf());
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

    it("cannot be put on a response of an endpoint that cannot be changed: SvelteKit fails, as with any cookie", () =>
      running(
        () => {
          const sessions = svelteKitSessions(managerOf());
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

    it("has every attribute that it has elsewhere", () =>
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

    it("leaves the app's own cookies and headers alone, and Cache-Control is ours where it goes out", () =>
      running(
        () => {
          const sessions = svelteKitSessions(managerOf());
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

    it("is refused before the store is written where a page streams what comes later", () => {
      const codes: unknown[] = [];
      return running(
        () => {
          const sessions = svelteKitSessions(managerOf());
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

    it("is refused there also where no hook of ours has seen the request", () => {
      const codes: unknown[] = [];
      return running(
        () => {
          const sessions = svelteKitSessions(managerOf());
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

  it("does not see prerendered pages, which are the same for everybody", () =>
    running(
      () => ({ handle: svelteKitSessions(managerOf()).auth() }),
      async (client) => {
        const answer = await client.get("/prerendered");
        expect([answer.status, answer.cookies]).toEqual([200, []]);
        expect(answer.text).toContain("for everybody");
      },
    ));

  describe("the address", () => {
    const telling =
      (options: { trustProxy?: number }): MakeSite =>
      () => {
        const sessions = svelteKitSessions(new Manager(memoryStore(), options));
        return { endpoint: async (event) => Response.json((await sessions.init(event, "ann")).ip) };
      };
    const headers = { "x-forwarded-for": "203.0.113.9" };

    it("is the one that SvelteKit knows", () =>
      running(telling({}), async (client) => {
        expect((await client.post("/", headers)).json()).toBe("127.0.0.1");
      }));

    it("is by the manager's trustProxy where SvelteKit knows the proxy alone", () =>
      running(telling({ trustProxy: 1 }), async (client) => {
        expect((await client.post("/", headers)).json()).toBe("203.0.113.9");
      }));
  });

  it("has types that fit", () => compileTypes(major), 600_000);

  it("says what to pass in place of anything else", () =>
    running(
      () => {
        const sessions = svelteKitSessions(managerOf());
        return {
          async endpoint(event) {
            const others = [event.request, event.locals, event.cookies, undefined];
            const told = await Promise.all(others.map((other) => sessions.get(other as never).catch(String)));
            return Response.json([...new Set(told)]);
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
  it("refuses wrong options", () => {
    expect(() => svelteKitSessions(managerOf(), { name: "x" } as never)).toThrow(
      /^"name" is not an option of svelteKitSessions\. The options are reject, as\.$/,
    );
    expect(() => svelteKitSessions(managerOf(), { as: "" })).toThrow(
      /^svelteKitSessions.as must be a name for event.locals.$/,
    );
  });
});
