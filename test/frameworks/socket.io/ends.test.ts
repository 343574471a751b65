import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Manager, type ManagerOptions, type SessionEvents } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import type { Socket } from "socket.io";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Gate } from "../../support/gate.ts";
import { GatedStore } from "../../support/gated-store.ts";
import { hearMessages } from "../../support/heard-messages.ts";
import { Connected, IoSite, type SiteOptions, settle, TRANSPORTS } from "./site.ts";

const sites: IoSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

interface SetUp extends Omit<SiteOptions, "manager"> {
  readonly manager?: ManagerOptions;
}

async function setUp({ manager: given, ...rest }: SetUp = {}) {
  const clock = new TestClock();
  const manager = new Manager(memoryStore(), { clock: clock.now, ...given });
  const site = await IoSite.start({ manager, ...rest });
  sites.push(site);
  const errors: SessionEvents["error"][] = [];
  manager.events.on("error", (event) => errors.push(event));
  return { clock, manager, site, errors };
}

it("a connection is published once, however many sockets it carries", async () => {
  const messages = hearMessages<{ change: number }>("sessionup:live");
  // The last connections of earlier tests may close meanwhile.
  const count = (change: number) => messages.filter((message) => message.change === change).length;
  const { site } = await setUp();
  const client = await site.loggedIn();
  const first = await site.connect("/private", { transport: "websocket", client });
  await settle(first.socket.io.socket("/second", {}));
  expect(messages).toContainEqual({ kind: "socket.io", change: 1 });
  const closed = count(-1);
  await client.post("/logout");
  await first.closed;
  expect(count(1)).toBe(1);
  expect(count(-1)).toBeGreaterThan(closed);
});

const RECONNECTING = { reconnection: true, reconnectionDelay: 10 };

describe.each(TRANSPORTS)("a socket over %s receives session_ended and is disconnected", (transport) => {
  it("every socket of a session on every namespace ends when the session logs out in another tab", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const first = await site.connect("/private", { transport, client });
    const second = first.socket.io.socket("/second", {});
    const events: unknown[] = [];
    second.onAny((...args) => events.push(args));
    await settle(second);
    const tabs = [first, await site.connect("/", { transport, client })];
    const others = [
      await site.connect("/private", { transport, client: await site.loggedIn("ann") }),
      await site.connect("/private", { transport, client: await site.loggedIn("bob") }),
      await site.connect("/", { transport }),
    ];
    await client.post("/logout");
    for (const { closed } of tabs)
      expect(await closed).toEqual({ ended: "logout", reason: "io server disconnect" });
    await expect
      .poll(() => events)
      .toEqual([
        ["hello", "ann"],
        ["session_ended", "logout"],
      ]);
    for (const other of others) expect(await other.ask("still")).toBe("got still");
    expect(site.io.engine.clientsCount).toBe(others.length);
  });

  it.each([
    ["/logout-others", "revoked"],
    ["/login?user=bob", "logout"],
    ["/rotate", "rotated"],
    ["/reauthenticate", "rotated"],
  ] as const)("a socket ends after %s with the reason %s", async (path, reason) => {
    const { site } = await setUp();
    const [client, other] = [await site.loggedIn(), await site.loggedIn()];
    const { closed } = await site.connect("/private", { transport, client });
    await (path === "/logout-others" ? other : client).post(path);
    expect((await closed).ended).toBe(reason);
    if (reason === "rotated") await site.connect("/private", { transport, client });
  });

  it("a session that ends while the next middleware of the app runs gets no socket", async () => {
    const { site, manager } = await setUp();
    const step = new Gate();
    site.io.of("/private").use(async (_socket, next) => {
      await step.pass();
      next();
    });
    let connections = 0;
    site.io.of("/private").on("connection", () => connections++);
    const client = await site.loggedIn();
    const { socket } = site.open("/private", { transport, client, more: RECONNECTING });
    const failed = settle(socket);
    await step.arrived;
    await manager.revokeByUserKey("ann");
    step.open();
    await expect(failed).rejects.toMatchObject({ data: { status: 401, reason: "unknown" } });
    expect(connections).toBe(0);
  });
});

describe("a session that ends during the handshake", () => {
  it("a session that ends before it is accepted gets no socket, and runs no middleware of the app", async () => {
    const step = new Gate();
    let isHeld = false;
    const manager = new Manager(memoryStore(), {
      meta: {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: async (value: unknown) => {
            if (isHeld) await step.pass();
            return { value: value as undefined };
          },
        },
      },
    });
    const site = await IoSite.start({ manager });
    sites.push(site);
    let runs = 0;
    site.io.of("/private").use((_socket, next) => {
      runs++;
      next();
    });
    const client = await site.loggedIn();
    isHeld = true;
    const { socket } = site.open("/private", { client, more: RECONNECTING });
    const failed = settle(socket);
    await step.arrived;
    isHeld = false;
    await manager.revokeByUserKey("ann");
    step.open();
    await expect(failed).rejects.toMatchObject({ data: { status: 401, reason: "unknown" } });
    expect(runs).toBe(0);
  });

  it("a session that ends between two guards gets no socket", async () => {
    const step = new Gate();
    const { site, manager } = await setUp({
      prepare: (io, sessions) =>
        io
          .of("/private")
          .use(sessions.public())
          .use(async (_socket, next) => {
            await step.pass();
            next();
          }),
    });
    const { socket, closed } = site.open("/private", { client: await site.loggedIn() });
    await step.arrived;
    await manager.revokeByUserKey("ann");
    step.open();
    await closed;
    socket.connect();
    await expect(settle(socket)).rejects.toMatchObject({ data: { status: 401, reason: "unknown" } });
  });

  it("a connection whose only socket was rejected ends with the session, before the next one is accepted", async () => {
    const clock = new TestClock();
    const store = new GatedStore();
    const site = await IoSite.start({
      manager: new Manager(store, { clock: clock.now }),
      prepare: (io, sessions) => io.of("/admin").use(sessions.auth({ maxAuthAge: "15m" })),
    });
    sites.push(site);
    let connections = 0;
    site.io.of("/private").on("connection", () => connections++);
    const client = await site.loggedIn();
    clock.advance("16m");
    const raw = await site.poll(client);
    await raw.send("40/admin,");
    expect((await raw.receive()).join()).toMatch(/^44\/admin,.*stale_authentication/);
    await client.post("/logout");
    // A socket of a connection that is not watched would be accepted until the store answers.
    const gate = store.hold("fetchByIds");
    await raw.send("40/private,");
    expect((await raw.receive()).join()).not.toContain("/private");
    gate.open();
    await expect.poll(() => site.io.engine.clientsCount).toBe(0);
    expect(connections).toBe(0);
  });
});

describe("a client that connects again", () => {
  it("a client whose secret was replaced can connect all its namespaces again when it is disconnected", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const first = await site.connect("/private", { client, more: RECONNECTING });
    const second = first.socket.io.socket("/second", {});
    const both = [first, new Connected(second)];
    await settle(second);
    for (const { socket } of both) socket.on("disconnect", () => void socket.connect());
    await client.post("/rotate");
    for (const { got } of both)
      await expect
        .poll(() => got)
        .toEqual([
          ["hello", "ann"],
          ["session_ended", "rotated"],
          ["hello", "ann"],
        ]);
    for (const { socket } of both) socket.off("disconnect");
  });
});

describe("a socket that stays", () => {
  it("a socket stays when the secret is rotated by time", async () => {
    const { site, clock, manager } = await setUp({ manager: { rotateEvery: "1m" } });
    const rotated: string[] = [];
    manager.events.on("rotated", ({ cause }) => rotated.push(cause));
    const client = await site.loggedIn();
    const socket = await site.connect("/private", { client });
    clock.advance("1m");
    await client.post("/auth");
    await client.post("/auth");
    expect(rotated).toEqual(["time"]);
    expect(await socket.ask("still")).toBe("got still");
  });
});

/** Encodes a text frame as a client sends it, masked with zeros (RFC 6455 section 5.2). */
function frame(text: string): Uint8Array {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

function note(text: string): string {
  return `42/private,["note","${text}"]`;
}

/** Collects the notes that reach the app's handlers, and its listeners for any event. */
function collectNotes(site: IoSite): string[] {
  const heard: string[] = [];
  site.io.of("/private").on("connection", (socket) => {
    socket.on("note", (text) => heard.push(text));
    socket.onAny((_event, text) => heard.push(`any ${text}`));
  });
  return heard;
}

describe("an event that arrives after the session has ended", () => {
  it("an event over WebSocket reaches no handler, also from a client that does not close", async () => {
    const { site } = await setUp();
    const heard = collectNotes(site);
    const client = await site.loggedIn();
    const { hostname, port, host } = new URL(site.origin);
    const raw = connectTcp(Number(port), hostname).on("error", () => undefined);
    const lines = [
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${Buffer.alloc(16, 7).toString("base64")}`,
      `Cookie: ${client.cookieHeader()}`,
    ];
    raw.write(`${lines.join("\r\n")}\r\n\r\n`);
    let received = "";
    raw.on("data", (chunk) => {
      received += String(chunk);
    });
    await expect.poll(() => received).toContain('0{"sid"');
    raw.write(frame("40/private,"));
    await expect.poll(() => received).toContain('["hello","ann"]');
    raw.write(frame(note("before")));
    await expect.poll(() => heard).toEqual(["any before", "before"]);
    await client.post("/logout");
    raw.write(Buffer.concat([frame(note("after")), frame(note("last"))]));
    await expect.poll(() => received).toContain('["session_ended","logout"]');
    raw.end(frame(note("end")));
    await once(raw, "close");
    await expect.poll(() => site.io.engine.clientsCount).toBe(0);
    expect(heard).toEqual(["any before", "before"]);
  });

  it("an event over polling reaches no handler, also while the client does not ask for its packets", async () => {
    const { site } = await setUp();
    const heard = collectNotes(site);
    const client = await site.loggedIn();
    const raw = await site.poll(client);
    await raw.send("40/private,");
    expect((await raw.receive()).join()).toContain('["hello","ann"]');
    await raw.send(note("before"));
    await expect.poll(() => heard).toEqual(["any before", "before"]);
    await client.post("/logout");
    expect(await raw.send(note("after"), note("last"))).toBe(200);
    expect(await raw.receive()).toEqual(['42/private,["session_ended","logout"]', "41/private,"]);
    expect((await raw.receive()).at(-1)).toBe("1");
    await expect.poll(() => site.io.engine.clientsCount).toBe(0);
    expect(heard).toEqual(["any before", "before"]);
  });

  it("an event that the app's middleware holds reaches no handler", async () => {
    const { site } = await setUp();
    const heard = collectNotes(site);
    const step = new Gate();
    site.io.of("/private").on("connection", (socket) => {
      socket.use(async (_event, next) => {
        await step.pass();
        next();
      });
    });
    const client = await site.loggedIn();
    const { socket, closed } = await site.connect("/private", { client });
    socket.emit("note", "held");
    await step.arrived;
    await client.post("/logout");
    await closed;
    step.open();
    await sleep(20);
    expect(heard).toEqual(["any held"]);
  });
});

describe("a mistake in the app at the end", () => {
  it("a disconnect listener that throws is reported, and all sockets of the session end", async () => {
    const { site, errors } = await setUp();
    site.io.of("/private").on("connection", (socket: Socket) => {
      socket.on("disconnect", () => {
        throw new RangeError("thrown by the app");
      });
    });
    const client = await site.loggedIn();
    const first = await site.connect("/private", { client });
    const second = first.socket.io.socket("/second", {});
    await settle(second);
    const tab = await site.connect("/second", { client });
    await client.post("/logout");
    for (const { closed } of [first, tab]) expect((await closed).ended).toBe("logout");
    await expect.poll(() => [second.connected, site.io.engine.clientsCount]).toEqual([false, 0]);
    expect(errors.map(({ error }) => error.cause)).toEqual([new RangeError("thrown by the app")]);
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

/** Counts the listeners that are added to a manager's events from now on. */
function countListeners({ events }: Manager): () => number {
  let listening = 0;
  const on = events.on.bind(events);
  events.on = (name, listener) => {
    listening++;
    const off = on(name, listener);
    return () => {
      listening--;
      off();
    };
  };
  return () => listening;
}

describe("after sockets have closed", () => {
  it("accepted and rejected sockets leave no listener after a minute", async () => {
    const { site, manager } = await setUp();
    const listening = countListeners(manager);
    const sockets = [
      await site.connect("/private", { client: await site.loggedIn() }),
      await site.connect("/"),
    ];
    await site.reject("/private");
    expect(listening()).toBe(2);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      for (const { socket } of sockets) socket.disconnect();
      await expect.poll(() => site.io.engine.clientsCount).toBe(0);
      expect(listening()).toBe(2);
      vi.advanceTimersByTime(60_000);
      expect(listening()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("hundreds of closed sockets leave no socket, connection or request", async () => {
    const { site, manager } = await setUp();
    const listening = countListeners(manager);
    const kept: WeakRef<object>[] = [];
    const keep = (socket: Socket) => {
      for (const part of [socket, socket.conn, socket.request]) kept.push(new WeakRef(part));
    };
    for (const name of ["/", "/private", "/second"]) site.io.of(name).on("connection", keep);
    const client = await site.loggedIn();
    for (let turn = 0; turn < 10; turn++) {
      const opened = Array.from({ length: 30 }, (_, index) =>
        site.connect(index % 3 ? "/private" : "/", {
          transport: TRANSPORTS[turn % 2] ?? "polling",
          ...(index % 3 && { client }),
        }),
      );
      const all = await Promise.all(opened);
      await Promise.all(
        all.map(({ socket, closed }, index) => {
          if (index % 2)
            return settle(socket.io.socket("/second", {}))
              .catch(() => undefined)
              .finally(() => socket.disconnect());
          socket.disconnect();
          return closed;
        }),
      );
      expect(listening()).toBe(2);
    }
    site.forget();
    await expect.poll(() => site.io.engine.clientsCount).toBe(0);
    expect(kept.length).toBeGreaterThan(900);
    await collectGarbage();
    // The engine may still reference the last few.
    expect(kept.filter((each) => each.deref()).length).toBeLessThan(30);
  });
});
