import type { Duration } from "../duration.ts";
import type { CleanupOptions } from "./shared/cleanup.ts";
import type { SqlStore } from "./shared/sql-store.ts";
import { SqliteConnection, type SqliteDatabase } from "./sqlite/connection.ts";
import { parseSqliteOptions } from "./sqlite/options.ts";
import { SqliteSessions } from "./sqlite/sessions.ts";

export type { SqliteDatabase, SqliteStatement } from "./sqlite/connection.ts";

/** The options of `sqliteStore`. */
export interface SqliteStoreOptions extends CleanupOptions {
  /**
   * The table's name, 1 to 100 characters. The names of a second table and of four indexes begin with it. Default:
   * `sessionup_sessions`.
   */
  readonly table?: string;
  /**
   * How long an operation waits while another connection writes, before it fails with `ERR_STORE` (503). Default: `"5s"`.
   * Waiting does not block the event loop, regardless of the connection's busy timeout.
   */
  readonly timeout?: Duration;
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
  const { table: names, timeout, ...cleanup } = parseSqliteOptions(options, "sqliteStore");
  const engine = new SqliteConnection(database, timeout);
  return new SqliteSessions(engine, { store: "sqliteStore", names, cleanup, sharesLookups: false });
}
