import { Redis } from "ioredis";
import { createClient } from "redis";
import { redisStore } from "sessionup/stores/redis";
import { afterAll } from "vitest";
import { startRedis } from "../support/servers/redis.ts";
import { failing } from "./_outage-servers.ts";
import { outageSuite } from "./_outages.ts";

const redis = await startRedis({ appendonly: true });
afterAll(() => redis.stop());
const server = failing(redis, "SIGTERM");

outageSuite({
  store: "redis",
  client: "ioredis",
  server,
  connections: 1,
  async open(port) {
    const client = new Redis({
      port,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
      socketTimeout: 2_000,
      retryStrategy: (times) => Math.min(50 * times, 1_000),
      lazyConnect: true,
    });
    client.on("error", () => undefined);
    await client.connect();
    const store = redisStore(client, { timeout: "1s" });
    return {
      store,
      close: async () => {
        await store.close?.();
        client.disconnect();
      },
    };
  },
});

outageSuite({
  store: "redis",
  client: "node-redis",
  server,
  connections: 1,
  async open(port) {
    const client = createClient({
      disableOfflineQueue: true,
      pingInterval: 1_000,
      socket: {
        port,
        connectTimeout: 2_000,
        socketTimeout: 2_000,
        reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1_000),
      },
    });
    client.on("error", () => undefined);
    // What docs/outages.md shows: writes keep its socket's timeout from ending a connection that has gone silent.
    let heard = performance.now();
    for (const event of ["ready", "ping-interval"]) {
      client.on(event, () => {
        heard = performance.now();
      });
    }
    const watch = setInterval(() => {
      if (!client.isReady || performance.now() - heard < 3_000) return;
      client.destroy();
      void client.connect();
    }, 1_000);
    await client.connect();
    const store = redisStore(client, { timeout: "1s" });
    return {
      store,
      close: async () => {
        clearInterval(watch);
        await store.close?.();
        client.destroy();
      },
    };
  },
});
