import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { defineHandler, H3, type H3Event, HTTPResponse, redirect, serve } from "h3";
import { Manager, type SessionError } from "sessionup";
import { type H3Context, type H3SessionsOptions, h3Sessions } from "sessionup/h3";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";
import { names } from "../running.ts";
import { running } from "./_app.ts";

const sessions = h3Sessions(new Manager(memoryStore()));
const login = async (event: H3Event) => ({ ip: (await sessions.init(event, "ann")).ip });

describe("h3Sessions as middleware", () => {
  it("auth guards a path, a route or a handler", async () => {
    const handler = (event: H3Event) => sessions.require(event).userKey;
    const app = new H3({ silent: true })
      .post("/login", login)
      .use("/folder/**", sessions.auth())
      .get("/folder/a", handler)
      .get("/route", handler, { middleware: [sessions.auth()] })
      .get("/handler", defineHandler({ middleware: [sessions.auth()], handler }));
    await running(app, async (client) => {
      for (const path of ["/folder/a", "/route", "/handler"])
        expect((await client.get(path)).status).toBe(401);
      await client.post("/login");
      for (const path of ["/folder/a", "/route", "/handler"])
        expect((await client.get(path)).text).toBe("ann");
    });
  });

  it("paths that are not found and OPTIONS requests belong to the app", async () => {
    const app = new H3({ silent: true }).use(sessions.public()).use(sessionRoutes(sessions));
    await running(app, async (client) => {
      expect((await client.get("/nothing")).status).toBe(404);
      expect((await client.send("OPTIONS", "/session")).status).toBe(404);
    });
  });

  it("the origin check reads the host from the URL when the runtime sends no Host header", async () => {
    const app = new H3().use(sessionRoutes(sessions));
    for (const [origin, status] of [
      ["https://example.com", 204],
      ["https://evil.example", 403],
    ] as const) {
      const request = new Request("https://example.com/logout", { method: "POST", headers: { origin } });
      expect((await app.fetch(request)).status).toBe(status);
    }
  });

  it("auth answers with the result of reject and does not run the handler", async () => {
    let ran = 0;
    const cases: [H3SessionsOptions<H3Event>["reject"], number, string][] = [
      [(error) => redirect(`/login?reason=${error.reason}`, 303), 303, ""],
      [async () => new Response("no", { status: 403 }), 403, "no"],
      [() => Response.redirect("https://example.com/login", 302), 302, ""],
      [() => new HTTPResponse("<p>no", { status: 404 }), 404, "<p>no"],
      [(error) => ({ why: error.reason }), 401, '"why"'],
      // The app forgot to return.
      [() => undefined, 401, '"unauthorized"'],
      [async () => null, 401, '"unauthorized"'],
      [undefined, 401, '"unauthorized"'],
      [
        () => {
          throw new Error("the template is missing");
        },
        500,
        "",
      ],
    ];
    for (const [reject, status, text] of cases) {
      let now = Date.now();
      const manager = new Manager(memoryStore(), { expiresIn: "1s", clock: () => now });
      const rejecting = h3Sessions(manager, reject ? { reject } : {});
      const app = new H3({ silent: true })
        .post("/login", async (event) => (await rejecting.init(event, "ann")).id)
        .get("/", () => `secret ${ran++}`, { middleware: [rejecting.auth()] });
      await running(app, async (client) => {
        await client.post("/login");
        now += 2_000;
        const answer = await client.get("/");
        expect([answer.status, names(answer.cookies)]).toEqual([status, ["__Host-sessionup"]]);
        expect(answer.text).toContain(text);
      });
    }
    expect(ran).toBe(0);
  });

  it("reject answers a SessionError that a handler throws behind the middleware; h3 answers it elsewhere", async () => {
    const redirecting = h3Sessions(new Manager(memoryStore()), { reject: () => redirect("/login", 303) });
    const app = new H3({ silent: true })
      .get("/json", (event) => sessions.require(event).userKey, { middleware: [sessions.public()] })
      .get("/own", (event) => redirecting.require(event).userKey, { middleware: [redirecting.public()] })
      .get("/none", async (event) => {
        await sessions.get(event);
        return sessions.require(event).userKey;
      });
    await running(app, async (client) => {
      const answer = await client.get("/json");
      expect([answer.status, answer.json()]).toEqual([401, { error: "unauthorized", reason: "no_cookie" }]);
      expect((await client.get("/own")).status).toBe(303);
      expect((await client.get("/none")).status).toBe(401);
    });
  });
});

describe("two managers", () => {
  it("two managers work in one middleware chain", async () => {
    const store = memoryStore();
    const users = h3Sessions(new Manager(store));
    const admins = h3Sessions(new Manager(store, { cookie: { name: "admin" } }));
    const app = new H3({ silent: true })
      .post("/login", async (event) => {
        await users.init(event, "ann");
        await admins.init(event, "root");
        return "in";
      })
      .use("/both", users.auth())
      .use("/both", admins.auth())
      .get("/both", (event) => [users.require(event).userKey, admins.require(event).userKey]);
    await running(app, async (client) => {
      expect((await client.get("/both")).status).toBe(401);
      expect(names((await client.post("/login")).cookies)).toEqual(["__Host-admin", "__Host-sessionup"]);
      expect((await client.get("/both")).json()).toEqual(["ann", "root"]);
    });
  });
});

describe("the client address in h3Sessions", () => {
  const proxied = { "x-forwarded-for": "198.51.100.1, 203.0.113.9" };

  /** Logs in on a srvx server. Returns the address that the session keeps. */
  async function loginAddress(
    manager: Manager,
    srvx: object,
    before?: (event: H3Event) => void,
  ): Promise<unknown> {
    const own = h3Sessions(manager);
    const app = new H3()
      .use((event) => before?.(event))
      .post("/", async (event) => ({ ip: (await own.init(event, "ann")).ip ?? null }));
    const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true, ...srvx });
    await server.ready();
    try {
      const answer = await new ContractClient((server.url ?? "").replace(/\/$/, "")).post("/", proxied);
      return (answer.json() as { ip: unknown }).ip;
    } finally {
      await server.close(true);
    }
  }
  const trusting = () => new Manager(memoryStore(), { trustProxy: ["127.0.0.0/8"] });

  it("the address is the socket's by default", async () => {
    expect(await loginAddress(new Manager(memoryStore()), {})).toBe("127.0.0.1");
  });

  it("trustProxy decides the address", async () => {
    expect(await loginAddress(trusting(), {})).toBe("203.0.113.9");
  });

  it("the address is h3's when srvx trusts proxies", async () => {
    const srvx = { trustProxy: ["127.0.0.1", "203.0.113.9"] };
    expect(await loginAddress(new Manager(memoryStore()), srvx)).toBe("198.51.100.1");
    expect(await loginAddress(trusting(), srvx)).toBe("198.51.100.1");
  });

  it("the address is the one that a preset puts into the request's context", async () => {
    const preset = (event: H3Event) => {
      event.req.context ??= {};
      event.req.context.clientAddress = "192.0.2.7";
    };
    expect(await loginAddress(trusting(), {}, preset)).toBe("192.0.2.7");
  });

  it("the address is request.ip without a socket, and unknown without either", async () => {
    const app = new H3().post("/", login);
    const request = () => new Request("https://example.com/", { method: "POST", headers: proxied });
    const edge = Object.defineProperty(request(), "ip", { value: "192.0.2.7" });
    expect(await (await app.fetch(edge)).json()).toEqual({ ip: "192.0.2.7" });
    expect(await (await app.fetch(request())).json()).toEqual({});
  });
});

describe("h3Sessions", () => {
  it("a method called with another context explains what to pass, and where h3 1 apps find their adapter", async () => {
    // An event of h3 1 has Node's own request and response.
    const old = (req: IncomingMessage, res: ServerResponse) => ({ req, res, node: { req, res } });
    const messages: string[] = [];
    const server = createServer(async (req, res) => {
      const event = old(req, res) as unknown as H3Context;
      messages.push(String(await sessions.get(event).catch(String)));
      res.end();
    });
    const { origin, close } = await listen(server);
    await new ContractClient(origin).get("/");
    await close();
    const app = new H3().get("/", async (event) => {
      messages.push(String(await sessions.get(event.req as unknown as H3Context).catch(String)));
      return null;
    });
    await app.request("/");
    expect(messages).toHaveLength(2);
    for (const text of messages)
      expect(text).toMatch(/^TypeError: sessionup\/h3: .*Pass `event`.*sessionup\/node.*event\.node\.res/);
  });

  it("h3Sessions rejects unknown options", () => {
    const options = { onReject: (error: SessionError) => error.status } as H3SessionsOptions<H3Event>;
    expect(() => h3Sessions(new Manager(memoryStore()), options)).toThrow(/onReject/);
  });
});
