import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns, joined } from "../../test/support/fuzz.ts";
import { createRoutes, type RouteMethods } from "./json-routes.ts";

const NO_METHODS = {} as RouteMethods<object>;
const REQUIREMENT = { maxAuthAge: undefined, level: 1 };

describe("createRoutes", () => {
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
    const routes = createRoutes(NO_METHODS, "/account", REQUIREMENT);
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
      const answer = await createRoutes(NO_METHODS, "", REQUIREMENT)({}, { method, path });
      expect([answer?.status, answer?.headers.allow]).toEqual([405, allow]);
    }
  });

  it("leaves CORS preflights to the app", async () => {
    expect(
      await createRoutes(NO_METHODS, "", REQUIREMENT)({}, { method: "OPTIONS", path: "/session" }),
    ).toBeUndefined();
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
    const routes = createRoutes(methods, "/account", REQUIREMENT);
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
    expect(answered).toBeGreaterThan(10);
    for (const id of asked) expect(id).toMatch(/^[^/?#]+$/);
  });
});
