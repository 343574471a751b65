import type { Duration } from "../duration.ts";
import type { MysqlAudit } from "./mysql/audit.ts";
import { MysqlClient, type MysqlPool } from "./mysql/client.ts";
import { parseMysqlOptions } from "./mysql/options.ts";
import type { MysqlPush } from "./mysql/push.ts";
import { MysqlSessions } from "./mysql/sessions.ts";
import { raw } from "./mysql/sql.ts";
import type { CleanupOptions } from "./shared/cleanup.ts";
import { Deadline } from "./shared/deadline.ts";
import type { SqlStore } from "./shared/sql-store.ts";

export { type MysqlAudit, mysqlAudit } from "./mysql/audit.ts";
export type { MysqlConnection, MysqlPool, MysqlQuery } from "./mysql/client.ts";
export { type MysqlPush, mysqlPush } from "./mysql/push.ts";
export type { PollOptions } from "./shared/poll-channel.ts";

/** The options of `mysqlStore`. */
export interface MysqlStoreOptions extends CleanupOptions {
  /** The table's name, 1 to 57 characters. The names of four more tables begin with it. Default: `sessionup_sessions`. */
  readonly table?: string;
  /** How long an operation waits for a reply before it fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
  /**
   * Whether each connection parses the statements of every request only once. Default: true. Set it to false if a proxy
   * between the app and the server does not support prepared statements.
   */
  readonly prepare?: boolean;
  /**
   * Whether the store records the sessions that it ends and changes, in the same transaction. The result of `mysqlPush` also
   * gives the store `subscribe`. `true` is for a process that records and does not subscribe. Every process that ends or
   * changes sessions needs the option. Default: false.
   */
  readonly push?: MysqlPush | boolean;
  /** The result of `mysqlAudit()`: the store writes an audit trail, in the same transactions. Default: none. */
  readonly audit?: MysqlAudit;
}

/** A store in MySQL or MariaDB. `migrate` also rejects with `ERR_STORE` when another table has the name. */
export type MysqlStore = SqlStore;

/**
 * Stores sessions in MySQL 8 or MariaDB 10.6, or later. Takes the app's own pool: the result of `createPool` of
 * `mysql2/promise`, or of `promise()` of a `mysql2` pool. The pool must connect to the primary.
 *
 * Throws `TypeError` for invalid options. The store's methods reject with the driver's own errors. They reject with
 * `ERR_STORE` when the server does not reply in time, when `migrate` was never called, or when the app has a transaction
 * open on a connection of the pool.
 *
 * @example
 * ```ts
 * import { createPool } from "mysql2/promise";
 * import { Manager } from "sessionup";
 * import { mysqlStore } from "sessionup/stores/mysql";
 *
 * const store = mysqlStore(createPool("mysql://app@localhost/app"));
 * await store.migrate();
 * const manager = new Manager(store);
 * ```
 */
export function mysqlStore(pool: MysqlPool, options: MysqlStoreOptions = {}): MysqlStore {
  if (typeof pool?.getConnection !== "function" || "promise" in pool)
    throw new TypeError(
      "pool must be the result of createPool() of mysql2/promise, or of promise() of a mysql2 pool.",
    );
  const { table: names, timeout, prepare, push, audit, ...cleanup } = parseMysqlOptions(options);
  const client = new MysqlClient(pool, new Deadline(timeout), prepare);
  const store = new MysqlSessions(client, names, cleanup, push !== false, audit?.open(client, names));
  if (typeof push === "boolean") return store;
  const read = (statement: string) => client.operation((lease) => lease.rows(raw(statement)));
  return push.attach(store, read, names.events.literal);
}
