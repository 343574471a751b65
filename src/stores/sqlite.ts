import type { Duration } from "../duration.ts";
import type { CleanupOptions } from "./shared/cleanup.ts";
import type { SqlStore } from "./shared/sql-store.ts";
import type { SqliteAudit } from "./sqlite/audit.ts";
import { SqliteConnection, type SqliteDatabase } from "./sqlite/connection.ts";
import { parseSqliteOptions } from "./sqlite/options.ts";
import type { SqlitePush } from "./sqlite/push.ts";
import { SqliteSessions } from "./sqlite/sessions.ts";

export type { PollOptions } from "./shared/poll-channel.ts";
export { type SqliteAudit, sqliteAudit } from "./sqlite/audit.ts";
export type { SqliteDatabase, SqliteStatement } from "./sqlite/connection.ts";
export type { SqliteQuery, SqliteRow } from "./sqlite/engine.ts";
export { type SqlitePush, sqlitePush } from "./sqlite/push.ts";

/** The options of `sqliteStore`. */
export interface SqliteStoreOptions extends CleanupOptions {
  /**
   * The table's name, 1 to 100 characters. The names of three more tables and of six indexes begin with it. Default:
   * `sessionup_sessions`.
   */
  readonly table?: string;
  /**
   * How long an operation waits while another connection writes, before it fails with `ERR_STORE` (503). Default: `"5s"`.
   * Waiting does not block the event loop, regardless of the connection's busy timeout.
   */
  readonly timeout?: Duration;
  /**
   * Whether the store records the sessions that it ends and changes, in the same transaction. The result of `sqlitePush` also
   * gives the store `subscribe`. `true` is for a process that records and does not subscribe. Every process that ends or
   * changes sessions needs the option. Default: false.
   */
  readonly push?: SqlitePush | boolean;
  /** The result of `sqliteAudit()`: the store writes an audit trail, in the same transactions. Default: none. */
  readonly audit?: SqliteAudit;
}

/** A store in an SQLite file. `migrate` also puts the file into WAL mode. */
export type SqliteStore = SqlStore;

/**
 * Stores sessions in an SQLite file, for any number of processes on one machine. Takes the app's own database: a
 * `DatabaseSync` of node:sqlite, or a `Database` of better-sqlite3, libsql or bun:sqlite.
 *
 * Give the store its own connection. While the app has a transaction open on the connection, every operation rejects with
 * `ERR_STORE`: a rollback by the app must not undo a login or a logout.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import Database from "libsql";
 * import { Manager } from "sessionup";
 * import { sqliteStore } from "sessionup/stores/sqlite";
 *
 * const store = sqliteStore(new Database("sessions.db"));
 * await store.migrate();
 * const manager = new Manager(store);
 * ```
 */
export function sqliteStore(database: SqliteDatabase, options: SqliteStoreOptions = {}): SqliteStore {
  if (typeof database?.prepare !== "function" || typeof database.exec !== "function")
    throw new TypeError(
      "database must be a DatabaseSync of node:sqlite, or a Database of better-sqlite3, libsql or bun:sqlite.",
    );
  const { table: names, timeout, push, audit, ...cleanup } = parseSqliteOptions(options, "sqliteStore");
  const engine = new SqliteConnection(database, timeout);
  const store = new SqliteSessions(engine, {
    store: "sqliteStore",
    names,
    cleanup,
    sharesLookups: false,
    pushes: push !== false,
    audit: audit?.open(engine, names, "sqliteStore"),
  });
  return typeof push === "boolean" ? store : push.attach(store, (query) => engine.read(query), names.events);
}
