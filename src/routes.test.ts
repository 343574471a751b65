import { describe, expect, it } from "vitest";
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
});
