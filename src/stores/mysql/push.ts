import {
  addPolling,
  EVENTS_PER_READ,
  type EventLog,
  type PollOptions,
  parsePollOptions,
} from "../shared/poll-channel.ts";
import type { SqlStore } from "../shared/sql-store.ts";
import { advance, type MysqlPosition, toPosition, toRanges } from "./gaps.ts";

/** The result of `mysqlPush`, for the option `push` of `mysqlStore`. */
export interface MysqlPush {
  /** Adds `subscribe` to a store. `mysqlStore` calls it, with the name of its table of events. */
  attach(
    store: SqlStore,
    read: (sql: string) => Promise<ReadonlyArray<readonly unknown[]>>,
    events: string,
  ): SqlStore;
}

/** The number of events among which a new subscription looks for gaps: more than are committed while one commit waits. */
const EVENTS_BEFORE = 1_000;

/**
 * Lets `mysqlStore` report the sessions that end or change in any process: the store then has `subscribe`. The store reads
 * new events every `interval`, by default `"500ms"`, on a connection of the pool.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { createPool } from "mysql2/promise";
 * import { mysqlPush, mysqlStore } from "sessionup/stores/mysql";
 *
 * const pool = createPool("mysql://app@localhost/app");
 * const store = mysqlStore(pool, { push: mysqlPush({ interval: "200ms" }) });
 * ```
 */
export function mysqlPush(options: PollOptions = {}): MysqlPush {
  const interval = parsePollOptions(options, "mysqlPush", "500ms");
  return {
    attach: (store, read, events) =>
      addPolling(store, toEventLog(read, events), interval, (userKey) => userKey),
  };
}

function toEventLog(
  read: (sql: string) => Promise<ReadonlyArray<readonly unknown[]>>,
  events: string,
): EventLog<MysqlPosition> {
  return {
    async latest() {
      const rows = await read(`SELECT number FROM ${events} ORDER BY number DESC LIMIT ${EVENTS_BEFORE}`);
      return toPosition(
        rows.map(([number]) => Number(number)),
        performance.now(),
      );
    },
    async readAfter(position) {
      const { last } = position;
      const inGaps = toRanges(position).map(({ from, to }) => `number BETWEEN ${from} AND ${to}`);
      const late =
        inGaps.length > 0
          ? `(SELECT number, message FROM ${events} WHERE ${inGaps.join(" OR ")}) UNION ALL `
          : "";
      const rows = await read(
        `${late}(SELECT number, IF(number > ${last}, message, '') FROM ${events}
WHERE number >= ${last} ORDER BY number LIMIT ${EVENTS_PER_READ + 1})`,
      );
      const found = rows.map(([number, message]) => ({ number: Number(number), message: String(message) }));
      return advance(position, found, performance.now());
    },
  };
}
