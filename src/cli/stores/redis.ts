import { type RedisClient, type RedisSubscriber, redisPush, redisStore } from "../../stores/redis.ts";
import { type Connection, given, type StoreSettings } from "./connection.ts";
import { loadDriver } from "./driver.ts";

interface IoRedis {
  connect(): Promise<void>;
  call(command: string, args: string[]): Promise<unknown>;
  disconnect(): void;
  duplicate(options: object): IoRedis;
  on(event: "error", listener: (error: unknown) => void): unknown;
}

interface IoRedisModule {
  readonly Redis: new (url: string, options: object) => IoRedis;
  readonly Cluster: new (nodes: readonly string[], options: object) => IoRedis;
}

interface NodeRedis {
  connect(): Promise<unknown>;
  sendCommand(args: string[]): Promise<unknown>;
  destroy(): void;
  duplicate(): NodeRedis;
  on(event: "error", listener: (error: unknown) => void): unknown;
}

interface NodeRedisModule {
  createClient(options: object): NodeRedis;
  createCluster(options: object): NodeRedis;
}

/** A connected client, and how to open one more connection that receives events. */
interface OpenedClient {
  readonly client: RedisClient;
  readonly subscriber: () => RedisSubscriber;
  readonly close: () => void;
}

/** Connects to one server, or to the Cluster that the server belongs to. */
export async function connectRedis(
  url: string,
  { prefix, timeout, push = true, subscribes }: StoreSettings,
  cwd: string,
  onWarning: (message: string) => void,
): Promise<Connection> {
  const driver = loadDriver(["ioredis", "redis", "iovalkey"], cwd);
  const opened =
    driver.name === "redis"
      ? await openNodeRedis(driver.exports as NodeRedisModule, url)
      : await openIoRedis(driver.exports as IoRedisModule, url);
  const options = given({ prefix, timeout });
  const store = redisStore(opened.client, {
    ...options,
    onWarning,
    push: subscribes ? redisPush(opened.subscriber) : push,
  });
  return { toStore: () => store, engine: "Redis or Valkey", driver, close: async () => opened.close() };
}

async function openIoRedis({ Redis, Cluster }: IoRedisModule, url: string): Promise<OpenedClient> {
  // A person waits: the first failure is the answer.
  const options = {
    lazyConnect: true,
    connectTimeout: 5_000,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
  };
  const single = new Redis(url, options);
  await connect(single);
  const isCluster = String(await single.call("INFO", ["cluster"])).includes("cluster_enabled:1");
  const subscriber = () => single.duplicate(options) as unknown as RedisSubscriber;
  if (!isCluster)
    return { client: single as unknown as RedisClient, subscriber, close: () => single.disconnect() };
  const { username, password, protocol } = new URL(url);
  const redisOptions = {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(protocol === "rediss:" && { tls: {} }),
  };
  const cluster = new Cluster([url], { lazyConnect: true, redisOptions, clusterRetryStrategy: () => null });
  await connect(cluster);
  const close = () => {
    cluster.disconnect();
    single.disconnect();
  };
  return { client: cluster as unknown as RedisClient, subscriber, close };
}

async function openNodeRedis(
  { createClient, createCluster }: NodeRedisModule,
  url: string,
): Promise<OpenedClient> {
  const socket = { connectTimeout: 5_000, reconnectStrategy: false };
  const single = createClient({ url, socket });
  await connect(single);
  const isCluster = String(await single.sendCommand(["INFO", "cluster"])).includes("cluster_enabled:1");
  const subscriber = () => single.duplicate() as unknown as RedisSubscriber;
  if (!isCluster)
    return { client: single as unknown as RedisClient, subscriber, close: () => single.destroy() };
  const { username, password, protocol } = new URL(url);
  const defaults = {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    socket: { ...socket, ...(protocol === "rediss:" && { tls: true }) },
  };
  const cluster = createCluster({ rootNodes: [{ url }], defaults });
  await connect(cluster);
  const close = () => {
    cluster.destroy();
    single.destroy();
  };
  return { client: cluster as unknown as RedisClient, subscriber, close };
}

/** Connects, and rejects with the first error: ioredis itself rejects with "Connection is closed." */
async function connect(client: Pick<IoRedis, "on"> & { connect(): Promise<unknown> }): Promise<void> {
  let first: unknown;
  client.on("error", (error) => {
    first ??= error;
  });
  try {
    await client.connect();
  } catch (error) {
    throw first ?? error;
  }
}
