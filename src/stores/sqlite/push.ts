import {
  addPolling,
  EVENTS_PER_READ,
  type EventLog,
  type PollOptions,
  parsePollOptions,
} from "../shared/poll-channel.ts";
import { decodeHex } from "../shared/push-messages.ts";
import type { SqlStore } from "../shared/sql-store.ts";
import type { SqliteQuery, SqliteRow } from "./engine.ts";

/** The result of `sqlitePush` or `libsqlPush`, for the option `push` of a store. */
export interface SqlitePush {
  /** Adds `subscribe` to a store. The store calls it, with the name of its table of events. */
  attach(
    store: SqlStore,
    read: (query: SqliteQuery) => Promise<readonly SqliteRow[]>,
    events: string,
  ): SqlStore;
}

/**
 * Lets `sqliteStore` report the sessions that end or change in any process: the store then has `subscribe`. The store reads
 * new events every `interval`, by default `"100ms"`.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import Database from "libsql";
 * import { sqlitePush, sqliteStore } from "sessionup/stores/sqlite";
 *
 * const store = sqliteStore(new Database("sessions.db"), { push: sqlitePush({ interval: "200ms" }) });
 * ```
 */
export function sqlitePush(options: PollOptions = {}): SqlitePush {
  return createPush(parsePollOptions(options, "sqlitePush", "100ms"));
}

/**
 * Lets `libsqlStore` report the sessions that end or change in any process: the store then has `subscribe`. The store reads
 * new events every `interval`, by default `"1s"`. Each read is a query, and reads one row when there are no new events.
 *
 * In Workers, a subscription lasts as long as the request that began it.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { createClient } from "@libsql/client";
 * import { libsqlPush, libsqlStore } from "sessionup/stores/libsql";
 *
 * const client = createClient({ url: "file:sessions.db" });
 * const store = libsqlStore(client, { push: libsqlPush({ interval: "2s" }) });
 * ```
 */
export function libsqlPush(options: PollOptions = {}): SqlitePush {
  // Longer than in a file: a read is a round trip, and providers bill for it.
  return createPush(parsePollOptions(options, "libsqlPush", "1s"));
}

function createPush(interval: number): SqlitePush {
  return {
    attach: (store, read, events) => addPolling(store, toEventLog(read, events), interval, decodeHex),
  };
}

/** The engine has one writer at a time, so events become visible in the order of their numbers. */
function toEventLog(
  read: (query: SqliteQuery) => Promise<readonly SqliteRow[]>,
  events: string,
): EventLog<number> {
  return {
    async latest() {
      const [row] = await read({ sql: `SELECT max(number) AS number FROM ${events}`, values: [] });
      return Number(row?.number);
    },
    async readAfter(position) {
      const [last, ...rows] = await read({
        sql: `SELECT number, CASE WHEN number > ? THEN message END AS message FROM ${events}
WHERE number >= ? ORDER BY number LIMIT ${EVENTS_PER_READ + 1}`,
        values: [position, position],
      });
      // The event at the position is the newest of the old ones, or no event after it is old enough to be removed.
      if (Number(last?.number) !== position) return undefined;
      return {
        messages: rows.map(({ message }) => String(message)),
        position: Number(rows.at(-1)?.number ?? position),
        more: rows.length === EVENTS_PER_READ,
      };
    },
  };
}
