import { describe, expect, it } from "vitest";
import type { TestRequest } from "../../test/support/browser.ts";
import { Manager } from "../manager.ts";
import { memoryStore } from "../stores/memory.ts";
import { MOUNT } from "./mount.ts";
import { type Routes, sessionRoutes } from "./routes.ts";
import { createSessions } from "./sessions.ts";

const { methods } = createSessions(new Manager(memoryStore()), (request: TestRequest) => request);

describe("sessionRoutes", () => {
  it.each(["/", "/account/", "account", "/a//b", "/a?b", "/a#b", 5, null])(
    "rejects the path %j with the form that a path must have",
    (path) => {
      expect(() => sessionRoutes(methods, { path: path as string })).toThrow(
        new TypeError(
          `sessionRoutes.path must be "" or a path such as "/account", without a trailing slash. Received ${JSON.stringify(path)}.`,
        ),
      );
    },
  );

  it("rejects an unknown option", () => {
    const options = { prefix: "/account" } as object;
    expect(() => sessionRoutes(methods, options)).toThrow(
      /^"prefix" is not an option of sessionRoutes\. The options are path, /,
    );
  });

  it.each([
    [{ level: 0 }, /^sessionRoutes\.level/],
    [{ maxAuthAge: 600 }, /^sessionRoutes\.maxAuthAge/],
  ])("rejects the options %j at construction", (options, message) => {
    expect(() => sessionRoutes(methods, options as object)).toThrow(message);
  });

  it.each([undefined, null, {}, 5])("throws for %j, which no adapter returned", (sessions) => {
    expect(() => sessionRoutes(sessions as never)).toThrow(
      new TypeError("sessions must be the result of an adapter, such as expressSessions(manager)."),
    );
  });

  it("returns what the adapter makes of the routes", () => {
    const adapter = { ...methods, [MOUNT]: (routes: Routes<TestRequest>) => routes.paths("/api") };
    const mounted = sessionRoutes(adapter, { path: "/account" });
    expect(mounted).toEqual([
      "/api/account/session",
      "/api/account/session/refresh",
      "/api/account/sessions",
      "/api/account/sessions/:id",
      "/api/account/logout",
      "/api/account/logout-all",
    ]);
  });
});
