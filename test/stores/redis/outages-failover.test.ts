import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { createSentinel } from "redis";
import { redisStore } from "sessionup/stores/redis";
import { afterEach, describe, expect, it } from "vitest";
import type { OpenStore } from "../../contract/backend.ts";
import { startApp } from "../../contract/outages/app.ts";
import {
  commute,
  createLogs,
  eventually,
  expectKept,
  expectOutage,
  expectRecovery,
  untilSome,
} from "../../contract/outages/traffic.ts";
import { signIn, stranger } from "../../contract/outages/visitor.ts";
import { askRedis, startRedis } from "../../support/servers/redis.ts";
import { startRedisSentinel } from "../../support/servers/redis-sentinel.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { NODE_REDIS, openIoredis, openNodeRedis } from "./_outage-clients.ts";

const cleanUps: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function appOver(open: OpenStore) {
  cleanUps.push(open.close);
  const app = await startApp(open.store);
  cleanUps.push(app.close);
  return app;
}

/** Waits until a replica has received all writes that the primary has done so far. */
async function replicated(port: number): Promise<void> {
  const client = new Redis(port);
  try {
    // WAIT covers only writes of its own connection, and replicas receive all writes in order.
    await client.set("marker", "1");
    assert.equal(await client.wait(1, 5_000), 1);
  } finally {
    client.disconnect();
  }
}

/** Starts a primary and a replica behind an address that `promote` moves to the replica. */
async function pair() {
  const primary = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
  cleanUps.push(() => primary.stop());
  const link = await new TcpProxy(primary.port).start();
  cleanUps.push(() => link.stop());
  const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${link.port}`] });
  cleanUps.push(() => replica.stop());
  await replicated(primary.port);
  let port = primary.port;
  const proxy = await new TcpProxy(() => port).start();
  cleanUps.push(() => proxy.stop());
  const promote = async () => {
    await askRedis(replica.port, "REPLICAOF", "NO", "ONE");
    port = replica.port;
  };
  return { primary, replica, link, proxy, promote };
}

describe("redisStore after a failover to a replica", () => {
  it.each([
    ["ioredis", (port: number) => openIoredis({ port })],
    ["node-redis", openNodeRedis],
  ] as const)("keeps every replicated write with %s", async (_, open) => {
    const { primary, proxy, promote } = await pair();
    const app = await appOver(await open(proxy.port));
    const visitors = await signIn(app.origin, 3);
    let over = false;
    const acknowledged = createLogs(4);
    const commuting = acknowledged.map((each) => commute(app.origin, () => over, each));
    await untilSome(acknowledged);
    over = true;
    await Promise.all(commuting);
    await replicated(primary.port);
    await primary.process.signal("SIGKILL");
    await expectOutage(app.origin, visitors);
    await promote();
    await expectRecovery(visitors);
    await expectKept(acknowledged);
    expect((await stranger(app.origin).login()).status).toBe(200);
  });

  it("loses writes that were not replicated: a login is lost, and an ended session is live again", async () => {
    const { primary, link, proxy, promote } = await pair();
    const app = await appOver(await openIoredis({ port: proxy.port }));
    const [leaving = assert.fail(), staying = assert.fail()] = await signIn(app.origin, 2, 1);
    await replicated(primary.port);
    await link.refuse();
    const newcomer = stranger(app.origin);
    expect((await newcomer.login()).status).toBe(200);
    const former = leaving.copy();
    expect((await leaving.ask("/logout")).status).toBe(200);
    await primary.process.signal("SIGKILL");
    await promote();
    await expectRecovery([staying]);
    expect((await eventually(() => newcomer.ask("/me"))).status).toBe(401);
    // The store cannot know more than its engine.
    expect((await eventually(() => former.ask("/me"))).status).toBe(200);
  });

  it("does not write to a primary that became a replica, and reconnects to the new primary", async () => {
    const { primary, replica, proxy, promote } = await pair();
    const reconnectOnError = (error: Error) => error.message.includes("READONLY");
    const app = await appOver(await openIoredis({ port: proxy.port, reconnectOnError }));
    const visitors = await signIn(app.origin, 2);
    await replicated(primary.port);
    await promote();
    await askRedis(primary.port, "REPLICAOF", "127.0.0.1", `${replica.port}`);
    // The client is still connected to the old primary, as behind an address that is resolved once.
    const newcomer = stranger(app.origin);
    expect((await eventually(() => newcomer.login())).status).toBe(200);
    await expectRecovery([...visitors, newcomer]);
  });

  it.each([
    [
      "ioredis",
      (name: string, port: number) =>
        openIoredis({ sentinels: [{ host: "127.0.0.1", port }], name, sentinelRetryStrategy: () => 100 }),
    ],
    ["node-redis", openSentinel],
  ] as const)("follows Sentinel to the replica with %s", async (_, open) => {
    const sentinel = await startRedisSentinel();
    cleanUps.push(() => sentinel.stop());
    const app = await appOver(await open(sentinel.name, sentinel.port));
    const visitors = await signIn(app.origin, 3);
    await replicated(sentinel.primary.port);
    await sentinel.primary.process.signal("SIGKILL");
    await expectRecovery(visitors);
    expect((await eventually(() => stranger(app.origin).login())).status).toBe(200);
  });
});

async function openSentinel(name: string, port: number): Promise<OpenStore> {
  const client = createSentinel({
    name,
    sentinelRootNodes: [{ host: "127.0.0.1", port }],
    nodeClientOptions: NODE_REDIS,
    scanInterval: 500,
  });
  client.on("error", () => undefined);
  await client.connect();
  const store = redisStore(client, { timeout: "1s" });
  const close = async () => {
    await store.close?.();
    client.destroy();
  };
  return { store, close };
}
