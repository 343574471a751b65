/** Two servers behind one Redis: with Socket.IO's adapter for rooms, and with the store's push for sessions that end. */

import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Manager } from "sessionup";
import { liveSessions } from "sessionup/live";
import { redisPush, redisStore } from "sessionup/stores/redis";
import type { Socket } from "socket.io";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../support/servers/redis.ts";
import { IoSite, TRANSPORTS } from "./site.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Starts a server. With `push: false` it receives no events of the store. */
async function startNode({ push = true } = {}) {
  const clients: Redis[] = [];
  const open = () => {
    const client = new Redis(server.url);
    clients.push(client);
    return client;
  };
  const store = redisStore(open(), { push: push ? redisPush(open) : true });
  const manager = new Manager(store, { live: liveSessions({ recheck: push ? "24d" : "1s" }) });
  const site = await IoSite.start({ manager, io: { adapter: createAdapter(open(), open()) } });
  closing.push(async () => {
    await site.close();
    // The adapter unsubscribes without waiting. A command that finds the connection closed would reject.
    for (const client of clients) await client.quit().catch(() => undefined);
  });
  return site;
}

/** Two servers, once each knows that the other is there. */
async function startNodes(ofB = {}) {
  const [a, b] = [await startNode(), await startNode(ofB)];
  for (const name of ["/", "/private", "/second"])
    await expect.poll(() => a.io.of(name).adapter.serverCount()).toBe(2);
  return { a, b };
}

describe.each(TRANSPORTS)("two servers with Redis over %s", (transport) => {
  it("an event to userRoom reaches all sockets of the user, on both servers, and no others", async () => {
    const { a, b } = await startNodes();
    const keys = ["ann", "bob", "ann:session:1", "a\u0000ü 🦊"];
    const sockets = new Map<string, Awaited<ReturnType<IoSite["connect"]>>[]>();
    for (const key of keys) {
      const client = await a.loggedIn(key);
      sockets.set(key, [
        await a.connect("/private", { transport, client }),
        await b.connect("/private", { transport, client }),
      ]);
    }
    for (const key of keys) a.io.of("/private").to(a.sessions.userRoom(key)).emit("for", key);
    for (const [key, both] of sockets)
      for (const { got } of both)
        await expect
          .poll(() => got)
          .toEqual([
            ["hello", key],
            ["for", key],
          ]);
  });

  it("an event to sessionRoom reaches the sockets of that session, on both servers", async () => {
    const { a, b } = await startNodes();
    const [client, other] = [await a.loggedIn(), await a.loggedIn()];
    const mine = await b.connect("/private", { transport, client });
    const another = await b.connect("/private", { transport, client: other });
    const { sessions, io } = a;
    io.of("/private")
      .to(sessions.sessionRoom(client.token().split(".")[0] ?? ""))
      .emit("only", "you");
    io.of("/private").emit("to", "all");
    await expect
      .poll(() => mine.got.slice(1))
      .toEqual([
        ["only", "you"],
        ["to", "all"],
      ]);
    await expect.poll(() => another.got.slice(1)).toEqual([["to", "all"]]);
  });

  it("a session that ends on one server ends its sockets on the other, with the reason", async () => {
    const { a, b } = await startNodes();
    const client = await a.loggedIn();
    const { closed } = await b.connect("/private", { transport, client });
    const kept = await b.connect("/private", { transport, client: await a.loggedIn() });
    await client.post("/logout");
    expect(await closed).toEqual({ ended: "logout", reason: "io server disconnect" });
    expect(await kept.ask("still")).toBe("got still");
  });
});

describe("two servers with Redis", () => {
  it("a secret that is replaced on one server ends the sockets on the other", async () => {
    const { a, b } = await startNodes();
    const client = await a.loggedIn();
    const { closed } = await b.connect("/private", { client });
    await client.post("/rotate");
    expect((await closed).ended).toBe("rotated");
  });

  it("sockets end at the next recheck on a server that receives no events of the store", async () => {
    const { a, b } = await startNodes({ push: false });
    const client = await a.loggedIn();
    const { closed } = await b.connect("/private", { client });
    await client.post("/logout");
    expect((await closed).ended).toBe("unknown");
  });

  it("a client cannot join the room of another user by its name", async () => {
    const { a, b } = await startNodes();
    for (const site of [a, b])
      for (const name of ["/", "/private"])
        site.io.of(name).on("connection", (socket: Socket) => {
          // Many apps join a chat room like this.
          socket.on("enter", async (room, reply) => {
            await socket.join(room);
            reply([...socket.rooms].length);
          });
        });
    const { userRoom, sessionRoom } = a.sessions;
    const ann = await a.loggedIn("ann");
    const rooms = [userRoom("ann"), sessionRoom(ann.token().split(".")[0] ?? "")];
    const bob = await b.connect("/private", { client: await a.loggedIn("bob") });
    const guest = await b.connect("/");
    for (const { socket } of [bob, guest])
      for (const room of [...rooms, rooms]) await socket.emitWithAck("enter", room);
    await a.io.of("/private").in(userRoom("bob")).socketsJoin(userRoom("ann"));
    expect(await bob.socket.emitWithAck("enter", "chat")).toBe(4);
    for (const name of ["/", "/private"]) {
      a.io.of(name).to(rooms).emit("for", "ann");
      a.io.of(name).to("chat").emit("chat", "for all");
    }
    a.io.of("/").emit("to", "all");
    await expect.poll(() => bob.got.slice(1)).toEqual([["chat", "for all"]]);
    await expect.poll(() => guest.got.slice(1)).toEqual([["to", "all"]]);
  });
});
