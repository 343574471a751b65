import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns, joined } from "../../test/support/fuzz.ts";
import { createRoutes, type RouteVerbs } from "./routes.ts";

const NO_VERBS = {} as RouteVerbs<object, undefined>;

describe("routes", () => {
  it.each(["/", "/account/", "account", "/a//b", "/a?b", "/a#b", 5, null])(
    "refuse the path %j, and say what it needs",
    (path) => {
      expect(() => createRoutes(NO_VERBS, { path: path as string })).toThrow(
        new TypeError('routes.path: needs "" or a path such as "/account", without a slash at its end'),
      );
    },
  );

  it("refuse an option that is not there", () => {
    const options = { prefix: "/account" } as object;
    expect(() => createRoutes(NO_VERBS, options)).toThrow('routes: no option "prefix"; there are path');
  });

  it.each([
    [{ level: 0 }, /^routes\.level: needs a whole number above zero/],
    [{ maxAuthAge: 600 }, /^routes\.maxAuthAge: needs/],
  ])("refuse %j when they are made", (options, message) => {
    expect(() => createRoutes(NO_VERBS, options as object)).toThrow(message);
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
  ])("leave %j to the app", async (path) => {
    const routes = createRoutes(NO_VERBS, { path: "/account" });
    expect(await routes({}, { method: "GET", path })).toBeUndefined();
  });

  it.each([
    ["/session", "GET, HEAD"],
    ["/sessions", "GET, HEAD, DELETE"],
    ["/sessions/x", "DELETE"],
    ["/logout", "POST"],
    ["/logout-all?x=1", "POST"],
  ])("say what %s allows", async (path, allow) => {
    for (const method of ["PUT", "constructor", "get"]) {
      const answer = await createRoutes(NO_VERBS)({}, { method, path });
      expect([answer?.status, answer?.headers.allow]).toEqual([405, allow]);
    }
  });

  it("leave what a browser asks before a call of another origin to the app", async () => {
    expect(await createRoutes(NO_VERBS)({}, { method: "OPTIONS", path: "/session" })).toBeUndefined();
  });

  it("answer a path of theirs, and leave all else to the app, whatever is asked for", async () => {
    const asked: string[] = [];
    const verbs = {
      checkOrigin: () => undefined,
      revoke: async () => undefined,
      load: async () => ({ id: "own" }),
      peek: async () => ({ userKey: "ann", expiresAt: new Date(1) }),
      now: () => 0,
      fetchAll: async () => [],
      revokeOther: async () => [],
      revokeAll: async () => [],
      revokeOwn: async (_context: object, id: string) => asked.push(id) > 0,
    } as unknown as RouteVerbs<object, undefined>;
    const routes = createRoutes(verbs, { path: "/account" });
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
    const theirs = /^\/account(\/session|\/sessions|\/sessions\/[^/?#]+|\/logout|\/logout-all)([?#].*)?$/s;
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(method, path, async (verb, where) => {
        const answer = await routes({}, { method: verb, path: where });
        expect(answer !== undefined).toBe(theirs.test(where) && verb !== "OPTIONS");
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
