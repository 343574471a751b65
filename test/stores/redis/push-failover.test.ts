import { Redis } from "ioredis";
import { createClient, createSentinel } from "redis";
import type { Store } from "sessionup";
import { type RedisSubscriber, redisPush, redisStore } from "sessionup/stores/redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { HeardEvents } from "../../support/heard-events.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { askRedis, startRedis } from "../../support/servers/redis.ts";
import { startRedisSentinel } from "../../support/servers/redis-sentinel.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";

const HEARTBEAT = { heartbeat: "1s" } as const;
/** The time within which a failover and a connection that does not open are over. */
const PATIENCE = { timeout: 50_000 };

async function countSubscribers(port: number): Promise<unknown> {
  const [, count] = (await askRedis(port, "PUBSUB", "NUMSUB", "sessionup:push")) as readonly unknown[];
  return count;
}

/** Ends new sessions until one of the events arrives. Right after a failover, the store has to find its server first. */
async function expectEvent(store: Store, heard: HeardEvents): Promise<void> {
  const before = heard.ids.length;
  const endOne = async () => {
    const record = createRecord();
    await store.create(record, { now: NOW });
    await store.deleteById(record.id, { reason: "revoked", now: NOW });
  };
  const countHeard = async () => {
    await endOne().catch(() => undefined);
    return heard.ids.length;
  };
  await expect.poll(countHeard, PATIENCE).toBeGreaterThan(before);
}

async function subscribe(store: Store): Promise<HeardEvents> {
  onTestFinished(() => store.close?.());
  const heard = new HeardEvents();
  await store.subscribe?.(heard);
  await expectEvent(store, heard);
  expect(heard.states.at(-1)).toBe(true);
  return heard;
}

/** Waits until the channel was lost and is up again. On a busy machine, a late heartbeat is another loss. */
async function expectRecovery({ states }: HeardEvents): Promise<void> {
  await expect.poll(() => states.length > 2 && states.at(-1), PATIENCE).toBe(true);
}

describe("a subscriber of redisStore that found the primary by Sentinel", () => {
  const stores: Record<string, (name: string, port: number) => Promise<Store>> = {
    async ioredis(name, port) {
      const sentinels = [{ host: "127.0.0.1", port }];
      const open = () =>
        new Redis({ sentinels, name, sentinelRetryStrategy: () => 100, failoverDetector: true });
      const client = open().on("error", () => undefined);
      onTestFinished(() => client.disconnect());
      return redisStore(client, { timeout: "1s", push: redisPush(open, HEARTBEAT) });
    },
    async "node-redis"(name, port) {
      const sentinelRootNodes = [{ host: "127.0.0.1", port }];
      const sentinel = createSentinel({ name, sentinelRootNodes, scanInterval: 500 });
      sentinel.on("error", () => undefined);
      await sentinel.connect();
      onTestFinished(() => sentinel.destroy());
      const open = () => {
        const primary = sentinel.getMasterNode();
        if (!primary) throw new Error("The sentinel has not found the primary yet.");
        return createClient({ socket: { host: primary.host, port: primary.port } });
      };
      return redisStore(sentinel, { timeout: "1s", push: redisPush(open, HEARTBEAT) });
    },
  };

  it.each(Object.keys(stores))("follows a failover with %s", async (client) => {
    const { name, port, primary, replica, stop } = await startRedisSentinel();
    onTestFinished(stop);
    const store = await stores[client]?.(name, port);
    if (!store) throw new Error(client);
    const heard = await subscribe(store);
    await primary.process.signal("SIGKILL");
    await expectRecovery(heard);
    await expectEvent(store, heard);
    await expect.poll(() => countSubscribers(replica.port)).toBe(1);
  });

  it.each(Object.keys(stores))("leaves a primary that became a replica with %s", async (client) => {
    const { name, port, primary, replica, stop } = await startRedisSentinel();
    onTestFinished(stop);
    const store = await stores[client]?.(name, port);
    if (!store) throw new Error(client);
    const heard = await subscribe(store);
    // The sentinel may not have heard of the replica yet.
    const failover = () => askRedis(port, "SENTINEL", "FAILOVER", name).catch(String);
    await expect.poll(failover, PATIENCE).toBe("OK");
    // The former primary stays a primary for some seconds, and the connection for events would stay open.
    await expectRecovery(heard);
    await expectEvent(store, heard);
    await expect.poll(() => countSubscribers(replica.port)).toBe(1);
    await expect.poll(() => countSubscribers(primary.port)).toBe(0);
  });
});

describe("a subscriber of redisStore after the promotion of a replica", () => {
  const subscribers: Record<string, (port: number) => RedisSubscriber> = {
    ioredis: (port) => new Redis(port, "127.0.0.1"),
    "node-redis": (port) => createClient({ url: `redis://127.0.0.1:${port}` }),
  };

  /** A primary and its replica, and two addresses: the store's and that of its connection for events. */
  async function pair(subscriber: (port: number) => RedisSubscriber) {
    const primary = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
    onTestFinished(primary.stop);
    const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${primary.port}`] });
    onTestFinished(replica.stop);
    const ports = { store: primary.port, events: primary.port };
    const [address, eventAddress] = await Promise.all([
      new TcpProxy(() => ports.store).start(),
      new TcpProxy(() => ports.events).start(),
    ]);
    for (const each of [address, eventAddress]) onTestFinished(() => each.stop());
    const client = new Redis(address.port, "127.0.0.1").on("error", () => undefined);
    onTestFinished(() => client.disconnect());
    const push = redisPush(() => subscriber(eventAddress.port), HEARTBEAT);
    const store = redisStore(client, { timeout: "1s", push });
    return { primary, replica, ports, address, eventAddress, store };
  }

  it.each(Object.entries(subscribers))(
    "reaches the new primary by the same address with %s",
    async (_, open) => {
      const { primary, replica, ports, store } = await pair(open);
      const heard = await subscribe(store);
      await primary.process.signal("SIGKILL");
      await expect.poll(() => heard.states.at(-1)).toBe(false);
      await askRedis(replica.port, "REPLICAOF", "NO", "ONE");
      ports.store = ports.events = replica.port;
      await expectRecovery(heard);
      await expectEvent(store, heard);
    },
  );

  it.each(Object.entries(subscribers))(
    "is not up while it reconnects to the former primary with %s",
    async (_, open) => {
      const { replica, ports, address, eventAddress, store } = await pair(open);
      const heard = await subscribe(store);
      await askRedis(replica.port, "REPLICAOF", "NO", "ONE");
      ports.store = replica.port;
      // The former primary is alive and answers, but the store publishes elsewhere.
      const before = eventAddress.accepted;
      address.cutAll();
      eventAddress.cutAll();
      await expect.poll(() => heard.states.at(-1)).toBe(false);
      // The store may close the connection at once.
      await expect.poll(() => eventAddress.accepted).toBeGreaterThan(before);
      ports.events = replica.port;
      await expectRecovery(heard);
      await expectEvent(store, heard);
    },
  );
});
