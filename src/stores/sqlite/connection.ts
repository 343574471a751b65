import { SessionError } from "../../errors.ts";
import type { SqlValue } from "../shared/rows.ts";
import {
  ENABLE_WAL,
  LockRetry,
  MAX_PER_BLOCKING_COUNT,
  MAX_PER_BLOCKING_STEP,
  type SqliteEngine,
  type SqliteQuery,
  type SqliteRow,
} from "./engine.ts";

/** The member of a prepared statement that the store uses. */
export interface SqliteStatement {
  all(...values: Array<string | number | Uint8Array | null>): unknown[];
}

/** The members of a database that the store uses. Those of node:sqlite, better-sqlite3, libsql and bun:sqlite have them. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  /** In better-sqlite3, libsql and bun:sqlite. */
  readonly inTransaction?: boolean;
  /** In node:sqlite since Node 22.16 and 24. */
  readonly isTransaction?: boolean;
  /** Whether the connection is open, in better-sqlite3 and libsql. In node:sqlite a method that opens it. */
  readonly open?: boolean | (() => void);
  /** Whether the connection is open, in node:sqlite since Node 22.15 and 24. */
  readonly isOpen?: boolean;
}

/** How long SQLite may block the event loop while it waits for a lock, in milliseconds. */
const MAX_BLOCKING = 5;

/**
 * The app's connection as an engine. Each operation runs within one event-loop turn, so the app's own statements on this
 * connection never run in between.
 */
export class SqliteConnection implements SqliteEngine {
  readonly maxPerStep: number = MAX_PER_BLOCKING_STEP;
  readonly maxPerCount: number = MAX_PER_BLOCKING_COUNT;
  readonly isLocal = true;
  readonly #database: SqliteDatabase;
  readonly #retry: LockRetry;
  readonly #prepared = new Map<string, SqliteStatement>();
  /** Whether the driver tells if a transaction is open. If not, an attempt to begin one shows it. */
  readonly #reportsTransactions: boolean;

  constructor(database: SqliteDatabase, timeout: number) {
    this.#database = database;
    this.#retry = new LockRetry(timeout, "sqliteStore");
    this.#reportsTransactions =
      typeof database.inTransaction === "boolean" || typeof database.isTransaction === "boolean";
  }

  async read(query: SqliteQuery): Promise<readonly SqliteRow[]> {
    return this.#retry.run(() => {
      const rows = () => this.#rows(query);
      this.#checkUsable();
      return this.#reportsTransactions ? rows() : this.#transaction("BEGIN", rows);
    });
  }

  async write(queries: readonly SqliteQuery[]): Promise<ReadonlyArray<readonly SqliteRow[]>> {
    return this.#retry.run(() => {
      this.#checkUsable();
      const rows = () => queries.map((query) => this.#rows(query));
      return this.#withShortBusyTimeout(() => this.#transaction("BEGIN IMMEDIATE", rows));
    });
  }

  async define(statements: readonly string[]): Promise<void> {
    await this.#retry.run(() => {
      this.#checkUsable();
      const define = () => {
        for (const sql of statements) this.#database.exec(sql);
      };
      this.#withShortBusyTimeout(() => this.#transaction("BEGIN IMMEDIATE", define));
    });
  }

  async enableWal(): Promise<void> {
    await this.#retry.run(() => {
      this.#checkUsable();
      this.#withShortBusyTimeout(() => this.#database.prepare(ENABLE_WAL).all());
    });
  }

  #rows({ sql, values }: SqliteQuery): SqliteRow[] {
    return this.#prepare(sql).all(...(values as SqlValue[])) as SqliteRow[];
  }

  #prepare(sql: string): SqliteStatement {
    const prepared = this.#prepared.get(sql) ?? this.#database.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  #checkUsable(): void {
    // Checked first: on a closed connection, libsql's `inTransaction` aborts the process, and its prepared statements
    // still work.
    if (this.#database.open === false || this.#database.isOpen === false) throw closedError();
    if (this.#database.inTransaction || this.#database.isTransaction) throw openTransactionError();
  }

  /**
   * Only `begin` can find the file locked. It is not a prepared statement: libsql leaves a prepared statement that found
   * the lock unfinished, and then no transaction on the connection can commit.
   */
  #transaction<Answer>(begin: string, work: () => Answer): Answer {
    try {
      this.#database.exec(begin);
    } catch (error) {
      throw error instanceof Error && /within a transaction/.test(error.message)
        ? openTransactionError(error)
        : error;
    }
    try {
      const answer = work();
      this.#database.exec("COMMIT");
      return answer;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // SQLite rolls back by itself after some errors, such as a full disk. The first error is the one to report.
    }
  }

  /** Shortens the busy timeout, which blocks the event loop, and restores the app's own value afterwards. */
  #withShortBusyTimeout<Answer>(work: () => Answer): Answer {
    const [row] = this.#prepare("PRAGMA busy_timeout").all() as Array<{ timeout: number | bigint }>;
    const configured = Number(row?.timeout ?? 0);
    if (configured <= MAX_BLOCKING) return work();
    this.#database.exec(`PRAGMA busy_timeout = ${MAX_BLOCKING}`);
    try {
      return work();
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${configured}`);
    }
  }
}

function closedError(): SessionError {
  const message = "sqliteStore: the connection is closed. Close it only after the server has stopped.";
  return new SessionError("ERR_STORE", message);
}

function openTransactionError(cause?: unknown): SessionError {
  const message =
    "sqliteStore: the app has a transaction open on this connection. Give the store its own connection.";
  return new SessionError("ERR_STORE", message, { cause });
}
