import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestRequest } from "../../test/support/browser.ts";
import { fuzzRuns, joined } from "../../test/support/fuzz.ts";
import { Manager } from "../manager.ts";
import { memoryStore } from "../stores/memory.ts";
import { MOUNT, type Routes } from "./mount.ts";
import { type RoutesOptions, sessionRoutes } from "./routes.ts";
import { createSessions, getInternals, INTERNALS, type Sessions } from "./sessions.ts";

function createMethods() {
  return createSessions<TestRequest, undefined, undefined>(new Manager(memoryStore()), (request) => request)
    .verbs;
}

function createRoutes(options?: RoutesOptions): Routes<TestRequest> {
  return sessionRoutes(createMethods(), options);
}

/** Creates routes for an authenticated user whose ending methods end nothing. */
async function createAuthenticatedRoutes(
  options: RoutesOptions,
  ending: Partial<Sessions<TestRequest>>,
): Promise<Routes<TestRequest>> {
  const methods = createMethods();
  const request = new TestRequest();
  await methods.init(request, "ann");
  const internals = getInternals<TestRequest, undefined, undefined>(methods);
  const state = internals.getState(request);
  const sessions = {
    ...methods,
    [INTERNALS]: { ...internals, getState: () => state, methods: { ...internals.methods, ...ending } },
  };
  return sessionRoutes(sessions, options);
}

describe("sessionRoutes", () => {
  it.each(["/", "/account/", "account", "/a//b", "/a?b", "/a#b", 5, null])(
    "rejects the path %j and shows a valid one",
    (path) => {
      expect(() => createRoutes({ path: path as string })).toThrow(
        new TypeError(
          `sessionRoutes.path must be "" or a path such as "/account", without a trailing slash. Received ${JSON.stringify(path)}.`,
        ),
      );
    },
  );

  it("rejects an unknown option", () => {
    const options = { prefix: "/account" } as object;
    expect(() => createRoutes(options)).toThrow(
      /^"prefix" is not an option of sessionRoutes\. The options are path, /,
    );
  });

  it.each([
    [{ level: 0 }, /^sessionRoutes\.level/],
    [{ maxAuthAge: 600 }, /^sessionRoutes\.maxAuthAge/],
  ])("rejects the options %j at construction", (options, message) => {
    expect(() => createRoutes(options as object)).toThrow(message);
  });

  it.each([undefined, null, {}, 5])("rejects %j, which is not the result of an adapter", (sessions) => {
    expect(() => sessionRoutes(sessions as never)).toThrow(
      new TypeError("sessions must be the result of an adapter, such as expressSessions(manager)."),
    );
  });

  it("returns the result of the adapter's mount", () => {
    const adapter = { ...createMethods(), [MOUNT]: (routes: Routes<TestRequest>) => routes.paths("/api") };
    const mounted = sessionRoutes(adapter, { path: "/account" });
    expect(mounted).toEqual([
      "/api/account/session",
      "/api/account/sessions",
      "/api/account/sessions/:id",
      "/api/account/logout",
      "/api/account/logout-all",
    ]);
  });

  it.each([
    "/account",
    "/accounts/session",
    "/account/sessionx",
    "/account/sessions/",
    "/account/sessions/a/b",
    "/session",
    "/account/../session",
    "/account/toString",
    "/account/__proto__",
    "",
    "*",
    "http://other.example/account/session",
  ])("leaves the path %j to the app", async (path) => {
    const routes = createRoutes({ path: "/account" });
    expect(await routes(new TestRequest(), { method: "GET", path })).toBeUndefined();
  });

  it.each([
    ["/session", "GET, HEAD"],
    ["/sessions", "GET, HEAD, DELETE"],
    ["/sessions/x", "DELETE"],
    ["/logout", "POST"],
    ["/logout-all?x=1", "POST"],
  ])("answers 405 with the methods that %s allows", async (path, allow) => {
    for (const method of ["PUT", "constructor", "get"]) {
      const answer = await createRoutes()(new TestRequest(), { method, path });
      expect([answer?.status, answer?.headers.allow]).toEqual([405, allow]);
    }
  });

  it("leaves CORS preflights to the app", async () => {
    expect(await createRoutes()(new TestRequest(), { method: "OPTIONS", path: "/session" })).toBeUndefined();
  });

  it("answers exactly its own paths, whatever a client sends", async () => {
    const asked: string[] = [];
    const routes = await createAuthenticatedRoutes(
      { path: "/account" },
      {
        revoke: async () => undefined,
        revokeOther: async () => [],
        revokeAll: async () => [],
        revokeOwn: async (_request, id) => asked.push(id) > 0,
      },
    );
    const piece = fc.oneof(
      fc.constantFrom(
        "/account",
        "/sessions",
        "/session",
        "/logout",
        "/logout-all",
        "/",
        "..",
        "//",
        "?",
        "#",
        "%2f",
        "\0",
      ),
      fc.constantFrom("__proto__", "constructor", "/sessions/:id", "\ud800", "a"),
      fc.string({ unit: "binary", maxLength: 20 }),
    );
    const path = fc
      .tuple(fc.constantFrom("/account", ""), joined(piece, 5))
      .map(([first, rest]) => first + rest);
    const method = fc.oneof(fc.constantFrom("GET", "HEAD", "POST", "DELETE", "OPTIONS"), fc.string());
    const own = /^\/account(\/session|\/sessions|\/sessions\/[^/?#]+|\/logout|\/logout-all)([?#].*)?$/s;
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(method, path, async (method, where) => {
        const answer = await routes(new TestRequest(), { method, path: where });
        expect(answer !== undefined).toBe(own.test(where) && method !== "OPTIONS");
        if (!answer) return;
        answered++;
        expect([200, 204, 404, 405]).toContain(answer.status);
      }),
      fuzzRuns(5_000),
    );
    expect(answered).toBeGreaterThan(50);
    for (const id of asked) expect(id).toMatch(/^[^/?#]+$/);
  });
});
