import type { Duration } from "../duration.ts";
import type { Store } from "../store.ts";
import { CachedStore, type PushedStore } from "./cached-store.ts";
import { createSystemClock } from "./clock.ts";
import { parseCacheOptions } from "./options.ts";

/** The options of `cached`. */
export interface CacheOptions {
  /**
   * How long a session that another instance has ended may pass on this one if its event is lost, such as `"5s"`. Also the
   * time after which a session is read again. Default: `"10s"`.
   */
  readonly maxAge?: Duration;
  /** The largest number of sessions that the cache holds. One takes about 0.9 kB, plus its metadata. Default: 10 000. */
  readonly maxEntries?: number;
  /**
   * How long the activity of a session may wait to be written, such as `"30s"`. A crash loses the activity of that time. `false`
   * writes it at once, which costs such a request a round trip. Default: `"10s"`.
   */
  readonly writeEvery?: Duration | false;
  /**
   * Called when the cache cannot subscribe to the store, or cannot write activity. It tries again by itself, and no request
   * fails. Default: `console.warn`.
   */
  readonly onError?: (error: unknown) => void;
}

/**
 * Puts a cache in front of a store with push, so that an authenticated request needs no round trip. A session that this
 * instance ends is rejected at once. One that another instance ends is rejected as soon as its event arrives, and after
 * `maxAge` at the latest. While the connection for events is down, each request asks the store.
 *
 * Create one for the process, and use it for everything: what another store object ends counts as ended by another instance.
 *
 * Throws `TypeError` for invalid options, and for a store without `subscribe`.
 *
 * @example
 * ```ts
 * import { Redis } from "ioredis";
 * import { Manager } from "sessionup";
 * import { cached } from "sessionup/cache";
 * import { redisPush, redisStore } from "sessionup/stores/redis";
 *
 * const client = new Redis("redis://localhost:6379");
 * const store = redisStore(client, { push: redisPush(() => client.duplicate()) });
 * export const manager = new Manager(cached(store, { maxAge: "5s" }));
 * ```
 */
export function cached(store: Store, options: CacheOptions = {}): Store {
  if (!isPushed(store))
    throw new TypeError(
      "cached requires a store with subscribe. Set the store's option push, such as redisStore(client, { push: redisPush(…) }).",
    );
  return new CachedStore(store, parseCacheOptions(options), createSystemClock());
}

function isPushed(store: Store | undefined): store is PushedStore {
  return typeof store?.subscribe === "function";
}
