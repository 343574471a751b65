import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TestRequest } from "../../test/support/browser.ts";
import { fuzzRuns, joined } from "../../test/support/fuzz.ts";
import { Manager } from "../manager.ts";
import { memoryStore } from "../stores/memory.ts";
import { MOUNT } from "./mount.ts";
import { createRoutes, type RouteMethods, type Routes, type RoutesOptions, sessionRoutes } from "./routes.ts";
import { createSessions } from "./sessions.ts";

const NO_METHODS = {} as RouteMethods<object>;

function routesOver(methods: RouteMethods<object>, options: RoutesOptions = {}): Routes<object> {
  return createRoutes(methods, options);
}

describe("sessionRoutes", () => {
  it.each(["/", "/account/", "account", "/a//b", "/a?b", "/a#b", 5, null])(
    "rejects the path %j with the form that a path must have",
    (path) => {
      expect(() => routesOver(NO_METHODS, { path: path as string })).toThrow(
        new TypeError(
          `sessionRoutes.path must be "" or a path such as "/account", without a trailing slash. Received ${JSON.stringify(path)}.`,
        ),
      );
    },
  );

  it("rejects an unknown option", () => {
    const options = { prefix: "/account" } as object;
    expect(() => routesOver(NO_METHODS, options)).toThrow(
      /^"prefix" is not an option of sessionRoutes\. The options are path, /,
    );
  });

  it.each([
    [{ level: 0 }, /^sessionRoutes\.level/],
    [{ maxAuthAge: 600 }, /^sessionRoutes\.maxAuthAge/],
  ])("rejects the options %j at construction", (options, message) => {
    expect(() => routesOver(NO_METHODS, options as object)).toThrow(message);
  });

  it.each([undefined, null, {}, 5])("throws for %j, which no adapter returned", (sessions) => {
    expect(() => sessionRoutes(sessions as never)).toThrow(
      new TypeError("sessions must be the result of an adapter, such as expressSessions(manager)."),
    );
  });

  it("returns what the adapter makes of the routes", () => {
    const { verbs } = createSessions<TestRequest, undefined, undefined>(
      new Manager(memoryStore()),
      (request) => request,
    );
    const adapter = { ...verbs, [MOUNT]: (routes: Routes<TestRequest>) => routes.paths("/api") };
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
    const routes = routesOver(NO_METHODS, { path: "/account" });
    expect(await routes({}, { method: "GET", path })).toBeUndefined();
  });

  it.each([
    ["/session", "GET, HEAD"],
    ["/sessions", "GET, HEAD, DELETE"],
    ["/sessions/x", "DELETE"],
    ["/logout", "POST"],
    ["/logout-all?x=1", "POST"],
  ])("answers 405 with the methods that %s allows", async (path, allow) => {
    for (const method of ["PUT", "constructor", "get"]) {
      const answer = await routesOver(NO_METHODS)({}, { method, path });
      expect([answer?.status, answer?.headers.allow]).toEqual([405, allow]);
    }
  });

  it("leaves CORS preflights to the app", async () => {
    expect(await routesOver(NO_METHODS)({}, { method: "OPTIONS", path: "/session" })).toBeUndefined();
  });

  it("answers exactly its own paths, whatever the method and path are", async () => {
    const asked: string[] = [];
    const methods = {
      checkOrigin: () => undefined,
      revoke: async () => undefined,
      load: async () => ({ id: "own" }),
      peek: async () => ({ userKey: "ann", expiresAt: new Date(1) }),
      now: () => 0,
      fetchAll: async () => [],
      revokeOther: async () => [],
      revokeAll: async () => [],
      revokeOwn: async (_context: object, id: string) => asked.push(id) > 0,
    } as unknown as RouteMethods<object>;
    const routes = routesOver(methods, { path: "/account" });
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
        const answer = await routes({}, { method, path: where });
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
