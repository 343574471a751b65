import { invalidOption } from "../../options/parsers.ts";
import type { Store } from "../../store.ts";
import {
  addSubscribe,
  Echo,
  type PushConnection,
  type PushOptions,
  parseHeartbeat,
  withHeartbeat,
} from "../shared/push-channel.ts";

/** The members of a `Redis` of ioredis or of iovalkey that receive events. */
export interface IoRedisSubscriber {
  readonly isCluster: boolean;
  readonly status: string;
  connect(): Promise<void>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  // biome-ignore lint/suspicious/noExplicitAny: the listeners of each event have their own parameters
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** The members of node-redis' `createClient()` that receive events. */
export interface NodeRedisSubscriber {
  readonly isOpen: boolean;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => unknown): Promise<unknown>;
  destroy(): void;
  // biome-ignore lint/suspicious/noExplicitAny: the listeners of each event have their own parameters
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** A connection that only receives events. */
export type RedisSubscriber = IoRedisSubscriber | NodeRedisSubscriber;

/** The result of `redisPush`, for the option `push` of `redisStore`. */
export interface RedisPush {
  /** Adds `subscribe` to a store. `redisStore` calls it. `publish` sends an empty message to a channel by the store's client. */
  attach(store: Store, channel: string, publish: (channel: string) => Promise<unknown>): Store;
}

/**
 * Lets `redisStore` report the sessions that end or change in any process: the store then has `subscribe`. `open` returns a
 * new client for the connection that receives events, usually `client.duplicate()`. The store connects it, closes it, and
 * calls `open` again when the connection is lost. With `createSentinel`, open a client of the node that `getMasterNode()`
 * returns.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { createClient } from "redis";
 * import { redisPush, redisStore } from "sessionup/stores/redis";
 *
 * const client = await createClient().on("error", console.error).connect();
 * const store = redisStore(client, { push: redisPush(() => client.duplicate()) });
 * ```
 */
export function redisPush(open: () => RedisSubscriber, options: PushOptions = {}): RedisPush {
  if (typeof open !== "function") throw invalidOption("open", "a function that returns a client", open);
  const heartbeat = parseHeartbeat(options, "redisPush");
  return {
    attach: (store, channel, publish) =>
      addSubscribe(
        store,
        withHeartbeat((receive, lose) => {
          // Only this connection subscribes to it, so that heartbeats do not reach other processes.
          const own = `${channel}:${crypto.randomUUID()}`;
          const echo = new Echo(() => publish(own));
          const messages = new Map([
            [channel, receive],
            [own, () => echo.arrive()],
          ]);
          const ask = () => echo.ask();
          return { ...connect(open(), messages, lose), probe: ask, ping: ask };
        }, heartbeat),
        // The user key of an index is escaped as in JSON, so the message contains the user key itself.
        (userKey) => userKey,
      ),
  };
}

/** The channels of a connection, each with the function that receives its messages. */
type Channels = ReadonlyMap<string, (message: string) => void>;

function connect(
  client: RedisSubscriber,
  channels: Channels,
  lose: (error: unknown) => void,
): PushConnection {
  if (isNodeRedis(client)) return connectNodeRedis(client, channels, lose);
  if (isIoRedis(client)) return connectIoRedis(client, channels, lose);
  throw new TypeError(
    "redisPush must open a Redis of ioredis or iovalkey, or a client of node-redis' createClient. In a Cluster, connect it to one node. With createSentinel, connect it to the node that getMasterNode() returns.",
  );
}

function isNodeRedis(client: RedisSubscriber): client is NodeRedisSubscriber {
  return (
    "destroy" in client && "isOpen" in client && !("nodeByAddress" in client || "getMasterNode" in client)
  );
}

function isIoRedis(client: RedisSubscriber): client is IoRedisSubscriber {
  return "status" in client && "isCluster" in client && !client.isCluster;
}

function connectNodeRedis(
  client: NodeRedisSubscriber,
  channels: Channels,
  lose: (error: unknown) => void,
): PushConnection {
  client.on("error", lose);
  client.on("end", lose);
  const start = async () => {
    await client.connect();
    for (const [channel, receive] of channels) await client.subscribe(channel, receive);
  };
  return {
    ready: start(),
    close() {
      // A client that is not open cannot be destroyed.
      if (client.isOpen) client.destroy();
    },
  };
}

function connectIoRedis(
  client: IoRedisSubscriber,
  channels: Channels,
  lose: (error: unknown) => void,
): PushConnection {
  client.on("error", lose);
  client.on("close", lose);
  client.on("message", (channel: string, message: string) => channels.get(channel)?.(message));
  const start = async () => {
    // A client without an offline queue rejects commands before it is ready.
    const isReady = new Promise((resolve) => client.on("ready", resolve));
    if (client.status === "wait") client.connect().catch(lose);
    if (client.status !== "ready") await isReady;
    for (const channel of channels.keys()) await client.subscribe(channel);
  };
  return { ready: start(), close: () => client.disconnect() };
}
