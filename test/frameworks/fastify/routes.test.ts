import { type FastifyInstance, fastify } from "fastify";
import { Manager } from "sessionup";
import { fastifySessions } from "sessionup/fastify";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import openapi from "../../../openapi.json" with { type: "json" };
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listening } from "./app.ts";

const sessions = fastifySessions(new Manager(memoryStore()));

/** Runs an app with a login route and the routes that `build` adds, and logs the client in. */
async function running(
  build: (app: FastifyInstance) => void,
  use: (client: ContractClient, origin: string) => Promise<void>,
  options: object = {},
): Promise<void> {
  const app = fastify(options) as FastifyInstance;
  app.post("/login", async (_request, reply) => ({ id: (await sessions.init(reply, "ann")).id }));
  build(app);
  const { origin, close } = await listening(app);
  try {
    const client = new ContractClient(origin);
    await client.post("/login");
    await use(client, origin);
  } finally {
    await close();
  }
}

const mounted = (app: FastifyInstance): void =>
  void app.register(sessionRoutes(sessions, { path: "/account" }));

describe("sessionRoutes on Fastify", () => {
  it("the routes are those that openapi.json describes", async () => {
    const urls = new Set<string>();
    await running(
      (app) => {
        app.addHook("onRoute", ({ url }) => void urls.add(url));
        mounted(app);
      },
      async () => {},
    );
    const described = Object.keys(openapi.paths).map((path) => `/account${path.replace("{id}", "*")}`);
    expect([...urls].sort()).toEqual(described.sort());
  });

  it.each<[what: string, type: string | undefined, body: string | undefined]>([
    ["no body", undefined, undefined],
    ["JSON", "application/json", "{}"],
    ["empty JSON", "application/json", ""],
    ["invalid JSON", "application/json", "{"],
    ["a form", "application/x-www-form-urlencoded", "a=1"],
    ["a body of an unknown type", "application/x-unheard-of", "?"],
    ["a body larger than the limit", "application/json", `"${"x".repeat(3_000_000)}"`],
  ])("POST and DELETE routes accept any body and read none: %s", async (_what, type, body) => {
    await running(
      mounted,
      async (client, origin) => {
        for (const [method, path, status] of [
          ["DELETE", "/account/sessions", 200],
          ["POST", "/account/logout", 204],
        ] as const) {
          const headers = { cookie: client.cookieHeader(), ...(type && { "content-type": type }) };
          const response = await fetch(origin + path, { method, headers, body: body ?? null });
          expect([method, response.status]).toEqual([method, status]);
        }
      },
      // Otherwise, closing the server waits for the rest of the client's body.
      { bodyLimit: 1_000, forceCloseConnections: true },
    );
  });

  it("the routes leave the app's body parsers alone", async () => {
    await running(
      (app) => {
        mounted(app);
        app.post("/echo", async (request) => request.body);
      },
      async (_client, origin) => {
        const send = (type: string) =>
          fetch(`${origin}/echo`, { method: "POST", body: '{"a":1}', headers: { "content-type": type } });
        expect(await (await send("application/json")).json()).toEqual({ a: 1 });
        expect((await send("application/x-unheard-of")).status).toBe(415);
      },
    );
  });

  it("the app's hooks run for the routes", async () => {
    const seen: string[] = [];
    await running(
      (app) => {
        app.addHook("onRequest", async (request) => void seen.push(request.routeOptions.url ?? "none"));
        mounted(app);
      },
      async (client) => {
        await client.get("/account/session");
        await client.send("DELETE", `/account/sessions/${"0".repeat(22)}`);
      },
    );
    expect(seen.slice(-2)).toEqual(["/account/session", "/account/sessions/*"]);
  });

  it("paths next to the routes belong to the app: parameters, wildcards and its not-found handler", async () => {
    await running(
      (app) => {
        mounted(app);
        app.get("/account/:tab", async (request) => request.params);
        app.get("/account/sessions/:id/details", async () => "details");
        app.get("/*", async () => "index.html");
        app.setNotFoundHandler((_request, reply) => reply.code(404).send("the app's own 404"));
      },
      async (client) => {
        expect((await client.get("/account/session")).json()).toMatchObject({ userKey: "ann" });
        expect((await client.get("/account/settings")).json()).toEqual({ tab: "settings" });
        expect((await client.get("/account/sessions/1/details")).text).toBe("details");
        expect((await client.get("/account/a/b")).text).toBe("index.html");
        for (const path of ["/account/sessions/1/2", "/account/sessions/", "/account/sessions/1%2F2"]) {
          const answer = await client.send("DELETE", path);
          expect([path, answer.status, answer.text]).toEqual([path, 404, "the app's own 404"]);
        }
      },
    );
  });

  it("an id followed by encoded characters is not found", async () => {
    await running(mounted, async (client, origin) => {
      const { id } = (await new ContractClient(origin).post("/login")).json() as { id: string };
      for (const junk of ["%3Fa", "%23a", "%20"]) {
        const answer = await client.send("DELETE", `/account/sessions/${id}${junk}`);
        expect([answer.status, answer.json()]).toEqual([404, { error: "not_found" }]);
      }
      expect((await client.send("DELETE", `/account/sessions/${id}?now`)).status).toBe(204);
    });
  });

  it("OPTIONS requests belong to the app", async () => {
    await running(
      (app) => {
        mounted(app);
        app.options("/*", async (_request, reply) => reply.code(204).header("x-cors", "yes").send());
      },
      async (client) => {
        for (const path of ["/account/session", "/account/sessions/1"]) {
          expect((await client.send("OPTIONS", path)).headers.get("x-cors")).toBe("yes");
        }
      },
    );
  });

  it("the routes follow the app's router options for trailing slashes and case", async () => {
    await running(
      mounted,
      async (client) => {
        for (const path of ["/account/session/", "/Account/SESSION"])
          expect((await client.get(path)).json()).toMatchObject({ userKey: "ann" });
      },
      { routerOptions: { ignoreTrailingSlash: true, caseSensitive: false } },
    );
  });

  it.each<[what: string, build: (app: FastifyInstance) => void, path: string]>([
    ["no path", (app) => void app.register(sessionRoutes(sessions)), ""],
    ["a prefix", (app) => void app.register(sessionRoutes(sessions), { prefix: "/me" }), "/me"],
    [
      "a prefix that the path repeats",
      (app) =>
        void app.register(
          async (api) => {
            api.register(sessionRoutes(sessions, { path: "/api/account" }));
          },
          { prefix: "/api" },
        ),
      "/api/account",
    ],
    [
      "a prefix that ends in a slash",
      (app) => void app.register(sessionRoutes(sessions), { prefix: "/me/" }),
      "/me",
    ],
  ])("the routes can be mounted with %s", async (_what, build, path) => {
    await running(build, async (client) => {
      expect((await client.get(`${path}/session`)).json()).toMatchObject({ userKey: "ann" });
      expect((await client.send("DELETE", `${path}/sessions/${"0".repeat(22)}`)).status).toBe(404);
      expect((await client.send("PATCH", `${path}/session`)).status).toBe(405);
    });
  });

  it("two managers can each have their routes in one app", async () => {
    const admins = fastifySessions(new Manager(memoryStore(), { cookie: { name: "admin" } }));
    await running(
      (app) => {
        mounted(app);
        app.register(sessionRoutes(admins, { path: "/admin" }));
      },
      async (client) => {
        expect((await client.get("/account/session")).status).toBe(200);
        expect((await client.get("/admin/session")).status).toBe(401);
      },
    );
  });

  it("sessionRoutes rejects an invalid path and unknown options", () => {
    expect(() => sessionRoutes(sessions, { path: "account" })).toThrow(/^sessionRoutes\.path/);
    expect(() => sessionRoutes(sessions, { prefix: "/account" } as object)).toThrow(
      /"prefix" is not an option of sessionRoutes/,
    );
  });
});
