/**
 * `adapterContract` does not fit: its app answers requests, but ws answers an upgrade itself, once, with no body, route,
 * redirect or stream, and with no method but GET. The cases of the contract that apply to a handshake are proven here:
 *
 * - `public` and `auth`: no cookie, a malformed, an unknown and an expired token, the cookie among others, two users at
 *   once, concurrent handshakes, one read and at most one write a minute, two managers;
 * - the session cookie next to the app's own, on the 101, on a rejection and on a failure;
 * - headers that were already sent, a store that does not answer, and the client's address and agent.
 *
 * The methods are those of `createSessions`, which the contract proves with the other adapters. The ready-made routes
 * need a response with a body: apps mount them with the adapter of their pages.
 */

import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { generate } from "selfsigned";
import { createSessions, Manager, type ManagerOptions, type SessionEvents, typed } from "sessionup";
import { bearer, initBearer } from "sessionup/bearer";
import { clientValidation } from "sessionup/client-validation";
import { signIn, TestClock } from "sessionup/testing";
import { type WsServer, type WsSessions, type WsSessionsOptions, wsSessions } from "sessionup/ws";
import { afterEach, describe, expect, it } from "vitest";
import { type ServerOptions, WebSocketServer } from "ws";
import { PIXEL, parseSetCookie } from "../../../src/testing/adapter/client.ts";
import { SwitchableStore } from "../../../src/testing/adapter/fixture.ts";
import { TestRequest } from "../../support/browser.ts";
import { listen } from "../../support/listen.ts";
import { handshake, WsSite } from "./site.ts";

const NAME = "__Host-sessionup";

const sites: WsSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

interface SetUp {
  readonly manager?: ManagerOptions;
  readonly options?: WsSessionsOptions;
  readonly wss?: ServerOptions;
}

async function setUp({ manager: given, options, wss }: SetUp = {}) {
  const clock = new TestClock();
  const store = new SwitchableStore();
  const manager = new Manager(store, { clock: clock.now, ...given });
  const site = await WsSite.start({ manager, ...(options && { options }), ...(wss && { wss }) });
  sites.push(site);
  const errors: SessionEvents["error"][] = [];
  manager.events.on("error", (event) => errors.push(event));
  return { clock, store, manager, site, errors };
}

describe("auth of wsSessions", () => {
  it("auth accepts a handshake with a session, and the app knows the user", async () => {
    const { site } = await setUp();
    const { status, headers, socket } = await site.connect("/private", await site.loggedIn("bob"));
    expect([status, headers["set-cookie"], headers["cache-control"]]).toEqual([101, undefined, undefined]);
    expect(await socket.ask("hi")).toBe("got hi");
    expect(socket.got[0]).toBe("bob");
  });

  it("auth rejects an unauthenticated handshake with JSON, closes the connection and does not read the store", async () => {
    const { site, store } = await setUp();
    const { status, headers, body } = await site.connect("/private");
    expect([status, JSON.parse(body)]).toEqual([401, { error: "unauthorized", reason: "no_cookie" }]);
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      connection: "close",
      "content-length": String(body.length),
    });
    expect([headers["set-cookie"], store.calls, site.wss.clients.size]).toEqual([undefined, 0, 0]);
  });

  it("auth rejects a malformed and an unknown token and keeps both cookies", async () => {
    const { site } = await setUp();
    for (const [value, reason] of [
      ["x", "malformed"],
      [`${"a".repeat(22)}.${"b".repeat(65)}`, "unknown"],
    ]) {
      const answer = await site.connect("/private", site.client(), { cookie: `${NAME}=${value}` });
      expect([answer.status, JSON.parse(answer.body).reason]).toEqual([401, reason]);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
  });

  it("auth rejects an expired session and clears its cookie", async () => {
    const { site, clock } = await setUp();
    const client = await site.loggedIn();
    clock.advance("24h");
    const { status, body, headers } = await site.connect("/private", client);
    expect([status, JSON.parse(body).reason, client.jar.size]).toEqual([401, "expired", 0]);
    const [line = "", another] = headers["set-cookie"] ?? [];
    expect([parseSetCookie(line).name, parseSetCookie(line).value, another]).toEqual([NAME, "", undefined]);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("auth finds the session cookie among others", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const cookie = `a=1; x${NAME}=no;${client.cookieHeader()}; b="${NAME}=no"; c`;
    expect((await site.connect("/private", site.client(), { cookie })).status).toBe(101);
  });

  it("auth rejects two sessions of different users", async () => {
    const { site } = await setUp();
    const [ann, bob] = [await site.loggedIn("ann"), await site.loggedIn("bob")];
    const cookie = `${ann.cookieHeader()}; ${bob.cookieHeader()}`;
    expect((await site.connect("/private", site.client(), { cookie })).status).toBe(401);
    expect((await site.connect("/private", ann)).status).toBe(101);
  });

  it("auth keeps the sessions of concurrent handshakes apart", async () => {
    const { site } = await setUp();
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const clients = await Promise.all(users.map((user) => site.loggedIn(user)));
    const answers = await Promise.all(clients.map((client) => site.connect("/private", client)));
    for (const { socket } of answers) await socket.ask("done");
    expect(answers.map(({ socket }) => socket.got[0])).toEqual(users);
  });

  it("auth reads the store once per handshake and writes at most once a minute", async () => {
    const { site, store, clock } = await setUp();
    const client = await site.loggedIn();
    store.calls = 0;
    await site.connect("/private", client);
    expect(store.calls).toBe(1);
    clock.advance("1m");
    await site.connect("/private", client);
    expect(store.calls).toBe(3);
  });

  it("auth answers a store outage with 503 and Retry-After, and logs out no user", async () => {
    const { site, store, errors } = await setUp();
    const client = await site.loggedIn();
    store.down = true;
    const { status, headers, body } = await site.connect("/private", client);
    expect([status, headers["retry-after"], body]).toEqual([503, "5", '{"error":"unavailable"}']);
    expect([headers["set-cookie"], errors.length]).toEqual([undefined, 1]);
    store.down = false;
    expect((await site.connect("/private", client)).status).toBe(101);
  });

  it("auth emits a rejected event", async () => {
    const { site, manager } = await setUp();
    const reasons: string[] = [];
    manager.events.on("rejected", ({ reason }) => reasons.push(reason));
    await site.connect("/private");
    await site.connect("/open");
    expect(reasons).toEqual(["no_cookie"]);
  });
});

describe("native clients", () => {
  it("auth accepts a bearer token in the handshake, and closes the socket when the session ends", async () => {
    const { site, manager } = await setUp({ manager: { transports: ["cookie", bearer()] } });
    const { methods } = createSessions<TestRequest, undefined, undefined>(manager, (request) => request);
    const { session, token } = await initBearer(methods, new TestRequest(), "bob");
    const authorization = `Bearer ${token}`;
    const { status, headers, socket } = await site.connect("/private", site.client(), {
      authorization,
      origin: "https://evil.example",
    });
    expect([status, headers["set-cookie"], headers["session-token"]]).toEqual([101, undefined, undefined]);
    expect(await socket.ask("hi")).toBe("got hi");
    expect(socket.got[0]).toBe("bob");
    await manager.revokeById(session.id);
    expect(await socket.closed).toMatchObject({ code: 4401 });
    const rejected = await site.connect("/private", site.client(), { authorization });
    expect([rejected.status, rejected.headers["www-authenticate"]]).toEqual([
      401,
      'Bearer realm="sessions", error="invalid_token"',
    ]);
    const inUrl = await site.connect(`/private?access_token=${token}`);
    expect([inUrl.status, JSON.parse(inUrl.body).reason]).toEqual([401, "no_cookie"]);
  });
});

describe("public of wsSessions", () => {
  it("public accepts handshakes with and without a session", async () => {
    const { site, store } = await setUp();
    const stranger = await site.connect("/open");
    expect(store.calls).toBe(0);
    const known = await site.connect("/open", await site.loggedIn());
    for (const { socket } of [stranger, known]) await socket.ask("done");
    expect([stranger.socket.got[0], known.socket.got[0]]).toEqual(["guest", "ann"]);
  });

  it("public accepts every handshake as unauthenticated during a store outage", async () => {
    const { site, store } = await setUp();
    const client = await site.loggedIn();
    store.down = true;
    const { status, socket } = await site.connect("/open", client);
    await socket.ask("done");
    expect([status, socket.got[0]]).toEqual([101, "guest"]);
  });

  it("public clears the cookie of an expired session on the 101", async () => {
    const { site, clock } = await setUp();
    const client = await site.loggedIn();
    clock.advance("24h");
    const { status, headers } = await site.connect("/open", client);
    expect([status, client.jar.size, headers["cache-control"]]).toEqual([101, 0, "no-store"]);
    expect(headers["set-cookie"]).toHaveLength(1);
  });
});

describe("a cross-origin handshake", () => {
  const SIBLING = "http://evil.localhost:8080";

  it.each<[what: string, headers: Record<string, string>]>([
    ["by its Origin", { origin: SIBLING }],
    ["by an Origin with another port", { origin: "http://127.0.0.1:1" }],
    ["by an opaque Origin", { origin: "null" }],
    ["by Sec-Fetch-Site same-site", { origin: SIBLING, "sec-fetch-site": "same-site" }],
    ["by Sec-Fetch-Site alone", { "sec-fetch-site": "cross-site" }],
  ])(
    "a cross-origin handshake is rejected %s, by auth and public, without a store read",
    async (_, headers) => {
      const { site, store } = await setUp();
      const client = await site.loggedIn();
      store.calls = 0;
      for (const path of ["/private", "/open"]) {
        const answer = await site.connect(path, client, headers);
        expect([answer.status, answer.body]).toEqual([403, '{"error":"forbidden"}']);
        expect([answer.headers["set-cookie"], store.calls, site.wss.clients.size]).toEqual([undefined, 0, 0]);
      }
    },
  );

  it("a cross-origin handshake is accepted from a trusted origin", async () => {
    const { site } = await setUp({ manager: { trustedOrigins: [SIBLING] } });
    const headers = { origin: SIBLING, "sec-fetch-site": "same-site" };
    expect((await site.connect("/private", await site.loggedIn(), headers)).status).toBe(101);
  });

  it("a handshake from the app's own origin or without browser headers is accepted", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const own: Record<string, string>[] = [
      { origin: site.origin },
      { origin: site.origin, "sec-fetch-site": "same-origin" },
      {},
    ];
    for (const headers of own) expect((await site.connect("/private", client, headers)).status).toBe(101);
  });
});

describe("the cookie of wsSessions", () => {
  it("the cookie is on the 101 when verifyClient logs in, rotates or logs out", async () => {
    const { site, manager } = await setUp({
      wss: {
        verifyClient: ({ req }, done) => {
          const { sessions } = site;
          const method = req.url?.split("?")[1];
          const work =
            method === "login"
              ? sessions.init(req, "cid", { expiresIn: "1h" })
              : method === "rotate"
                ? sessions.rotate(req)
                : sessions.revoke(req);
          void work.then(() => done(true));
        },
      },
    });
    const client = site.client();
    const first = await site.connect("/open?login", client);
    expect([first.headers["set-cookie"]?.length, first.headers["cache-control"]]).toEqual([1, "no-store"]);
    expect(await manager.fetchByUserKey("cid")).toHaveLength(1);
    await first.socket.ask("done");
    expect(first.socket.got[0]).toBe("cid");
    const before = client.token();
    const second = await site.connect("/private?rotate", client);
    expect(second.status).toBe(101);
    expect(client.token()).not.toBe(before);
    const third = await site.connect("/private?logout", client);
    expect([third.status, client.jar.size]).toEqual([101, 0]);
  });

  it("the cookie is next to the app's cookies, on the 101 and on rejections", async () => {
    const { site, clock } = await setUp({
      options: {
        reject: (error, _request, response) => {
          response.appendHeader("set-cookie", "theme=dark");
          response.writeHead(error.status, { "x-app": "yes" }).end("no");
        },
      },
    });
    site.wss.on("headers", (lines) => void lines.push("Set-Cookie: theme=light"));
    const [cookie, second] = [await site.loggedIn(), await site.loggedIn()].map((client) =>
      client.cookieHeader(),
    );
    clock.advance("24h");
    const names = (lines: readonly string[] = []) => lines.map((line) => line.split("=")[0]).sort();
    const rejected = await site.connect("/private", site.client(), { cookie: cookie ?? "" });
    expect([rejected.status, rejected.body, rejected.headers["x-app"]]).toEqual([401, "no", "yes"]);
    expect(names(rejected.headers["set-cookie"])).toEqual([NAME, "theme"]);
    const accepted = await site.connect("/open", site.client(), { cookie: second ?? "" });
    expect(names(accepted.headers["set-cookie"])).toEqual([NAME, "theme"]);
  });

  it("methods that set the cookie throw after the 101 was sent and write nothing to the store", async () => {
    const { site, manager } = await setUp();
    const outcomes: unknown[] = [];
    const late = new Promise<void>((resolve) => {
      site.wss.on("connection", async (_ws, req) => {
        const { init, revoke, revokeAll, rotate, reauthenticate } = site.sessions;
        for (const method of [() => init(req, "bob"), () => revoke(req), () => revokeAll(req)])
          await method().catch((error) => outcomes.push(error.code));
        for (const method of [rotate, reauthenticate])
          await method(req).catch((error) => outcomes.push(error.code));
        resolve();
      });
    });
    const client = await site.loggedIn();
    await site.connect("/private", client);
    await late;
    expect(outcomes).toEqual(Array(5).fill("ERR_HEADERS_SENT"));
    const sessions = [await manager.fetchByUserKey("ann"), await manager.fetchByUserKey("bob")];
    expect(sessions.map(({ length }) => length)).toEqual([1, 0]);
    expect((await site.connect("/private", client)).status).toBe(101);
  });
});

describe("the methods on an open WebSocket", () => {
  it("an open WebSocket can list sessions, end others and change metadata", async () => {
    const manager = new Manager(new SwitchableStore(), { meta: typed<{ room?: string }>() });
    const sessions = wsSessions(manager);
    const entry = new WebSocketServer({
      noServer: true,
      verifyClient: ({ req }, done) => void sessions.init(req, "ann", { meta: {} }).then(() => done(true)),
    });
    const wss = new WebSocketServer({ noServer: true });
    const answered = new Promise<unknown[]>((resolve) => {
      wss.on("connection", async (_ws, req) => {
        const list = await sessions.fetchAll(req);
        const other = list.find(({ current }) => !current);
        const ended = await sessions.revokeOwn(req, other?.id ?? "");
        const changed = await sessions.updateMeta(req, () => ({ room: "blue" }));
        resolve([list.length, ended, changed?.meta, sessions.require(req).meta]);
      });
    });
    const server = createServer();
    const [guarded, open] = [sessions.auth(wss), sessions.public(entry)];
    server.on("upgrade", (request, socket, head) => {
      void (request.url === "/entry" ? open : guarded)(request, socket, head);
    });
    const { origin, close } = await listen(server);
    try {
      const url = origin.replace("http", "ws");
      const [phone, desk] = [await handshake(`${url}/entry`, {}), await handshake(`${url}/entry`, {})];
      const cookie = desk.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
      const { socket } = await handshake(`${url}/`, { cookie });
      expect(await answered).toEqual([2, true, { room: "blue" }, { room: "blue" }]);
      expect(await phone.socket.closed).toEqual({ code: 4401, reason: "revoked" });
      for (const { ws } of [socket, desk.socket]) ws.terminate();
    } finally {
      await close();
    }
  });
});

describe("wsSessions over TLS", () => {
  it("auth and public work over TLS and recognize their own origin", async () => {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }]);
    const sessions = wsSessions(new Manager(new SwitchableStore()));
    const wss = new WebSocketServer({ noServer: true });
    const [guarded, open] = [sessions.auth(wss), sessions.public(wss)];
    const server = createSecureServer({ key, cert });
    server.on("upgrade", (request, socket, head) => {
      void (request.url === "/open" ? open : guarded)(request, socket, head);
    });
    const { origin, close } = await listen(server, "https");
    try {
      const url = origin.replace("http", "ws");
      const trusting = { rejectUnauthorized: false };
      const rejected = await handshake(`${url}/`, {}, trusting);
      expect([rejected.status, JSON.parse(rejected.body).reason]).toEqual([401, "no_cookie"]);
      const { status, socket } = await handshake(`${url}/open`, { origin }, trusting);
      expect(status).toBe(101);
      socket.ws.terminate();
    } finally {
      await close();
    }
  });
});

describe("a library that calls handleUpgrade itself", () => {
  async function setUpLibrary(guard: (sessions: WsSessions, wss: WebSocketServer) => void) {
    const clock = new TestClock();
    const manager = new Manager(new SwitchableStore(), { clock: clock.now });
    const wss = new WebSocketServer({ noServer: true });
    const users: string[] = [];
    const sessions = wsSessions(manager);
    guard(sessions, wss);
    wss.on("connection", (_ws, req) => users.push(sessions.require(req).userKey));
    const server = createServer((_req, res) => res.end());
    server.on("upgrade", (req, socket, head) => {
      wss.handleUpgrade(req, socket, head, (ws) => wss.emit("connection", ws, req));
    });
    const { origin, close } = await listen(server);
    const url = origin.replace("http", "ws");
    return { clock, manager, users, url, close };
  }

  it.each<[what: string, guard: (sessions: WsSessions, wss: WebSocketServer) => void]>([
    [
      "auth",
      (sessions, wss) => {
        wss.handleUpgrade = sessions.auth(wss);
      },
    ],
    [
      "public and auth, one after the other",
      (sessions, wss) => {
        wss.handleUpgrade = sessions.auth(wss);
        wss.handleUpgrade = sessions.public(wss);
      },
    ],
  ])("%s can replace handleUpgrade, and each connection is emitted once", async (_, guard) => {
    const { clock, manager, users, url, close } = await setUpLibrary(guard);
    try {
      expect((await handshake(url, {})).status).toBe(401);
      const { socket } = await handshake(url, { cookie: await signIn(manager, "ann") });
      expect(users).toEqual(["ann"]);
      await manager.revokeByUserKey("ann");
      expect(await socket.closed).toEqual({ code: 4401, reason: "revoked" });
      const cookie = await signIn(manager, "ann");
      clock.advance("24h");
      const expired = await handshake(url, { cookie });
      expect([expired.status, expired.headers["set-cookie"]?.length]).toEqual([401, 1]);
    } finally {
      await close();
    }
  });
});

describe("two managers", () => {
  it("two managers keep their sessions apart on one handshake", async () => {
    const users = new Manager(new SwitchableStore());
    const site = await WsSite.start({ manager: users });
    sites.push(site);
    const admins = wsSessions(users.with({ cookie: { name: "admin" } }));
    const seen: unknown[] = [];
    site.wss.on("connection", async (_ws, req) => {
      seen.push([site.sessions.require(req).userKey, await admins.get(req)]);
    });
    const client = await site.loggedIn();
    const cookie = `${client.cookieHeader()}; __Host-admin=${client.token()}`;
    await (await site.connect("/private", site.client(), { cookie })).socket.ask("done");
    expect(seen).toEqual([["ann", undefined]]);
  });
});

describe("the client address in wsSessions", () => {
  const ip = async (manager: ManagerOptions) => {
    const { site, manager: own } = await setUp({
      manager,
      wss: { verifyClient: ({ req }, done) => void site.sessions.init(req, "ann").then(() => done(true)) },
    });
    await site.connect("/open", site.client(), { "x-forwarded-for": "203.0.113.9", "user-agent": PIXEL });
    const [session] = await own.fetchByUserKey("ann");
    return [session?.ip, session?.agent];
  };

  it("the address is the connection's, regardless of X-Forwarded-For", async () => {
    expect(await ip({})).toEqual(["127.0.0.1", { browser: "Chrome", os: "Android" }]);
  });

  it("the address is the one that a trusted proxy forwards", async () => {
    expect((await ip({ trustProxy: ["127.0.0.1"] }))[0]).toBe("203.0.113.9");
  });
});

describe("a mistake in the app", () => {
  it("a reject that throws answers 500 and emits an error event", async () => {
    const { site, errors } = await setUp({
      options: {
        reject: () => {
          throw new Error("reject fails");
        },
      },
    });
    expect((await site.connect("/private")).status).toBe(500);
    expect(errors.map(({ error }) => error.cause)).toEqual([new Error("reject fails")]);
  });

  it("a reject that throws after the headers were sent closes the connection", async () => {
    const { site, errors } = await setUp({
      options: {
        reject: async (error, _request, response) => {
          response.writeHead(error.status, { "content-length": "9" });
          await new Promise<void>((resolve) => void response.write("half", () => resolve()));
          throw new Error("reject fails");
        },
      },
    });
    await expect(site.connect("/private")).rejects.toThrow(/aborted|terminated|reset/i);
    expect(errors).toHaveLength(1);
  });

  it("a reject that throws after the response has ended changes nothing", async () => {
    const { site, errors } = await setUp({
      options: {
        reject: (error, _request, response) => {
          // Larger than the socket's send buffer.
          response.writeHead(error.status).end("no".repeat(5_000_000));
          throw new Error("reject fails");
        },
      },
    });
    const { status, body } = await site.connect("/private");
    expect([status, body.length, errors.length]).toEqual([401, 10_000_000, 1]);
  });

  it("a trustProxy function that throws answers 500 without the error's message", async () => {
    const { site, errors } = await setUp({
      manager: {
        validate: clientValidation({ ip: true }),
        trustProxy: () => {
          throw new RangeError("thrown by the app");
        },
      },
    });
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const { status, body } = await site.connect("/private", await site.loggedIn(), headers);
    expect([status, body, errors.map(({ error }) => error.cause)]).toEqual([
      500,
      "",
      [new RangeError("thrown by the app")],
    ]);
  });

  it.each<[what: string, given: unknown]>([
    ["a WebSocketServer that listens for upgrades itself", new WebSocketServer({ server: createServer() })],
    ["an HTTP server", createServer()],
    ["undefined", undefined],
  ])("auth and public throw an error that asks for a WebSocketServer when they receive %s", (_, given) => {
    const sessions = wsSessions(new Manager(new SwitchableStore()));
    for (const guard of [sessions.auth, sessions.public])
      expect(() => guard(given as WsServer)).toThrow(/^sessionup\/ws: server must be a WebSocketServer with/);
  });

  it("a context that is not an upgrade request throws an error that asks for one", async () => {
    const sessions = wsSessions(new Manager(new SwitchableStore()));
    const foreign = [{}, undefined, "req"] as never[];
    for (const context of foreign)
      await expect(sessions.get(context)).rejects.toThrow(/^sessionup\/ws: the context must be the request/);
  });

  it.each<[options: unknown, errors: RegExp]>([
    [{ reject: "soon" }, /^wsSessions\.reject must be a function/],
    [{ rejct: () => {} }, /wsSessions/],
  ])("wsSessions rejects the options %j", (options, errors) => {
    const make = () => wsSessions(new Manager(new SwitchableStore()), options as WsSessionsOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(errors);
  });
});
