import type { Store } from "../../store.ts";
import {
  addPolling,
  EVENTS_PER_READ,
  type EventLog,
  type PollOptions,
  parsePollOptions,
} from "../shared/poll-channel.ts";
import type { LmdbDatabase } from "./client.ts";
import { latestNumber, readMessage } from "./events.ts";
import { byNumber, type Key, parseNumber } from "./keys.ts";

/** The result of `lmdbPush`, for the option `push` of `lmdbStore`. */
export interface LmdbPush {
  /** Adds `subscribe` to a store. `lmdbStore` calls it, with its database of events. */
  attach<AnyStore extends Store>(store: AnyStore, events: LmdbDatabase): AnyStore;
}

/**
 * Lets `lmdbStore` report the sessions that end or change in any store of the process, also in other threads: the store then
 * has `subscribe`. The store reads new events every `interval`, by default `"100ms"`.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { open } from "lmdb";
 * import { lmdbPush, lmdbStore } from "sessionup/stores/lmdb";
 *
 * const store = await lmdbStore(open, { path: "sessions.lmdb", push: lmdbPush({ interval: "50ms" }) });
 * ```
 */
export function lmdbPush(options: PollOptions = {}): LmdbPush {
  const interval = parsePollOptions(options, "lmdbPush", "100ms");
  return {
    attach: (store, events) => addPolling(store, toEventLog(events), interval, (userKey) => userKey),
  };
}

/** The engine has one writer at a time, so events become visible in the order of their numbers, which have no gaps. */
function toEventLog(events: LmdbDatabase): EventLog<number> {
  return {
    async latest() {
      return latestNumber(events);
    },
    async readAfter(position) {
      const keys: Iterable<Key> = events.getKeys({ start: byNumber(position), limit: EVENTS_PER_READ + 1 });
      const numbers = [...keys].map(parseNumber);
      const next = numbers.filter((number) => number > position);
      // The event at the position is the newest of the old ones, or no event after it is old enough to be removed.
      if (position > 0 ? numbers[0] !== position : next.length > 0 && next[0] !== 1) return undefined;
      return {
        messages: next.map((number) => readMessage(events, number)),
        position: next.at(-1) ?? position,
        more: next.length >= EVENTS_PER_READ,
      };
    },
  };
}
