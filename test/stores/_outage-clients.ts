import { Redis, type RedisOptions } from "ioredis";
import { createClient } from "redis";
import { redisStore } from "sessionup/stores/redis";
import type { OpenStore } from "./_backend.ts";

/** What docs/outages.md recommends for ioredis. */
const IOREDIS = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 4_000,
  socketTimeout: 4_000,
  retryStrategy: (times: number): number => Math.min(50 * times, 1_000),
  lazyConnect: true,
} satisfies RedisOptions;

/** What docs/outages.md recommends for node-redis. */
export const NODE_REDIS = {
  disableOfflineQueue: true,
  pingInterval: 1_000,
  socket: {
    connectTimeout: 4_000,
    socketTimeout: 4_000,
    reconnectStrategy: (retries: number): number => Math.min(50 * 2 ** retries, 1_000),
  },
};

export async function openIoredis(options: RedisOptions): Promise<OpenStore> {
  const client = new Redis({ ...IOREDIS, ...options });
  client.on("error", () => undefined);
  await client.connect();
  const store = redisStore(client, { timeout: "1s" });
  const close = async () => {
    await store.close?.();
    client.disconnect();
  };
  return { store, close };
}

export async function openNodeRedis(port: number): Promise<OpenStore> {
  const client = createClient({ ...NODE_REDIS, socket: { ...NODE_REDIS.socket, port } });
  client.on("error", () => undefined);
  // The watch that docs/outages.md shows: writes keep a socket's timeout from ending a connection that has gone silent.
  let heard = performance.now();
  for (const event of ["ready", "ping-interval"]) {
    client.on(event, () => {
      heard = performance.now();
    });
  }
  const watch = setInterval(() => {
    if (!client.isReady || performance.now() - heard < 4_000) return;
    client.destroy();
    void client.connect();
  }, 1_000);
  await client.connect();
  const store = redisStore(client, { timeout: "1s" });
  const close = async () => {
    clearInterval(watch);
    await store.close?.();
    client.destroy();
  };
  return { store, close };
}
