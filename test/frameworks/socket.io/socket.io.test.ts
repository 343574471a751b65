/**
 * `adapterContract` does not fit: its app answers requests, but Socket.IO answers a handshake itself, before an app can, and no
 * route, redirect, stream or cookie follows. The cases of the contract that apply to a handshake are proven here, over polling
 * and over WebSocket: the tokens, one read and at most one write a minute, an outage, other origins, two managers, and the
 * client's address.
 *
 * The methods are those of `createSessions`, which the contract proves with the other adapters.
 */

import { Manager, type ManagerOptions, type SessionEvents, type SessionId, typed } from "sessionup";
import { clientValidation } from "sessionup/client-validation";
import { type SocketIoSessionsOptions, type SocketIoSocket, socketIoSessions } from "sessionup/socket.io";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import type { Socket } from "socket.io";
import { afterEach, describe, expect, it } from "vitest";
import { SwitchableStore } from "../../../src/testing/adapter/fixture.ts";
import { IoSite, type SiteOptions, settle, TRANSPORTS } from "./site.ts";

const sites: IoSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

interface SetUp extends Omit<SiteOptions, "manager"> {
  readonly manager?: ManagerOptions;
}

async function setUp({ manager: given, ...rest }: SetUp = {}) {
  const clock = new TestClock();
  const store = new SwitchableStore();
  const manager = new Manager(store, { clock: clock.now, ...given });
  const site = await IoSite.start({ manager, ...rest });
  sites.push(site);
  const errors: SessionEvents["error"][] = [];
  manager.events.on("error", (event) => errors.push(event));
  return { clock, store, manager, site, errors };
}

/** Returns the next socket that connects to a namespace of the server. */
function nextSocket(site: IoSite, namespace: string): Promise<Socket> {
  return new Promise((resolve) => void site.io.of(namespace).once("connection", resolve));
}

const UNKNOWN = `${"a".repeat(22)}.${"b".repeat(65)}`;
const SIBLING = "http://evil.localhost:8080";

describe.each(TRANSPORTS)("socketIoSessions over %s", (transport) => {
  it("auth accepts a handshake with a session, and the app knows the user", async () => {
    const { site } = await setUp();
    const { socket, got } = await site.connect("/private", { transport, client: await site.loggedIn("bob") });
    expect(socket.io.engine.transport.name).toBe(transport);
    await expect.poll(() => got).toEqual([["hello", "bob"]]);
  });

  it("auth rejects an unauthenticated handshake with the JSON of other adapters and does not read the store", async () => {
    const { site, store } = await setUp();
    expect(await site.reject("/private", { transport })).toEqual({
      message: "unauthorized",
      data: { status: 401, error: "unauthorized", reason: "no_cookie" },
    });
    expect([store.calls, site.io.of("/private").sockets.size]).toEqual([0, 0]);
  });

  it("auth rejects a malformed and an unknown token", async () => {
    const { site } = await setUp();
    for (const [value, reason] of [
      ["x", "malformed"],
      [UNKNOWN, "unknown"],
    ]) {
      const headers = { cookie: `__Host-sessionup=${value}` };
      expect((await site.reject("/private", { transport, headers })).data?.reason).toBe(reason);
    }
  });

  it("auth rejects a handshake with 503 during an outage, and logs out no user", async () => {
    const { site, store, errors } = await setUp();
    const client = await site.loggedIn();
    store.down = true;
    expect(await site.reject("/private", { transport, client })).toEqual({
      message: "unavailable",
      data: { status: 503, error: "unavailable" },
    });
    expect(errors).toHaveLength(1);
    store.down = false;
    await site.connect("/private", { transport, client });
  });

  it("public accepts handshakes with and without a session, and as a guest during an outage", async () => {
    const { site, store } = await setUp();
    const client = await site.loggedIn();
    store.calls = 0;
    const guest = await site.connect("/", { transport });
    expect(store.calls).toBe(0);
    const ann = await site.connect("/", { transport, client });
    store.down = true;
    const unknown = await site.connect("/", { transport, client });
    for (const [{ got }, name] of [
      [guest, "guest"],
      [ann, "ann"],
      [unknown, "guest"],
    ] as const)
      await expect.poll(() => got).toEqual([["hello", name]]);
  });

  it.each<[what: string, headers: Record<string, string>]>([
    ["by its Origin", { origin: SIBLING }],
    ["by an opaque Origin", { origin: "null" }],
    ["by Sec-Fetch-Site same-site", { origin: SIBLING, "sec-fetch-site": "same-site" }],
  ])("auth and public reject a cross-origin handshake %s, without a store read", async (_, headers) => {
    const { site, store } = await setUp();
    const client = await site.loggedIn();
    store.calls = 0;
    for (const namespace of ["/private", "/"]) {
      expect(await site.reject(namespace, { transport, client, headers })).toEqual({
        message: "forbidden",
        data: { status: 403, error: "forbidden" },
      });
    }
    expect(store.calls).toBe(0);
  });

  it("a handshake from a trusted or the app's own origin is accepted", async () => {
    const { site } = await setUp({ manager: { trustedOrigins: [SIBLING] } });
    const client = await site.loggedIn();
    for (const headers of [
      { origin: SIBLING, "sec-fetch-site": "same-site" },
      { origin: site.origin, "sec-fetch-site": "same-origin" },
    ])
      await site.connect("/private", { transport, client, headers });
  });

  it("the address is the connection's, or the one that a trusted proxy forwards", async () => {
    for (const [trustProxy, rejected] of [
      [[], false],
      [["127.0.0.1"], true],
    ] as const) {
      const { site } = await setUp({ manager: { trustProxy, validate: clientValidation({ ip: true }) } });
      const client = await site.loggedIn();
      const options = { transport, client, headers: { "x-forwarded-for": "203.0.113.9" } };
      if (rejected) expect((await site.reject("/private", options)).data?.reason).toBe("client_changed");
      else await site.connect("/private", options);
    }
  });
});

describe("the sockets of one connection", () => {
  it("the store is read once for all namespaces of a connection, and written at most once a minute", async () => {
    const { site, store, clock } = await setUp();
    const client = await site.loggedIn();
    store.calls = 0;
    const { socket } = await site.connect("/private", { client });
    const [conn] = [...site.io.of("/private").sockets.values()].map(({ conn }) => conn);
    const listeners = conn?.listenerCount("close");
    await settle(socket.io.socket("/second", {}));
    expect([store.calls, site.io.engine.clientsCount]).toEqual([1, 1]);
    expect(conn?.listenerCount("close")).toBe(listeners);
    clock.advance("1m");
    const later = await site.connect("/private", { client });
    await settle(later.socket.io.socket("/second", {}));
    expect(store.calls).toBe(3);
  });

  it("a namespace can be opened when the cookie of the handshake has been rotated long ago", async () => {
    const { site, clock, manager } = await setUp({ manager: { rotateEvery: "1m" } });
    const client = await site.loggedIn();
    const { socket } = await site.connect("/private", { client });
    for (let round = 0; round < 3; round++) {
      clock.advance("2m");
      await client.post("/auth");
      await client.post("/auth");
    }
    await settle(socket.io.socket("/second", {}));
    expect(await manager.fetchByUserKey("ann")).toHaveLength(1);
    // A new connection with the old cookie is what rotation protects from.
    const thief = { cookie: socket.io.opts.extraHeaders?.cookie ?? "" };
    expect((await site.reject("/private", { headers: thief })).data?.reason).toBe("reused");
  });

  it("a handshake whose cookie may have been rotated since is not used: the client connects again", async () => {
    const { site, clock, manager } = await setUp({
      manager: { rotateEvery: "1m" },
      prepare: (io) => void io.of("/unguarded"),
    });
    const client = await site.loggedIn();
    // Before and after the first socket with middleware.
    for (const round of [1, 2]) {
      const first = await site.connect("/unguarded", {
        client,
        more: { reconnection: true, reconnectionDelay: 10 },
      });
      for (let times = 0; times < 3; times++) {
        clock.advance("2m");
        await client.post("/auth");
        await client.post("/auth");
      }
      const { io } = first.socket;
      io.opts.extraHeaders = { cookie: client.cookieHeader() };
      const late = io.socket("/private", {});
      await settle(late);
      expect((await first.closed).reason, `round ${round}`).toBe("transport close");
      io._close();
    }
    expect(await manager.fetchByUserKey("ann")).toHaveLength(1);
  });

  it("a namespace that is opened soon after one without middleware is accepted on the same connection", async () => {
    const { site } = await setUp({ prepare: (io) => void io.of("/unguarded") });
    const client = await site.loggedIn();
    await site.connect("/private", { client });
    const first = await site.connect("/unguarded", { client });
    await settle(first.socket.io.socket("/private", {}));
    expect(first.socket.connected).toBe(true);
  });

  it("a rejected socket can connect on the same connection when the store answers again", async () => {
    const { site, store } = await setUp();
    const client = await site.loggedIn();
    store.down = true;
    const { socket } = await site.connect("/", { client });
    const second = socket.io.socket("/private", {});
    await expect(settle(second)).rejects.toMatchObject({ data: { status: 503 } });
    store.down = false;
    second.connect();
    await settle(second);
    expect(site.io.engine.clientsCount).toBe(1);
    await client.post("/logout");
    await expect.poll(() => second.connected).toBe(false);
  });

  it("a handshake creates no secret that it could not send", async () => {
    const { site, store, clock } = await setUp({ manager: { rotateEvery: "1m" } });
    const client = await site.loggedIn();
    const revision = async () => (await store.fetchById(client.token().split(".")[0] as SessionId))?.revision;
    clock.advance("2m");
    const before = await revision();
    for (const transport of TRANSPORTS) await site.connect("/private", { transport, client });
    expect(await revision()).toBe(before);
    await client.post("/auth");
    expect(await revision()).not.toBe(before);
  });

  it("a namespace can require a recent login", async () => {
    const { site, clock } = await setUp({
      prepare: (io, sessions) => io.of("/admin").use(sessions.auth({ maxAuthAge: "15m" })),
    });
    const client = await site.loggedIn();
    await site.connect("/admin", { client });
    clock.advance("16m");
    expect((await site.reject("/admin", { client })).data).toEqual({
      status: 401,
      error: "unauthorized",
      reason: "stale_authentication",
      max_age: 900,
    });
  });
});

describe("the rooms of a socket", () => {
  it("a socket joins the rooms of its user and its session, and a guest none", async () => {
    const { site } = await setUp();
    const { userRoom, sessionRoom } = site.sessions;
    const client = await site.loggedIn();
    for (const [namespace, options, rooms] of [
      ["/private", { client }, [userRoom("ann"), sessionRoom(client.token().split(".")[0] ?? "")]],
      ["/", {}, []],
    ] as const) {
      const accepted = nextSocket(site, namespace);
      await site.connect(namespace, options);
      const socket = await accepted;
      expect([...socket.rooms].sort()).toEqual([...rooms, socket.id].sort());
    }
  });

  it("a socket that the app's next middleware rejects leaves its rooms", async () => {
    const { site } = await setUp();
    let rooms: readonly string[] = [];
    site.io.of("/private").use((socket, next) => {
      rooms = [...socket.rooms];
      next(new Error("not you"));
    });
    expect((await site.reject("/private", { client: await site.loggedIn() })).message).toBe("not you");
    expect(rooms).toHaveLength(2);
    expect(site.io.of("/private").adapter.rooms.size).toBe(0);
  });

  it("with rooms: false, sockets join no room, and the names are not available", async () => {
    const { site } = await setUp({ options: { rooms: false } });
    const accepted = nextSocket(site, "/private");
    await site.connect("/private", { client: await site.loggedIn() });
    const socket = await accepted;
    expect([...socket.rooms]).toEqual([socket.id]);
    for (const method of ["userRoom", "sessionRoom"] as const)
      expect(() => site.sessions[method]("ann")).toThrow(
        new TypeError(`${method} requires socketIoSessions.rooms to be true.`),
      );
  });

  it("names of users, sessions and managers never collide, and invalid keys throw", () => {
    const users = socketIoSessions(new Manager(memoryStore()));
    const admins = socketIoSessions(new Manager(memoryStore(), { cookie: { name: "admin" } }));
    const names = [users, admins].flatMap(({ userRoom, sessionRoom }) =>
      ["1", "session:1", "user:1", ":1"].flatMap((key) => [userRoom(key), sessionRoom(key)]),
    );
    expect(new Set(names).size).toBe(16);
    for (const { userRoom, sessionRoom } of [users])
      for (const method of [userRoom, sessionRoom])
        for (const key of ["", 1, undefined, "\ud800"])
          expect(() => method(key as string)).toThrow(TypeError);
  });
});

describe("the methods on a socket", () => {
  it("a socket can list sessions, end others and change metadata", async () => {
    const manager = new Manager(memoryStore(), { meta: typed<{ room?: string } | undefined>() });
    const site = await IoSite.start({ manager: manager as unknown as Manager });
    sites.push(site);
    const sessions = socketIoSessions(manager);
    const phone = await site.connect("/private", { client: await site.loggedIn() });
    const accepted = nextSocket(site, "/private");
    await site.connect("/private", { client: await site.loggedIn() });
    const socket = await accepted;
    const list = await sessions.fetchAll(socket);
    expect(list).toHaveLength(2);
    const other = list.find(({ current }) => !current);
    expect(await sessions.revokeOwn(socket, other?.id ?? "")).toBe(true);
    expect((await phone.closed).ended).toBe("revoked");
    expect((await sessions.updateMeta(socket, () => ({ room: "blue" })))?.meta).toEqual({ room: "blue" });
    expect(sessions.require(socket).meta).toEqual({ room: "blue" });
  });

  it("methods that set the cookie throw and write nothing to the store", async () => {
    const { site, manager } = await setUp();
    const accepted = nextSocket(site, "/private");
    const client = await site.loggedIn();
    await site.connect("/private", { client });
    const socket = await accepted;
    const { init, revoke, revokeAll, rotate, reauthenticate } = site.sessions;
    const codes = await Promise.all(
      [() => init(socket, "bob"), revoke, revokeAll, rotate, reauthenticate].map((method) =>
        method(socket).then(
          () => "done",
          (error) => error.code,
        ),
      ),
    );
    expect(codes).toEqual(Array(5).fill("ERR_HEADERS_SENT"));
    const found = [await manager.fetchByUserKey("ann"), await manager.fetchByUserKey("bob")];
    expect(found.map(({ length }) => length)).toEqual([1, 0]);
  });

  it("a socket that passed no middleware as the context throws an error that asks for one", async () => {
    const { site } = await setUp();
    const accepted = nextSocket(site, "/unguarded");
    await site.connect("/unguarded", { client: await site.loggedIn() });
    await expect(site.sessions.get(await accepted)).rejects.toThrow(
      /^sessionup\/socket\.io: the context must be a socket that passed auth/,
    );
  });

  it.each<[what: string, context: unknown]>([
    ["an HTTP request", { headers: {} }],
    ["a remote socket", { id: "1", handshake: { headers: {} }, rooms: new Set(), data: {} }],
    ["undefined", undefined],
  ])("%s as the context throws an error that asks for a socket", async (_, context) => {
    const { site } = await setUp();
    await expect(site.sessions.get(context as SocketIoSocket)).rejects.toThrow(
      /^sessionup\/socket\.io: the context must be a socket/,
    );
  });
});

describe("two managers", () => {
  it("sockets of another manager on the connection keep their session and connect again", async () => {
    const store = new SwitchableStore();
    const clock = new TestClock();
    const admins = new Manager(store, { clock: clock.now, cookie: { name: "admin" } });
    const { site } = await setUp({
      prepare: (io) => {
        const sessions = socketIoSessions(admins);
        io.of("/admin").use(sessions.auth());
        io.of("/admin").on("connection", (socket) => socket.emit("hello", sessions.require(socket).userKey));
      },
    });
    const user = await site.loggedIn("ann");
    const adminSite = await IoSite.start({ manager: admins });
    sites.push(adminSite);
    const admin = await adminSite.loggedIn("root");
    const cookie = `${user.cookieHeader()}; ${admin.cookieHeader()}`;
    const both = await site.connect("/private", {
      headers: { cookie },
      more: { reconnection: true, reconnectionDelay: 10 },
    });
    const onAdmin = both.socket.io.socket("/admin", {});
    const events: unknown[] = [];
    onAdmin.onAny((...args) => events.push(args));
    await settle(onAdmin);
    await admin.post("/logout");
    await expect
      .poll(() => events)
      .toEqual([
        ["hello", "root"],
        ["session_ended", "logout"],
      ]);
    await expect
      .poll(() => both.got)
      .toEqual([
        ["hello", "ann"],
        ["hello", "ann"],
      ]);
    await user.post("/logout");
    expect((await both.closed).ended).toBe(undefined);
    await expect.poll(() => both.find("session_ended")).toBe("logout");
  });
});

describe("a mistake in the app", () => {
  it("reject returns the error that the client receives", async () => {
    const { site } = await setUp({
      options: {
        reject: async (error, { nsp }) =>
          Object.assign(new Error(`no entry: ${error.reason}`), { data: { nsp: Object(nsp).name } }),
      },
    });
    expect(await site.reject("/private")).toEqual({
      message: "no entry: no_cookie",
      data: { nsp: "/private" },
    });
  });

  it.each<[what: string, reject: SocketIoSessionsOptions["reject"] & object, cause: Error]>([
    [
      "throws",
      () => {
        throw new Error("reject fails");
      },
      new Error("reject fails"),
    ],
    [
      "returns no Error",
      (() => ({ status: 401 })) as never,
      new TypeError("socketIoSessions.reject must return the Error to reject the socket with."),
    ],
  ])("a reject that %s rejects with 500 and emits an error event", async (_, reject, cause) => {
    const { site, errors } = await setUp({ options: { reject } });
    expect(await site.reject("/private")).toEqual({
      message: "internal",
      data: { status: 500, error: "internal" },
    });
    expect(errors.map(({ error }) => error.cause)).toEqual([cause]);
  });

  it("a trustProxy function that throws rejects with 500 without the error's message", async () => {
    const { site, errors } = await setUp({
      manager: {
        validate: clientValidation({ ip: true }),
        trustProxy: () => {
          throw new RangeError("thrown by the app");
        },
      },
    });
    const headers = { "x-forwarded-for": "203.0.113.9" };
    expect(await site.reject("/private", { client: await site.loggedIn(), headers })).toEqual({
      message: "internal",
      data: { status: 500, error: "internal" },
    });
    expect(errors.map(({ error }) => error.cause)).toEqual([new RangeError("thrown by the app")]);
  });

  it("the middleware rejects every connection when it is added to the engine", async () => {
    const { site, errors } = await setUp();
    site.io.engine.use(site.sessions.public());
    await expect(site.connect("/")).rejects.toThrow();
    expect(errors.map(({ error }) => (error.cause as Error).message)).toEqual([
      "sessionup/socket.io: add auth() and public() by use() of io or of a namespace.",
    ]);
  });

  it.each<[options: unknown, errors: RegExp]>([
    [{ reject: "soon" }, /^socketIoSessions\.reject must be a function/],
    [{ rooms: "yes" }, /^socketIoSessions\.rooms must be true or false/],
    [{ room: true }, /^"room" is not an option of socketIoSessions/],
  ])("socketIoSessions rejects the options %j", (options, errors) => {
    const make = () => socketIoSessions(new Manager(memoryStore()), options as SocketIoSessionsOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(errors);
  });
});
