import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Request as ExpressRequest, type Response as ExpressResponse } from "express";
import { fastify } from "fastify";
import { Hono } from "hono";
import { Manager, type Session, type SessionError, typed } from "sessionup";
import { contextSessions } from "sessionup/context";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { fetchSessions } from "sessionup/fetch";
import { honoSessions } from "sessionup/hono";
import { recognition } from "sessionup/recognition";
import { memoryStore } from "sessionup/stores/memory";
import { svelteKitSessions } from "sessionup/sveltekit";
import { cookieOf, signIn, TestClock, withSession } from "sessionup/testing";
import { describe, expect, it } from "vitest";

describe("signIn", () => {
  it("authenticates requests to an Express app", async () => {
    const sessions = expressSessions(new Manager(memoryStore()));
    const app = express().get("/", sessions.auth(), (req, res) => {
      res.send(sessions.require(req).userKey);
    });
    const server = createServer(app).listen(0);
    await once(server, "listening");
    const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
    const answer = await fetch(url, { headers: { cookie: await signIn(sessions, "user-1") } });
    expect(await answer.text()).toBe("user-1");
    expect((await fetch(url)).status).toBe(401);
    server.close();
    server.closeAllConnections();
  });

  it("authenticates requests that Fastify injects", async () => {
    const sessions = fastifySessions(new Manager(memoryStore()));
    const app = fastify().get("/", { preHandler: sessions.auth() }, (_request, reply) => {
      reply.send(sessions.require(reply).userKey);
    });
    const cookie = await signIn(sessions, "user-1");
    expect((await app.inject({ url: "/", headers: { cookie } })).body).toBe("user-1");
    expect((await app.inject({ url: "/" })).statusCode).toBe(401);
    await app.close();
  });

  it("authenticates requests to a Hono app", async () => {
    const sessions = honoSessions(new Manager(memoryStore()));
    const app = new Hono().get("/", sessions.auth(), (c) => c.text(c.var.session.userKey));
    const cookie = await signIn(sessions, "user-1");
    expect(await (await app.request("/", { headers: { cookie } })).text()).toBe("user-1");
    expect((await app.request("/")).status).toBe(401);
  });

  it("signs in through a manager alone, with the manager's cookie name", async () => {
    const manager = new Manager(memoryStore(), { cookie: { name: "app", secure: false } });
    const whoami = fetchSessions(manager).auth(({ session }) => new Response(session.userKey));
    const cookie = await signIn(manager, "user-1");
    expect(cookie).toMatch(/^app=\w+\.\w+$/);
    expect(await (await whoami(new Request("http://localhost/", { headers: { cookie } }))).text()).toBe(
      "user-1",
    );
  });

  it("creates a session in the manager's store with the options given, and emits created", async () => {
    const clock = new TestClock();
    const manager = new Manager(memoryStore(), { clock: clock.now, meta: typed<{ theme: string }>() });
    const created: string[] = [];
    manager.events.on("created", ({ userKey }) => created.push(userKey));
    await signIn(manager, "user-1", {
      meta: { theme: "dark" },
      expiresIn: "30d",
      level: 2,
      userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
      ip: "203.0.113.9",
    });
    expect(await manager.fetchByUserKey("user-1")).toMatchObject([
      {
        meta: { theme: "dark" },
        level: 2,
        createdAt: new Date(clock.now()),
        expiresAt: new Date(clock.now() + 30 * 86_400_000),
        ip: "203.0.113.9",
        agent: { browser: "Firefox", os: "Linux" },
      },
    ]);
    expect(created).toEqual(["user-1"]);
  });

  it("returns a cookie that stops working when its session ends", async () => {
    const clock = new TestClock();
    const manager = new Manager(memoryStore(), { clock: clock.now, idleTimeout: "30m" });
    const app = new Hono().get("/", honoSessions(manager).auth(), (c) => c.text("in"));
    const headers = { cookie: await signIn(manager, "user-1") };
    expect((await app.request("/", { headers })).status).toBe(200);
    clock.advance("31m");
    expect((await app.request("/", { headers })).status).toBe(401);
  });

  it("creates a new session for each call", async () => {
    const sessions = expressSessions(new Manager(memoryStore()));
    expect(await signIn(sessions, "user-1")).not.toBe(await signIn(sessions, "user-1"));
  });

  it("includes the cookie that recognizes a device", async () => {
    const keys = ["0123456789abcdef0123456789abcdef"] as const;
    const manager = new Manager(memoryStore(), { keys, recognize: recognition({ device: true }) });
    const names = (await signIn(manager, "user-1")).split("; ").map((each) => each.split("=")[0]);
    expect(names).toHaveLength(2);
    expect(names).toContain("__Host-sessionup");
  });

  it("rejects with the errors of init", async () => {
    const manager = new Manager(memoryStore(), { maxSessions: { max: 1, onExceed: "reject" } });
    await expect(signIn(manager, "")).rejects.toThrow(TypeError);
    await signIn(manager, "user-1");
    await expect(signIn(manager, "user-1")).rejects.toMatchObject({
      code: "ERR_LIMIT",
    } satisfies Partial<SessionError>);
  });

  it.each([{ userAgent: 7 }, { ip: null }])("throws a TypeError for the options %o", async (options) => {
    const signing = signIn(new Manager(memoryStore()), "user-1", options as object);
    await expect(signing).rejects.toThrow(/^signIn\.\w+ must be a string\. Received/);
  });

  it("throws a TypeError for an unknown option", async () => {
    const options = { useragent: "curl" };
    await expect(signIn(new Manager(memoryStore()), "user-1", options as object)).rejects.toThrow(
      '"useragent" is not an option of signIn.',
    );
  });

  it.each([undefined, null, {}, express()])(
    "throws a TypeError for %o in place of sessions",
    async (wrong) => {
      await expect(signIn(wrong as never, "user-1")).rejects.toThrow(
        new TypeError("sessions must be the result of an adapter, such as expressSessions(manager)."),
      );
    },
  );
});

describe("withSession", () => {
  const sessions = expressSessions(new Manager(memoryStore()));

  it("lets a handler run as a plain function with a minimal request", async () => {
    const req = { headers: {}, body: { text: "hello" } };
    const res = { lines: [] as string[], send: (text: string) => res.lines.push(text) };
    const post = (request: typeof req, response: typeof res) =>
      response.send(`${sessions.require(request).userKey}: ${request.body.text}`);

    const session = await withSession(sessions, req, "user-1");
    post(req, res);
    expect(res.lines).toEqual(["user-1: hello"]);
    expect(sessions.current(req)).toBe(session);
  });

  it("makes every method work: list, end others, change metadata, log out", async () => {
    const manager = new Manager(memoryStore(), { meta: typed<{ visits: number }>() });
    const own = expressSessions(manager);
    const [one, other] = [{ headers: {} }, { headers: {} }];
    const { id } = await withSession(own, one, "user-1", { meta: { visits: 1 } });
    await withSession(own, other, "user-1", { meta: { visits: 1 } });

    expect((await own.fetchAll(one)).filter(({ current }) => current).map((each) => each.id)).toEqual([id]);
    expect(await own.revokeOther(one)).toHaveLength(1);
    expect((await own.updateMeta(one, ({ visits }) => ({ visits: visits + 1 })))?.meta).toEqual({
      visits: 2,
    });
    await own.rotate(one);
    await own.reauthenticate(one, { level: 2 });
    expect(own.require(one).level).toBe(2);
    await own.revoke(one);
    expect(own.current(one)).toBeUndefined();
    expect(await manager.fetchByUserKey("user-1")).toEqual([]);
  });

  it("satisfies the adapter's middleware, including a required level", async () => {
    const req = { headers: {} } as ExpressRequest;
    await withSession(sessions, req, "user-1", { level: 2 });
    const passed: unknown[] = [];
    await sessions.auth({ level: 2 })(req, {} as ExpressResponse, (error) => passed.push(error));
    expect(passed).toEqual([undefined]);
  });

  it("sets c.var.session in Hono without any middleware of sessionup", async () => {
    const own = honoSessions(new Manager(memoryStore()));
    const app = new Hono<{ Variables: { session: Session } }>().get("/", async (c) => {
      await withSession(own, c, "user-1");
      return c.text(c.var.session.userKey);
    });
    const answer = await app.request("/");
    expect(await answer.text()).toBe("user-1");
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it("works with Fastify's reply and with a fetch context", async () => {
    const onFastify = fastifySessions(new Manager(memoryStore()));
    const reply = {} as Parameters<typeof onFastify.require>[0];
    await withSession(onFastify, reply, "user-1");
    expect(onFastify.require(reply).userKey).toBe("user-1");

    const onFetch = fetchSessions(new Manager(memoryStore()));
    const context = { request: new Request("http://localhost/"), session: undefined, headers: new Headers() };
    await withSession(onFetch, context, "user-2");
    expect(onFetch.require(context).userKey).toBe("user-2");
  });

  it("shares the session with every copy of SvelteKit's event", async () => {
    const own = svelteKitSessions(new Manager(memoryStore()));
    const event = {
      request: new Request("http://localhost/"),
      cookies: { set() {}, get() {}, getAll: () => [], delete() {}, serialize: () => "" },
      locals: {},
    } as unknown as Parameters<typeof own.require>[0];
    await withSession(own, event, "user-1");
    expect(own.require({ ...event }).userKey).toBe("user-1");
  });

  it("makes the session available to sessionup/context at any depth", async () => {
    const current = contextSessions(sessions);
    const req = { headers: {} };
    await withSession(sessions, req, "user-1");
    expect((await current.run(req, () => current.require())).userKey).toBe("user-1");
  });

  it("throws a TypeError for a context that is not an object, and for a manager", async () => {
    await expect(withSession(sessions, undefined as never, "user-1")).rejects.toThrow(
      new TypeError("withSession: the context must be an object, such as { headers: {} }."),
    );
    await expect(withSession({} as typeof sessions, { headers: {} }, "user-1")).rejects.toThrow(
      "sessions must be the result of an adapter",
    );
  });
});

describe("cookieOf", () => {
  const sessions = expressSessions(new Manager(memoryStore(), { clock: new TestClock().now }));
  const app = express()
    .post("/login", async (req, res) => {
      res.cookie("theme", "dark").cookie("old", "1", { expires: new Date(0) });
      await sessions.init(req, "user-1", { expiresIn: "1d" });
      res.send("in");
    })
    .post("/logout", async (req, res) => {
      await sessions.revoke(req);
      res.send("out");
    })
    .get("/", sessions.auth(), (_req, res) => {
      res.send("in");
    });

  it("reads fetch's and node:http's responses, and omits cookies that the response clears", async () => {
    const server = createServer(app).listen(0);
    await once(server, "listening");
    const url = `http://localhost:${(server.address() as AddressInfo).port}`;
    const cookie = cookieOf(await fetch(`${url}/login`, { method: "POST" }));
    expect(cookie).toMatch(/^theme=dark; __Host-sessionup=\w+\.\w+$/);
    expect((await fetch(url, { headers: { cookie } })).status).toBe(200);

    const logout = await fetch(`${url}/logout`, { method: "POST", headers: { cookie } });
    expect(cookieOf(logout)).toBe("");
    expect((await fetch(url, { headers: { cookie: cookieOf(logout) } })).status).toBe(401);

    const request = get(`${url}/login`, { method: "POST" });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.resume();
    expect(cookieOf(response)).toMatch(/^theme=dark; __Host-sessionup=/);
    server.close();
    server.closeAllConnections();
  });

  it("reads the responses of Hono and of Fastify's inject", async () => {
    const onHono = honoSessions(new Manager(memoryStore()));
    const hono = new Hono().post("/login", async (c) => c.text((await onHono.init(c, "user-1")).userKey));
    expect(cookieOf(await hono.request("/login", { method: "POST" }))).toMatch(/^__Host-sessionup=\w+\.\w+$/);

    const onFastify = fastifySessions(new Manager(memoryStore()));
    const server = fastify().post("/login", async (_request, reply) => onFastify.init(reply, "user-1"));
    expect(cookieOf(await server.inject({ method: "POST", url: "/login" }))).toMatch(/^__Host-sessionup=/);
    await server.close();
  });

  it("keeps the last of several cookies with one name", () => {
    expect(cookieOf({ headers: { "set-cookie": ["a=1; Path=/", "b=2", "a=3; Path=/"] } })).toBe("b=2; a=3");
    expect(
      cookieOf({ headers: { "set-cookie": "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT" } }),
    ).toBe("a=1");
  });

  it("throws a TypeError with the status when the response sets no cookie", () => {
    const message =
      "cookieOf: the response must have a Set-Cookie header. Received status 401 without one. Pass the response to a request that logs in or out.";
    expect(() => cookieOf(new Response(null, { status: 401 }))).toThrow(new TypeError(message));
    expect(() => cookieOf({ statusCode: 401, headers: {} })).toThrow(new TypeError(message));
    expect(() => cookieOf(undefined as never)).toThrow(
      "cookieOf: the argument must be a response with headers",
    );
  });
});
