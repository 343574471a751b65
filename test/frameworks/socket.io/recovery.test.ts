/** Connection state recovery: a client that lost its connection comes back as the socket that it had. */

import { Manager, type SessionEvents } from "sessionup";
import { TestClock } from "sessionup/testing";
import type { Server } from "socket.io";
import { afterEach, describe, expect, it } from "vitest";
import type { ContractClient } from "../../../src/testing/adapter/client.ts";
import { SwitchableStore } from "../../../src/testing/adapter/fixture.ts";
import { type Connected, IoSite, type SiteOptions, settle } from "./site.ts";

const sites: IoSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function setUp(given: Omit<SiteOptions, "manager"> = {}) {
  const clock = new TestClock();
  const store = new SwitchableStore();
  const manager = new Manager(store, { clock: clock.now });
  const io = { connectionStateRecovery: { skipMiddlewares: false } };
  const site = await IoSite.start({ manager, io, ...given });
  sites.push(site);
  const errors: SessionEvents["error"][] = [];
  manager.events.on("error", (event) => errors.push(event));
  return { clock, store, manager, site, errors };
}

/** A client that has received an event and lost its connection. Keeps all packets that it receives afterwards. */
class Interrupted {
  readonly packets: string[] = [];
  readonly #connected: Connected;

  private constructor(connected: Connected) {
    this.#connected = connected;
    const { io } = connected.socket;
    io.on("open", () => io.engine.on("packet", ({ data }) => this.packets.push(String(data))));
  }

  static async start(site: IoSite, client?: ContractClient): Promise<Interrupted> {
    const namespace = client ? "/private" : "/";
    const connected = await site.connect(namespace, client && { client });
    await expect.poll(() => connected.got).toHaveLength(1);
    const interrupted = new Interrupted(connected);
    connected.socket.io.engine.close();
    await expect.poll(() => site.io.of(namespace).sockets.size).toBe(0);
    site.io.of(namespace).emit("news", "missed");
    return interrupted;
  }

  /** Connects again. Returns whether the client came back as the socket that it had. */
  async comeBack(cookie?: string): Promise<boolean> {
    const { socket } = this.#connected;
    socket.io.reconnection(true);
    socket.io.reconnectionDelay(10);
    if (cookie) socket.io.opts.extraHeaders = { cookie };
    socket.connect();
    await settle(socket);
    return socket.recovered;
  }

  hasNews(): boolean {
    return this.packets.some((packet) => packet.includes("missed"));
  }
}

describe("connectionStateRecovery with skipMiddlewares: false", () => {
  it("a client of a live session and a guest come back and receive what they missed", async () => {
    const { site } = await setUp();
    for (const client of [await site.loggedIn(), undefined]) {
      const interrupted = await Interrupted.start(site, client);
      expect(await interrupted.comeBack()).toBe(true);
      expect(interrupted.hasNews()).toBe(true);
    }
  });

  it("a client that came back is disconnected when its session ends", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const interrupted = await Interrupted.start(site, client);
    await interrupted.comeBack();
    await client.post("/logout");
    await expect.poll(() => interrupted.packets.join()).toContain('["session_ended","logout"');
    await expect(interrupted.comeBack()).rejects.toMatchObject({ data: { status: 401 } });
  });

  it("a client whose session ended meanwhile is rejected and receives nothing that it missed", async () => {
    const { site, manager } = await setUp();
    const interrupted = await Interrupted.start(site, await site.loggedIn());
    await manager.revokeByUserKey("ann");
    await expect(interrupted.comeBack()).rejects.toMatchObject({ data: { reason: "unknown" } });
    expect(interrupted.hasNews()).toBe(false);
  });

  it("a client whose session expired meanwhile is rejected and receives nothing that it missed", async () => {
    const { site, clock } = await setUp();
    const interrupted = await Interrupted.start(site, await site.loggedIn());
    clock.advance("24h");
    await expect(interrupted.comeBack()).rejects.toMatchObject({ data: { reason: "expired" } });
    expect(interrupted.hasNews()).toBe(false);
  });

  it("a client with the secret that the app replaced meanwhile connects as a new socket", async () => {
    const { site } = await setUp();
    const client = await site.loggedIn();
    const interrupted = await Interrupted.start(site, client);
    await client.post("/rotate");
    expect(await interrupted.comeBack()).toBe(false);
    expect(interrupted.hasNews()).toBe(false);
  });

  it("a client of an old secret does not come back after its 30 seconds", async () => {
    const { site, clock } = await setUp();
    const client = await site.loggedIn();
    const copy = site.client();
    copy.keep([`__Host-sessionup=${client.token()}`]);
    await client.post("/rotate");
    const interrupted = await Interrupted.start(site, copy);
    clock.advance("30s");
    expect(await interrupted.comeBack(client.cookieHeader())).toBe(false);
    expect(interrupted.hasNews()).toBe(false);
  });

  it("a client is rejected with 503 while the store does not answer", async () => {
    const { site, store } = await setUp();
    const interrupted = await Interrupted.start(site, await site.loggedIn());
    store.down = true;
    await expect(interrupted.comeBack()).rejects.toMatchObject({ data: { status: 503 } });
    expect(interrupted.hasNews()).toBe(false);
  });

  it("a client that presents another session loses the connection, and then connects as a new socket", async () => {
    const { site } = await setUp();
    const interrupted = await Interrupted.start(site, await site.loggedIn("ann"));
    const bob = await site.loggedIn("bob");
    let rooms: readonly string[] = [];
    site.io.of("/private").on("connection", (socket) => {
      rooms = [...socket.rooms];
    });
    expect(await interrupted.comeBack(bob.cookieHeader())).toBe(false);
    expect(rooms).not.toContain(site.sessions.userRoom("ann"));
    expect(rooms).toContain(site.sessions.userRoom("bob"));
  });
});

describe("connectionStateRecovery with other settings", () => {
  it.each<[what: string, io: SiteOptions["io"] & object, prepare: (io: Server) => unknown, message: RegExp]>([
    [
      "without skipMiddlewares: false",
      { connectionStateRecovery: {} },
      () => {},
      /requires skipMiddlewares: false/,
    ],
    [
      "with another adapter",
      { connectionStateRecovery: { skipMiddlewares: false } },
      (io) => io.adapter(Object.getPrototypeOf(Object.getPrototypeOf(io.of("/").adapter)).constructor),
      /requires Socket\.IO's own adapter/,
    ],
  ])(
    "%s, every socket is rejected with 500, and the error event says why",
    async (_, io, prepare, message) => {
      const { site, errors } = await setUp({ io, prepare });
      const client = await site.loggedIn();
      for (const namespace of ["/", "/private", "/private"])
        expect((await site.reject(namespace, { client })).data).toEqual({ status: 500, error: "internal" });
      expect(errors).toHaveLength(3);
      for (const { error } of errors) expect((error.cause as Error).message).toMatch(message);
    },
  );
});
