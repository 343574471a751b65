import type { Duration } from "../duration.ts";
import type { Store } from "../store.ts";
import { type RedisClient, toRedisPort } from "./redis/client.ts";
import { escapePrefix, RedisConnection } from "./redis/connection.ts";
import { RedisExpiry } from "./redis/expiry.ts";
import { parseRedisOptions } from "./redis/options.ts";
import type { RedisPush } from "./redis/push.ts";
import { RedisSessions } from "./redis/sessions.ts";
import type { CleanupOptions } from "./shared/cleanup.ts";
import { Deadline } from "./shared/deadline.ts";

export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from "./redis/client.ts";
export {
  type IoRedisSubscriber,
  type NodeRedisSubscriber,
  type RedisPush,
  type RedisSubscriber,
  redisPush,
} from "./redis/push.ts";
export type { PushOptions } from "./shared/push-channel.ts";

/** The options of `redisStore`. */
export interface RedisStoreOptions extends CleanupOptions {
  /** The beginning of every key, any text. Stores with different prefixes are independent. Default: `sessionup:`. */
  readonly prefix?: string;
  /** How long an operation waits for a reply before it fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
  /**
   * Called once if the server may evict sessions when its memory is full: lists and `revokeAll` could then miss sessions.
   * Default: `console.warn`.
   */
  readonly onWarning?: (message: string) => void;
  /**
   * Whether the store publishes the sessions that it ends and changes, in the same step. The result of `redisPush` also gives
   * the store `subscribe`. `true` is for a process that publishes and does not subscribe. Every process that ends or changes
   * sessions needs the option. Default: false.
   */
  readonly push?: RedisPush | boolean;
  /**
   * Whether the store reports sessions that expired before any operation ended them, so that the manager emits `ended` for
   * them. It then also removes expired records, and `cleanupEvery` and `onCleanupError` apply. Every process needs the same
   * value. A login then costs the server more CPU time, at least a tenth in a new browser. Default: false.
   */
  readonly reportExpired?: boolean;
}

/**
 * Stores sessions in Redis 7 or Valkey, on one server, with Sentinel or in a Cluster. Takes the app's own client: a `Redis`
 * or `Cluster` of ioredis 5 or 6 or of iovalkey 0.4, or the result of `createClient`, `createClientPool`, `createCluster` or
 * `createSentinel` of node-redis 5 or 6.
 *
 * Throws `TypeError` for invalid options and for clients that read from replicas.
 *
 * @example
 * ```ts
 * import { createClient } from "redis";
 * import { Manager } from "sessionup";
 * import { redisStore } from "sessionup/stores/redis";
 *
 * const options = { url: "redis://localhost:6379", disableOfflineQueue: true };
 * const client = await createClient(options).on("error", console.error).connect();
 * const manager = new Manager(redisStore(client));
 * ```
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const { prefix, timeout, onWarning, push, reportExpired, ...cleaning } = parseRedisOptions(options);
  const port = toRedisPort(client);
  const channel = push ? `${port.keyPrefix}${escapePrefix(prefix)}push` : "";
  const deadline = new Deadline(timeout);
  const connection = new RedisConnection(port, prefix, deadline);
  const expiry = reportExpired ? new RedisExpiry(connection, cleaning) : undefined;
  const store = new RedisSessions(connection, onWarning, channel, expiry);
  if (typeof push === "boolean") return store;
  return push.attach(store, channel, (name) => deadline.within(port.send(undefined, ["PUBLISH", name, ""])));
}
