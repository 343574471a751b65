import { Redis, type RedisOptions } from "ioredis";
import * as ioredis5 from "ioredis5";
import * as iovalkey from "iovalkey";
import { createClient } from "redis";
import * as redis5 from "redis5";
import { type IoRedisClient, type NodeRedisClient, redisStore } from "sessionup/stores/redis";
import type { OpenStore } from "../../contract/backend.ts";

/** The options of ioredis that the tests set. */
type IoRedisOptions = Pick<
  RedisOptions,
  "port" | "sentinels" | "name" | "sentinelRetryStrategy" | "reconnectOnError"
>;

/** The options that docs/outages.md recommends for ioredis 5. */
const IOREDIS_5 = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 4_000,
  retryStrategy: (times: number): number => Math.min(50 * times, 1_000),
  lazyConnect: true,
};

/** The options that docs/outages.md recommends for ioredis 6 and iovalkey. */
const IOREDIS = { ...IOREDIS_5, socketTimeout: 4_000 };

/** The options that docs/outages.md recommends for node-redis. */
export const NODE_REDIS = {
  disableOfflineQueue: true,
  pingInterval: 1_000,
  socket: {
    connectTimeout: 4_000,
    socketTimeout: 4_000,
    reconnectStrategy: (retries: number): number => Math.min(50 * 2 ** retries, 1_000),
  },
};

export function openIoredis(options: IoRedisOptions): Promise<OpenStore> {
  return opened(new Redis({ ...IOREDIS, ...options }));
}

export function openIovalkey(port: number): Promise<OpenStore> {
  return opened(new iovalkey.Redis({ ...IOREDIS, port }));
}

export async function openIoredis5(port: number): Promise<OpenStore> {
  const client = new ioredis5.Redis({ ...IOREDIS_5, port });
  // docs/outages.md shows this watchdog.
  let heard = performance.now();
  const hear = () => {
    heard = performance.now();
  };
  client.on("connect", hear);
  const watch = setInterval(() => {
    if (client.status === "ready") client.ping().then(hear, () => undefined);
    const isOpen = client.status === "ready" || client.status === "connect";
    if (isOpen && performance.now() - heard > 4_000) client.disconnect(true);
  }, 1_000);
  const { store, close } = await opened(client);
  return {
    store,
    close: async () => {
      clearInterval(watch);
      await close();
    },
  };
}

async function opened(
  client: IoRedisClient & {
    on(event: "error", listener: () => void): unknown;
    connect(): Promise<unknown>;
    disconnect(): void;
  },
): Promise<OpenStore> {
  client.on("error", () => undefined);
  await client.connect();
  const store = redisStore(client, { timeout: "1s" });
  const close = async () => {
    await store.close?.();
    client.disconnect();
  };
  return { store, close };
}

export function openNodeRedis(port: number): Promise<OpenStore> {
  return watched(createClient({ ...NODE_REDIS, socket: { ...NODE_REDIS.socket, port } }));
}

export function openNodeRedis5(port: number): Promise<OpenStore> {
  return watched(redis5.createClient({ ...NODE_REDIS, socket: { ...NODE_REDIS.socket, port } }));
}

async function watched(
  client: NodeRedisClient & {
    readonly isReady: boolean;
    on(event: string, listener: () => void): unknown;
    connect(): Promise<unknown>;
    destroy(): void;
  },
): Promise<OpenStore> {
  client.on("error", () => undefined);
  // docs/outages.md shows this watchdog. Writes reset a socket's timeout, so the timeout misses a silent connection.
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
