import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import pg from "pg";
import { Manager, type ManagerOptions, type SessionEvents } from "sessionup";
import { type LiveOptions, liveSessions } from "sessionup/live";
import { postgresStore } from "sessionup/stores/postgres";
import { TestClock } from "sessionup/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerOptions, WebSocket } from "ws";
import { SwitchableStore } from "../../../src/testing/adapter/fixture.ts";
import { TestRequest, testSessions } from "../../support/browser.ts";
import { GatedStore } from "../../support/gated-store.ts";
import { hearMessages } from "../../support/heard-messages.ts";
import { WsSite } from "./site.ts";

const sites: WsSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

interface SetUp {
  readonly manager?: ManagerOptions;
  readonly live?: LiveOptions;
  readonly wss?: ServerOptions;
}

async function setUp({ manager: given, live = { recheck: "1s" }, wss }: SetUp = {}) {
  const clock = new TestClock();
  const store = new SwitchableStore();
  const manager = new Manager(store, { clock: clock.now, live: liveSessions(live), ...given });
  const site = await WsSite.start({ manager, ...(wss && { wss }) });
  sites.push(site);
  const errors: SessionEvents["error"][] = [];
  manager.events.on("error", (event) => errors.push(event));
  return { clock, store, manager, site, errors };
}

/** Encodes a frame as a client sends it, masked with zeros (RFC 6455 section 5.2). */
function frame(opcode: number, payload: string): Uint8Array {
  return Buffer.concat([
    Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]),
    Buffer.from(payload),
  ]);
}

function waitForClose(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}
const [TEXT, CLOSE, INVALID] = [0x1, 0x8, 0x3];

describe("a WebSocket closes with 4401 and the reason", () => {
  it("every WebSocket of a session closes when the session logs out in another tab", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const tabs = [
      await site.connect("/private", client),
      await site.connect("/private", client),
      await site.connect("/open", client),
    ];
    const others = [
      await site.connect("/private", await site.loggedIn("ann")),
      await site.connect("/private", await site.loggedIn("bob")),
      await site.connect("/open"),
    ];
    await client.post("/logout");
    for (const { socket } of tabs) expect(await socket.closed).toEqual({ code: 4401, reason: "logout" });
    for (const { socket } of others) expect(await socket.ask("still")).toBe("got still");
  });

  it("each WebSocket with a session is published when it opens, and when it or its session ends", async () => {
    const messages = hearMessages<{ change: number }>("sessionup:live");
    const { site } = await setUp();
    const client = await site.loggedIn();
    const [first, second] = [await site.connect("/private", client), await site.connect("/open", client)];
    await site.connect("/open");
    // The last sockets of earlier tests may close meanwhile.
    const count = (change: number) => messages.filter((message) => message.change === change).length;
    expect(count(1)).toBe(2);
    const closed = count(-1);
    first.socket.ws.close();
    await expect.poll(() => count(-1)).toBeGreaterThan(closed);
    await client.post("/logout");
    await second.socket.closed;
    await expect.poll(() => count(-1)).toBeGreaterThan(closed + 1);
    expect(count(1)).toBe(2);
  });

  it("a WebSocket closes when the user ends all other sessions", async () => {
    const { site } = await setUp();
    const [phone, desk] = [await site.loggedIn(), await site.loggedIn()];
    const [onPhone, onDesk] = [await site.connect("/private", phone), await site.connect("/private", desk)];
    await desk.post("/logout-others");
    expect(await onPhone.socket.closed).toEqual({ code: 4401, reason: "revoked" });
    expect(await onDesk.socket.ask("still")).toBe("got still");
  });

  it("a WebSocket closes when another user logs in with the same browser", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn("ann");
    const { socket } = await site.connect("/private", client);
    await client.post("/login?user=bob");
    expect(await socket.closed).toEqual({ code: 4401, reason: "logout" });
  });

  it.each(["/rotate", "/reauthenticate"])(
    "a WebSocket closes when the app replaces the secret that opened it: %s",
    async (path) => {
      // With this recheck interval, only the event can close the socket.
      const { site } = await setUp({ live: { recheck: "24d" } });
      const client = await site.loggedIn();
      const copy = site.client();
      copy.keep([`__Host-sessionup=${client.token()}`]);
      const [own, thief] = [await site.connect("/private", client), await site.connect("/private", copy)];
      await client.post(path);
      for (const { socket } of [own, thief])
        expect(await socket.closed).toEqual({ code: 4401, reason: "rotated" });
      const again = await site.connect("/private", client);
      expect(await again.socket.ask("still")).toBe("got still");
    },
  );

  it("a WebSocket closes when the grace period of the old secret that opened it ends", async () => {
    const { site, clock } = await setUp();
    const client = await site.loggedIn();
    const copy = site.client();
    copy.keep([`__Host-sessionup=${client.token()}`]);
    await client.post("/rotate");
    const thief = await site.connect("/private", copy);
    const own = await site.connect("/private", client);
    expect(await thief.socket.ask("still")).toBe("got still");
    clock.advance("30s");
    expect(await thief.socket.closed).toEqual({ code: 4401, reason: "rotated" });
    expect(await own.socket.ask("still")).toBe("got still");
  });

  it("a WebSocket stays open when the secret is rotated by time", async () => {
    const { site, clock, manager } = await setUp({ manager: { rotateEvery: "1m" } });
    const rotated: string[] = [];
    manager.events.on("rotated", ({ cause }) => rotated.push(cause));
    const client = await site.loggedIn();
    const { socket } = await site.connect("/private", client);
    clock.advance("1m");
    await client.post("/auth");
    await client.post("/auth");
    expect(rotated).toEqual(["time"]);
    expect(await socket.ask("still")).toBe("got still");
  });

  it("messages that a client sends after the close are dropped, also when it does not confirm the close", async () => {
    const { site } = await setUp();
    const heard: string[] = [];
    site.wss.on("connection", (ws) => ws.on("message", (data) => heard.push(String(data))));
    const client = await site.loggedIn();
    const raw = site.raw("/private", client).resume();
    const [first] = await once(site.wss, "connection");
    raw.write(frame(TEXT, "before"));
    await once(first as WebSocket, "message");
    await client.post("/logout");
    raw.write(frame(TEXT, "after"));
    raw.write(frame(CLOSE, ""));
    await once(first as WebSocket, "close");
    expect(heard).toEqual(["before"]);
  });
});

/** Advances the fake clock of the rechecks. All other timers are real. */
function tick(milliseconds: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(milliseconds);
}

describe("a session that ends in another process or by time", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
  afterEach(() => void vi.useRealTimers());

  it.each(["rotate", "reauthenticate"] as const)(
    "a WebSocket closes at the next recheck after another process calls %s",
    async (method) => {
      const { site, store, clock } = await setUp();
      const client = await site.loggedIn();
      const { socket } = await site.connect("/private", client);
      const kept = await site.connect("/private", await site.loggedIn("bob"));
      const elsewhere = testSessions(new Manager(store, { clock: clock.now }));
      await elsewhere[method](new TestRequest({ cookie: client.cookieHeader() }));
      await tick(1_000);
      expect(await socket.closed).toEqual({ code: 4401, reason: "rotated" });
      expect(await kept.socket.ask("still")).toBe("got still");
    },
  );

  it("a WebSocket closes at the session's deadline while the store is down", async () => {
    const { site, store, clock, errors } = await setUp();
    const { socket } = await site.connect("/private", await site.loggedIn());
    const { socket: later } = await site.connect("/private", await site.loggedIn("bob"));
    store.down = true;
    clock.advance("24h");
    clock.set(clock.now() - 1);
    await tick(1_000);
    expect(errors).toHaveLength(1);
    expect(await socket.ask("still")).toBe("got still");
    clock.set(clock.now() + 1);
    await tick(1_000);
    expect(await socket.closed).toEqual({ code: 4401, reason: "expired" });
    expect(await later.closed).toEqual({ code: 4401, reason: "expired" });
  });

  it("a WebSocket closes at the session's deadline, between two rechecks", async () => {
    const { site, clock } = await setUp({ live: { recheck: "24d" } });
    clock.set(Date.now());
    const client = await site.loggedIn();
    // The deadline is one second away on the machine's clock too, so that only its own timer can close the
    // socket.
    clock.set(Date.now() + 24 * 3_600_000 - 1_000);
    const { socket } = await site.connect("/private", client);
    clock.set(clock.now() + 1_000);
    expect(await socket.closed).toEqual({ code: 4401, reason: "expired" });
  });

  it("a WebSocket closes at the next recheck after another process revokes the session", async () => {
    const { site, store, clock } = await setUp();
    const elsewhere = new Manager(store, { clock: clock.now });
    const client = await site.loggedIn();
    const { socket } = await site.connect("/private", client);
    const kept = await site.connect("/private", await site.loggedIn("bob"));
    await elsewhere.revokeById(client.token().split(".")[0] ?? "");
    await tick(999);
    expect(await socket.ask("still")).toBe("got still");
    await tick(1);
    expect(await socket.closed).toEqual({ code: 4401, reason: "unknown" });
    expect(await kept.socket.ask("still")).toBe("got still");
  });

  it.each([
    ["24h", "expired"],
    ["30m", "idle"],
  ] as const)(
    "a WebSocket closes at the next recheck: after %s it is %s, regardless of messages",
    async (later, reason) => {
      const { site, clock } = await setUp({ manager: { idleTimeout: "30m" } });
      const { socket } = await site.connect("/private", await site.loggedIn());
      clock.advance("20m");
      await socket.ask("said");
      clock.set(clock.now() - 20 * 60_000);
      clock.advance(later);
      await tick(1_000);
      expect(await socket.closed).toEqual({ code: 4401, reason });
    },
  );

  it("a recheck reads all sessions in one call and does not count as activity", async () => {
    const { site, store, manager, clock } = await setUp();
    for (const user of ["ann", "bob", "cid"]) await site.connect("/private", await site.loggedIn(user));
    clock.advance("5m");
    const before = await manager.fetchByUserKey("ann");
    store.calls = 0;
    for (const calls of [1, 2]) {
      await tick(1_000);
      await expect.poll(() => store.calls).toBe(calls);
    }
    const [after] = await manager.fetchByUserKey("ann");
    expect(after?.lastSeenAt).toEqual(before[0]?.lastSeenAt);
  });

  it("a recheck runs once a minute by default", async () => {
    const { site, store } = await setUp({ live: {} });
    await site.connect("/private", await site.loggedIn());
    store.calls = 0;
    await tick(59_999);
    expect(store.calls).toBe(0);
    await tick(1);
    await expect.poll(() => store.calls).toBe(1);
  });

  it("a recheck during a store outage closes no WebSocket and emits an error event", async () => {
    const { site, store, errors, clock } = await setUp();
    const elsewhere = new Manager(store, { clock: clock.now });
    const client = await site.loggedIn();
    const { socket } = await site.connect("/private", client);
    await elsewhere.revokeById(client.token().split(".")[0] ?? "");
    store.down = true;
    for (const times of [1, 2]) {
      await tick(1_000);
      await expect.poll(() => errors.length).toBe(times);
    }
    expect(await socket.ask("still")).toBe("got still");
    store.down = false;
    await tick(1_000);
    expect((await socket.closed).code).toBe(4401);
  });

  it("a recheck does not start while a slow one is still running", async () => {
    const store = new GatedStore();
    const site = await WsSite.start({
      manager: new Manager(store, { live: liveSessions({ recheck: "1s" }) }),
    });
    sites.push(site);
    const { socket } = await site.connect("/private", await site.loggedIn());
    const asked = () => store.calls.filter((call) => call === "fetchByIds").length;
    // The first handshake began before the store's channel was up.
    await expect.poll(asked).toBe(1);
    store.calls.length = 0;
    const gate = store.hold("fetchByIds");
    await tick(1_000);
    await gate.arrived;
    await tick(5_000);
    expect(asked()).toBe(1);
    gate.open();
    // The held recheck has to end before the next one can start.
    await expect
      .poll(async () => {
        await tick(1_000);
        return asked();
      })
      .toBeGreaterThan(1);
    expect(await socket.ask("still")).toBe("got still");
  });
});

describe("a session that ends during the handshake", () => {
  it("a session that ends during the handshake gets a WebSocket that closes before the app receives it", async () => {
    let arrived = () => {};
    const asked = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let letIn = () => {};
    const { site, manager } = await setUp({
      wss: {
        verifyClient: (_info, done) => {
          letIn = () => done(true);
          arrived();
        },
      },
    });
    let connections = 0;
    site.wss.on("connection", () => connections++);
    const client = await site.loggedIn();
    const raw = site.raw("/private", client);
    await asked;
    await manager.revokeById(client.token().split(".")[0] ?? "");
    letIn();
    // A protocol error on a socket without an error listener must not end the process.
    raw.write(frame(INVALID, "x"));
    let text = "";
    for await (const chunk of raw) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.1 101 /);
    expect(Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4)).toString()).toContain("revoked");
    expect(connections).toBe(0);
  });
});

describe("a WebSocket client", () => {
  it("a client can send messages before it receives the 101", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const raw = site.raw("/private", client, frame(TEXT, "early"));
    let text = "";
    for await (const chunk of raw) {
      text += String(chunk);
      if (text.includes("got early")) break;
    }
    expect(text).toContain("ann");
  });

  it.each(["destroy", "resetAndDestroy"] as const)(
    "a client can leave during authentication by %s without an error or a leak",
    async (leave) => {
      const store = new GatedStore();
      const site = await WsSite.start({ manager: new Manager(store) });
      sites.push(site);
      const client = await site.loggedIn();
      for (const failing of [false, true]) {
        const gate = store.hold("fetchById");
        const upgraded = once(site.server, "upgrade");
        const raw = site.raw("/private", client);
        const [, socket] = await upgraded;
        await gate.arrived;
        raw[leave]();
        // No code reads the socket yet. The disconnect becomes visible at the next read or write.
        await sleep(50);
        gate.open(failing ? new Error("connection reset") : undefined);
        await waitForClose(socket);
      }
      while (site.wss.clients.size > 0) await sleep(10);
      expect((await site.connect("/private", client)).status).toBe(101);
    },
  );

  it.each([
    ["it could connect", undefined],
    ["the store failed", new Error("connection reset")],
  ])("neither reject nor verifyClient runs for a socket that broke before %s", async (_, failure) => {
    const store = new GatedStore();
    const asked: string[] = [];
    const site = await WsSite.start({
      manager: new Manager(store),
      options: {
        reject: (_error, _request, response) => {
          asked.push("reject");
          response.end();
        },
      },
      wss: { verifyClient: () => asked.push("verifyClient") > 0 },
    });
    sites.push(site);
    const client = await site.loggedIn();
    const gate = store.hold("fetchById");
    const upgraded = once(site.server, "upgrade");
    site.raw("/private", client);
    const [, socket] = await upgraded;
    await gate.arrived;
    socket.destroy(new Error("read ECONNRESET"));
    await waitForClose(socket);
    gate.open(failure);
    await sleep(20);
    expect(asked).toEqual([]);
    expect((await site.connect("/private", client)).status).toBe(101);
    expect(asked).toEqual(["verifyClient"]);
  });

  it("a client gets a 503 within the timeout when the database hangs", async () => {
    const silent = createTcpServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const pool = new pg.Pool({ host: "127.0.0.1", port, user: "app", database: "app" });
    pool.on("error", () => undefined);
    const site = await WsSite.start({ manager: new Manager(postgresStore(pool, { timeout: "1s" })) });
    try {
      const cookie = `__Host-sessionup=${"a".repeat(22)}.${"b".repeat(65)}`;
      const { status, headers } = await site.connect("/private", site.client(), { cookie });
      expect([status, headers["retry-after"]]).toEqual([503, "5"]);
    } finally {
      await site.close();
      silent.close();
    }
  });
});

async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 5; round++) {
    await sleep(20);
    collect();
  }
}

describe("after WebSockets have closed", () => {
  it("a thousand closed WebSockets leave two listeners for a minute, and no request", async () => {
    const { site, manager } = await setUp();
    let listening = 0;
    const on = manager.events.on.bind(manager.events);
    manager.events.on = (name, listener) => {
      listening++;
      const off = on(name, listener);
      return () => {
        listening--;
        off();
      };
    };
    const kept: WeakRef<object>[] = [];
    site.wss.on("connection", (ws, req) => void kept.push(new WeakRef(ws), new WeakRef(req)));
    const client = await site.loggedIn();
    for (let turn = 0; turn < 20; turn++) {
      const paths = Array.from({ length: 50 }, (_, index) => (index % 2 ? "/private" : "/open"));
      const answers = await Promise.all(
        paths.map((path, index) => site.connect(path, index % 3 ? client : site.client())),
      );
      expect(listening).toBe(2);
      for (const { socket } of answers) socket.ws.close();
      await Promise.all(answers.map(({ socket }) => socket.closed));
    }
    while (site.wss.clients.size > 0) await sleep(10);
    expect(kept.length).toBeGreaterThan(1_000);
    expect(listening).toBe(2);
    expect(site.wss.listenerCount("headers")).toBe(1);
    await collectGarbage();
    // The engine may still reference the last few.
    expect(kept.filter((each) => each.deref()).length).toBeLessThan(20);
  });

  it("a manager is garbage-collected after its WebSockets have closed", async () => {
    const used = async () => {
      const manager = new Manager(new SwitchableStore());
      const site = await WsSite.start({ manager });
      const { socket } = await site.connect("/private", await site.loggedIn());
      socket.ws.close();
      await socket.closed;
      await site.close();
      return new WeakRef(manager);
    };
    // The engine may still reference the last one.
    const managers = [await used(), await used(), await used()];
    await collectGarbage();
    expect(managers.filter((each) => each.deref()).length).toBeLessThan(2);
  });
});
