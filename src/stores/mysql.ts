import type { Duration } from "../duration.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type { ExpiredSession, Store } from "../store.ts";
import { MysqlClient, type MysqlPool } from "./mysql/client.ts";
import { namesOf } from "./mysql/schema.ts";
import { MysqlSessions } from "./mysql/sessions.ts";
import { CLEANUP_OPTIONS, type CleanupOptions } from "./shared/cleanup.ts";
import { Deadline } from "./shared/deadline.ts";

export type { MysqlConnection, MysqlPool, MysqlQuery } from "./mysql/client.ts";

/** What a mysql store can be told. */
export interface MysqlStoreOptions extends CleanupOptions {
  /** The table's name, 1 to 57 characters; two more tables begin with it. Default: `sessionup_sessions`. */
  readonly table?: string;
  /** How long it waits for an answer; then the operation fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
  /**
   * Whether each connection parses the statements of every request once. Default: true. False where something between
   * the app and the server knows no prepared statements.
   */
  readonly prepare?: boolean;
}

/** A store in MySQL or MariaDB. */
export interface MysqlStore extends Store {
  /**
   * Makes the tables or brings them up to date; several processes may do so at once. Call it when the app starts, or
   * carry `migrationSql` out yourself. Rejects with `ERR_STORE` where a later release, or another table of that name, is
   * there.
   */
  migrate(): Promise<void>;
  /** The SQL by which `migrate` makes the tables where there are none. */
  migrationSql(): string;
  deleteExpired(now: number, limit: number): Promise<number>;
  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void;
  close(): Promise<void>;
}

/**
 * Keeps sessions in MySQL 8 or MariaDB 10.6, or later. Takes the app's own pool: what `createPool` of `mysql2/promise`
 * gives, or of a pool of `mysql2` its `promise()`. Reads and writes have to go to the primary.
 *
 * Throws `TypeError` for wrong options. Its methods reject with the driver's own errors; with `ERR_STORE` when no answer
 * comes in time, when `migrate` was never called, or when a transaction of the app's is open on a connection.
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
    throw new TypeError("pool: needs createPool of mysql2/promise, or promise() of a pool of mysql2");
  checkOptionNames(options, "mysqlStore", ["table", "timeout", "prepare", ...CLEANUP_OPTIONS]);
  const { table = "sessionup_sessions", prepare = true } = options;
  if (typeof prepare !== "boolean") throw new TypeError("prepare: needs true or false");
  const names = namesOf(table);
  const client = new MysqlClient(pool, new Deadline(options.timeout), prepare);
  return new MysqlSessions(client, names, options);
}
