import { type Duration, parseDuration } from "../duration.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type { ExpiredSession, Store } from "../store.ts";
import { CLEANUP_OPTIONS, type CleanupOptions } from "./shared/cleanup.ts";
import { SqliteConnection, type SqliteDatabase } from "./sqlite/connection.ts";
import { namesOf } from "./sqlite/schema.ts";
import { SqliteSessions } from "./sqlite/sessions.ts";

export type { SqliteDatabase, SqliteStatement } from "./sqlite/connection.ts";

/** Options of `sqliteStore`. */
export interface SqliteStoreOptions extends CleanupOptions {
  /** The table's name, 1 to 100 characters; a second table and four indexes begin with it. Default: `sessionup_sessions`. */
  readonly table?: string;
  /**
   * How long it tries again while another connection writes; then the operation fails with `ERR_STORE` (503). Default:
   * `"5s"`. The event loop goes on meanwhile, whatever busy timeout the connection has.
   */
  readonly timeout?: Duration;
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
  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void;
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
  checkOptionNames(options, "sqliteStore", ["table", "timeout", ...CLEANUP_OPTIONS]);
  const { table = "sessionup_sessions", timeout = "5s" } = options;
  const names = namesOf(table);
  const engine = new SqliteConnection(database, parseDuration(timeout, "timeout"));
  return new SqliteSessions(engine, { store: "sqliteStore", names, cleanup: options, sharesLookups: false });
}
