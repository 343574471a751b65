/**
 * `adapterContract` does not fit: its app is requests that are answered, and an upgrade is answered by ws, once, with
 * no body, no route, no redirect, no stream and no method but GET. Of its cases these hold for a handshake, and are
 * proven here: public and auth (strangers, what is no token, an unknown and an expired one, the cookie among others, two
 * users at once, concurrent handshakes, one read and one write a minute, two managers), our cookie beside one of the
 * app's own on whatever leaves (the 101, a refusal, a failure), headers already sent, a store that does not answer, and
 * what is known of the client. The verbs are those of `createSessions`, which the contract proves over the other
 * adapters; the ready-made routes need a response with a body: mount them with the adapter of the app's pages.
 */
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { generate } from "selfsigned";
import { Manager, type ManagerOptions, type SessionEvents, typed } from "sessionup";
import { TestClock } from "sessionup/testing";
import { type WsServer, type WsSessionsOptions, wsSessions } from "sessionup/ws";
import { afterEach, describe, expect, it } from "vitest";
import { type ServerOptions, WebSocketServer } from "ws";
import { PIXEL, parseSetCookie } from "../../../src/testing/adapter/client.ts";
import { SwitchableStore } from "../../../src/testing/adapter/fixture.ts";
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
  const told: SessionEvents["error"][] = [];
  manager.events.on("error", (event) => told.push(event));
  return { clock, store, manager, site, told };
}

describe("auth", () => {
  it("lets a session connect, which the app then knows", async () => {
    const { site } = await setUp();
    const { status, headers, socket } = await site.connect("/private", await site.loggedIn("bob"));
    expect([status, headers["set-cookie"], headers["cache-control"]]).toEqual([101, undefined, undefined]);
    expect(await socket.ask("hi")).toBe("got hi");
    expect(socket.got[0]).toBe("bob");
  });

  it("refuses a stranger in JSON, closes the connection, and asks no store", async () => {
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

  it("refuses what is no token, and an unknown one, and leaves both cookies alone", async () => {
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

  it("refuses an expired session, and clears its cookie", async () => {
    const { site, clock } = await setUp();
    const client = await site.loggedIn();
    clock.advance("24h");
    const { status, body, headers } = await site.connect("/private", client);
    expect([status, JSON.parse(body).reason, client.jar.size]).toEqual([401, "expired", 0]);
    const [line = "", another] = headers["set-cookie"] ?? [];
    expect([parseSetCookie(line).name, parseSetCookie(line).value, another]).toEqual([NAME, "", undefined]);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("finds the cookie among others", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const cookie = `a=1; x${NAME}=no;${client.cookieHeader()}; b="${NAME}=no"; c`;
    expect((await site.connect("/private", site.client(), { cookie })).status).toBe(101);
  });

  it("refuses two sessions of different users", async () => {
    const { site } = await setUp();
    const [ann, bob] = [await site.loggedIn("ann"), await site.loggedIn("bob")];
    const cookie = `${ann.cookieHeader()}; ${bob.cookieHeader()}`;
    expect((await site.connect("/private", site.client(), { cookie })).status).toBe(401);
    expect((await site.connect("/private", ann)).status).toBe(101);
  });

  it("keeps concurrent handshakes apart", async () => {
    const { site } = await setUp();
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const clients = await Promise.all(users.map((user) => site.loggedIn(user)));
    const answers = await Promise.all(clients.map((client) => site.connect("/private", client)));
    for (const { socket } of answers) await socket.ask("done");
    expect(answers.map(({ socket }) => socket.got[0])).toEqual(users);
  });

  it("reads the store once, and writes at most once a minute", async () => {
    const { site, store, clock } = await setUp();
    const client = await site.loggedIn();
    store.calls = 0;
    await site.connect("/private", client);
    expect(store.calls).toBe(1);
    clock.advance("1m");
    await site.connect("/private", client);
    expect(store.calls).toBe(3);
  });

  it("answers 503 with Retry-After when the store does not answer, and logs nobody out", async () => {
    const { site, store, told } = await setUp();
    const client = await site.loggedIn();
    store.down = true;
    const { status, headers, body } = await site.connect("/private", client);
    expect([status, headers["retry-after"], body]).toEqual([503, "5", '{"error":"unavailable"}']);
    expect([headers["set-cookie"], told.length]).toEqual([undefined, 1]);
    store.down = false;
    expect((await site.connect("/private", client)).status).toBe(101);
  });

  it("tells the manager's listeners whom it refused", async () => {
    const { site, manager } = await setUp();
    const reasons: string[] = [];
    manager.events.on("rejected", ({ reason }) => reasons.push(reason));
    await site.connect("/private");
    await site.connect("/open");
    expect(reasons).toEqual(["no_cookie"]);
  });
});

describe("public", () => {
  it("lets strangers connect, and a session too", async () => {
    const { site, store } = await setUp();
    const stranger = await site.connect("/open");
    expect(store.calls).toBe(0);
    const known = await site.connect("/open", await site.loggedIn());
    for (const { socket } of [stranger, known]) await socket.ask("done");
    expect([stranger.socket.got[0], known.socket.got[0]]).toEqual(["nobody", "ann"]);
  });

  it("lets everybody connect when the store does not answer: as nobody", async () => {
    const { site, store } = await setUp();
    const client = await site.loggedIn();
    store.down = true;
    const { status, socket } = await site.connect("/open", client);
    await socket.ask("done");
    expect([status, socket.got[0]]).toEqual([101, "nobody"]);
  });

  it("clears the cookie of a session that is over, with the 101", async () => {
    const { site, clock } = await setUp();
    const client = await site.loggedIn();
    clock.advance("24h");
    const { status, headers } = await site.connect("/open", client);
    expect([status, client.jar.size, headers["cache-control"]]).toEqual([101, 0, "no-store"]);
    expect(headers["set-cookie"]).toHaveLength(1);
  });
});

describe("a page of another origin", () => {
  const SIBLING = "http://evil.localhost:8080";

  it.each<[what: string, headers: Record<string, string>]>([
    ["by its Origin", { origin: SIBLING }],
    ["by its Origin, on the same host with another port", { origin: "http://127.0.0.1:1" }],
    ["by an Origin that is hidden", { origin: "null" }],
    ["by Sec-Fetch-Site, a sibling's too", { origin: SIBLING, "sec-fetch-site": "same-site" }],
    ["by Sec-Fetch-Site alone", { "sec-fetch-site": "cross-site" }],
  ])("is refused %s, behind auth and public alike, and asks no store", async (_, headers) => {
    const { site, store } = await setUp();
    const client = await site.loggedIn();
    store.calls = 0;
    for (const path of ["/private", "/open"]) {
      const answer = await site.connect(path, client, headers);
      expect([answer.status, answer.body]).toEqual([403, '{"error":"forbidden"}']);
      expect([answer.headers["set-cookie"], store.calls, site.wss.clients.size]).toEqual([undefined, 0, 0]);
    }
  });

  it("may connect where the manager trusts its origin", async () => {
    const { site } = await setUp({ manager: { trustedOrigins: [SIBLING] } });
    const headers = { origin: SIBLING, "sec-fetch-site": "same-site" };
    expect((await site.connect("/private", await site.loggedIn(), headers)).status).toBe(101);
  });

  it("is none where the origin is the app's own, or what asks is no browser", async () => {
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

describe("our cookie", () => {
  it("goes out with the 101 where verifyClient logs in, rotates or logs out", async () => {
    const { site, manager } = await setUp({
      wss: {
        verifyClient: ({ req }, done) => {
          const { sessions } = site;
          const verb = req.url?.split("?")[1];
          const work =
            verb === "login"
              ? sessions.init(req, "cid", { expiresIn: "1h" })
              : verb === "rotate"
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

  it("stands beside those of the app, on its 101 and on its refusals", async () => {
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
    const refused = await site.connect("/private", site.client(), { cookie: cookie ?? "" });
    expect([refused.status, refused.body, refused.headers["x-app"]]).toEqual([401, "no", "yes"]);
    expect(names(refused.headers["set-cookie"])).toEqual([NAME, "theme"]);
    const accepted = await site.connect("/open", site.client(), { cookie: second ?? "" });
    expect(names(accepted.headers["set-cookie"])).toEqual([NAME, "theme"]);
  });

  it("is too late once the 101 is sent, and then nothing is written", async () => {
    const { site, manager } = await setUp();
    const outcomes: unknown[] = [];
    const late = new Promise<void>((resolve) => {
      site.wss.on("connection", async (_ws, req) => {
        const { init, revoke, revokeAll, rotate, reauthenticate } = site.sessions;
        for (const verb of [() => init(req, "bob"), () => revoke(req), () => revokeAll(req)])
          await verb().catch((error) => outcomes.push(error.code));
        for (const verb of [rotate, reauthenticate])
          await verb(req).catch((error) => outcomes.push(error.code));
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

describe("the verbs on an open connection", () => {
  it("list, end others and change metadata", async () => {
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

describe("over TLS", () => {
  it("connects and refuses alike, and knows its own origin", async () => {
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
      const refused = await handshake(`${url}/`, {}, trusting);
      expect([refused.status, JSON.parse(refused.body).reason]).toEqual([401, "no_cookie"]);
      const { status, socket } = await handshake(`${url}/open`, { origin }, trusting);
      expect(status).toBe(101);
      socket.ws.terminate();
    } finally {
      await close();
    }
  });
});

describe("two managers", () => {
  it("keep apart on one handshake, and each can be asked about it", async () => {
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

describe("the address", () => {
  const ip = async (manager: ManagerOptions) => {
    const { site, manager: own } = await setUp({
      manager,
      wss: { verifyClient: ({ req }, done) => void site.sessions.init(req, "ann").then(() => done(true)) },
    });
    await site.connect("/open", site.client(), { "x-forwarded-for": "203.0.113.9", "user-agent": PIXEL });
    const [session] = await own.fetchByUserKey("ann");
    return [session?.ip, session?.agent];
  };

  it("is that of the connection, whatever a header says", async () => {
    expect(await ip({})).toEqual(["127.0.0.1", { browser: "Chrome", os: "Android" }]);
  });

  it("is what a trusted proxy says", async () => {
    expect((await ip({ trustProxy: ["127.0.0.1"] }))[0]).toBe("203.0.113.9");
  });
});

describe("a mistake of the app's", () => {
  it("in reject is a 500, told of, and the process lives", async () => {
    const { site, told } = await setUp({
      options: {
        reject: () => {
          throw new Error("reject fails");
        },
      },
    });
    expect((await site.connect("/private")).status).toBe(500);
    expect(told.map(({ error }) => error.cause)).toEqual([new Error("reject fails")]);
  });

  it("in reject, after the head has been sent, cuts the connection", async () => {
    const { site, told } = await setUp({
      options: {
        reject: async (error, _request, response) => {
          response.writeHead(error.status, { "content-length": "9" });
          await new Promise<void>((resolve) => void response.write("half", () => resolve()));
          throw new Error("reject fails");
        },
      },
    });
    await expect(site.connect("/private")).rejects.toThrow(/aborted|terminated|reset/i);
    expect(told).toHaveLength(1);
  });

  it("in reject, after the response has ended, changes nothing", async () => {
    const { site, told } = await setUp({
      options: {
        reject: (error, _request, response) => {
          // More than the system takes at once.
          response.writeHead(error.status).end("no".repeat(5_000_000));
          throw new Error("reject fails");
        },
      },
    });
    const { status, body } = await site.connect("/private");
    expect([status, body.length, told.length]).toEqual([401, 10_000_000, 1]);
  });

  it("in a function of the manager's is a 500, with nothing of it in the answer", async () => {
    const { site, told } = await setUp({
      manager: {
        validate: { ip: true },
        trustProxy: () => {
          throw new RangeError("the app's own");
        },
      },
    });
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const { status, body } = await site.connect("/private", await site.loggedIn(), headers);
    expect([status, body, told.map(({ error }) => error.cause)]).toEqual([
      500,
      "",
      [new RangeError("the app's own")],
    ]);
  });

  it.each<[what: string, given: unknown]>([
    ["a WebSocketServer that listens for upgrades itself", new WebSocketServer({ server: createServer() })],
    ["no WebSocketServer", createServer()],
    ["nothing", undefined],
  ])("is told of where auth and public are given %s", (_, given) => {
    const sessions = wsSessions(new Manager(new SwitchableStore()));
    for (const guard of [sessions.auth, sessions.public])
      expect(() => guard(given as WsServer)).toThrow(/^sessionup\/ws: server must be a WebSocketServer with/);
  });

  it("is told of where the context is no request of an upgrade", async () => {
    const sessions = wsSessions(new Manager(new SwitchableStore()));
    const foreign = [{}, undefined, "req"] as never[];
    for (const context of foreign)
      await expect(sessions.get(context)).rejects.toThrow(/^sessionup\/ws: the context must be the request/);
  });

  it.each<[options: unknown, told: RegExp]>([
    [{ recheck: "soon" }, /^recheck must be a duration/],
    [{ recheck: "25d" }, /^recheck must be at most "24d"/],
    [{ recheck: 60 }, /^recheck must be a duration/],
    [{ rejct: () => {} }, /wsSessions/],
  ])("is told of in the options %j", (options, told) => {
    const make = () => wsSessions(new Manager(new SwitchableStore()), options as WsSessionsOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(told);
  });
});
