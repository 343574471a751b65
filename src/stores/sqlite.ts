import { type Duration, milliseconds } from "../duration.ts";
import { known } from "../known-options.ts";
import type { Store } from "../store.ts";
import { SqliteConnection, type SqliteDatabase } from "./_sqlite-connection.ts";
import { namesOf } from "./_sqlite-schema.ts";
import { SqliteSessions } from "./_sqlite-sessions.ts";
import { warnOfSweep } from "./_sweeper.ts";

export type { SqliteDatabase, SqliteStatement } from "./_sqlite-connection.ts";

/** What a sqlite store can be told. */
export interface SqliteStoreOptions {
  /** The table's name, 1 to 100 characters; a second table and three indexes begin with it. Default: `sessionup_sessions`. */
  readonly table?: string;
  /**
   * How long it tries again while another connection writes; then the operation fails with `ERR_STORE` (503). Default:
   * `"5s"`. The event loop goes on meanwhile, whatever busy timeout the connection has.
   */
  readonly timeout?: Duration;
  /** Hears of a sweep of dead records that failed; the next one is tried a minute later. Default: `console.warn`. */
  readonly onSweepError?: (error: unknown) => void;
}

/** A store in an SQLite file. */
export interface SqliteStore extends Store {
  /**
   * Puts the file into WAL mode, and makes the tables or brings them up to date; several processes may do so at once.
   * Call it once, when the app starts. Rejects with `ERR_STORE` where a later release has been there.
   */
  migrate(): Promise<void>;
  /** The SQL by which `migrate` makes the tables where there are none. */
  migrationSql(): string;
  deleteExpired(now: number, limit: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * Keeps sessions in an SQLite file: for one machine, with as many processes as it has. Takes the app's own database:
 * `DatabaseSync` of node:sqlite, or `Database` of better-sqlite3, libsql or bun:sqlite.
 *
 * Give it a connection of its own. While a transaction of the app's is open on the connection, every operation is
 * refused with `ERR_STORE`: a session must not come or go with a rollback.
 *
 * Throws `TypeError` for wrong options.
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
      "database: needs a DatabaseSync of node:sqlite, or a Database of better-sqlite3, libsql or bun:sqlite",
    );
  known(options, "sqliteStore", ["table", "timeout", "onSweepError"]);
  const { table = "sessionup_sessions", timeout = "5s", onSweepError = warnOfSweep } = options;
  if (typeof onSweepError !== "function") throw new TypeError("onSweepError: needs a function");
  const names = namesOf(table);
  const engine = new SqliteConnection(database, milliseconds(timeout, "timeout"));
  return new SqliteSessions(engine, { store: "sqliteStore", names, onSweepError, sharesLookups: false });
}
