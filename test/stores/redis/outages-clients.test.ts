import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { Store } from "sessionup";
import { describe, expect, it } from "vitest";
import type { OpenStore } from "../../contract/backend.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { askRedis, startRedis } from "../../support/servers/redis.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { within } from "./_fixture.ts";
import { openIoredis, openIoredis5, openIovalkey, openNodeRedis, openNodeRedis5 } from "./_outage-clients.ts";

/** Longer than the reply timeout that docs/outages.md recommends, in milliseconds. */
const PAST_THE_LIMIT = 6_000;

const clients: ReadonlyArray<readonly [string, (port: number) => Promise<OpenStore>]> = [
  ["ioredis 6", (port) => openIoredis({ port })],
  ["ioredis 5", openIoredis5],
  ["iovalkey", openIovalkey],
  ["node-redis 6", openNodeRedis],
  ["node-redis 5", openNodeRedis5],
];

/** Returns whether the store answers within its timeout. */
async function answers(store: Store): Promise<boolean> {
  const [outcome] = await Promise.allSettled([store.fetchById(createRecord().id)]);
  return outcome.status === "fulfilled";
}

/** Returns the server's ids of the client's connections. */
async function connections(port: number): Promise<string[]> {
  const list = String(await askRedis(port, "CLIENT", "LIST"));
  const asked = list.split("\n").filter((line) => line && !line.includes("cmd=client|list"));
  return asked.map((line) => /^id=(\d+)/.exec(line)?.[1] ?? "").sort();
}

// These tests mostly wait, so they run concurrently.
describe.concurrent.each(clients)(
  "redisStore over %s with the settings of docs/outages.md",
  (_title, open) => {
    it("keeps the new connection after the server was killed and restarted", async () => {
      const server = await startRedis();
      const { store, close } = await open(server.port);
      try {
        await store.create(createRecord(), { now: NOW });
        // The server dies while the client waits for a reply.
        await server.process.signal("SIGSTOP");
        const waiting = answers(store);
        await pause(100);
        await server.process.signal("SIGKILL");
        expect(await waiting).toBe(false);
        await server.process.start(server.port);
        assert.ok(await within(10_000, () => answers(store)), "no recovery");
        const before = await connections(server.port);
        expect(before).toHaveLength(1);
        await pause(PAST_THE_LIMIT);
        expect(await answers(store)).toBe(true);
        expect(await connections(server.port)).toEqual(before);
      } finally {
        await close();
        await server.stop();
      }
    }, 40_000);

    it("replaces a connection that has gone silent", async () => {
      const server = await startRedis();
      const proxy = await new TcpProxy(server.port).start();
      const { store, close } = await open(proxy.port);
      try {
        expect(await answers(store)).toBe(true);
        proxy.silence();
        expect(await answers(store)).toBe(false);
        assert.ok(await within(20_000, () => answers(store)), "no recovery");
      } finally {
        await close();
        await proxy.stop();
        await server.stop();
      }
    }, 40_000);
  },
);
