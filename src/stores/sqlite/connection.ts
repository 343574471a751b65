import { SessionError } from "../../errors.ts";
import type { Row } from "../shared/rows.ts";
import { ENDED_AT_ONCE, type Engine, LOG_AHEAD, Patience, type Statement, type Value } from "./engine.ts";

/** What the store calls of a prepared statement. */
export interface SqliteStatement {
  all(...values: Array<string | number | Uint8Array | null>): unknown[];
}

/** What the store calls of a database: node:sqlite, better-sqlite3, libsql and bun:sqlite have it. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  /** better-sqlite3, libsql and bun:sqlite. */
  readonly inTransaction?: boolean;
  /** node:sqlite, from Node 22.16 and 24 on. */
  readonly isTransaction?: boolean;
  /** Whether the connection is open: better-sqlite3 and libsql. In node:sqlite it is a method, which opens it. */
  readonly open?: boolean | (() => void);
  /** The same: node:sqlite, from Node 22.15 and 24 on. */
  readonly isOpen?: boolean;
}

/** What SQLite may block the event loop for while it waits for a lock, in milliseconds. */
const BLOCKED_AT_MOST = 5;

/**
 * The app's connection as an engine. Whatever it does is done in one turn of the event loop: nothing of the app's on
 * this connection comes between.
 */
export class SqliteConnection implements Engine {
  readonly most: number = ENDED_AT_ONCE;
  readonly #database: SqliteDatabase;
  readonly #patience: Patience;
  readonly #prepared = new Map<string, SqliteStatement>();
  /** Whether the connection says that a transaction is open. Where it does not, beginning one shows it. */
  readonly #tells: boolean;

  constructor(database: SqliteDatabase, timeout: number) {
    this.#database = database;
    this.#patience = new Patience(timeout, "sqliteStore");
    this.#tells = typeof database.inTransaction === "boolean" || typeof database.isTransaction === "boolean";
  }

  async read<Of = Row>(statement: Statement): Promise<readonly Of[]> {
    return this.#patience.lockFree(() => {
      const rows = () => this.#rows(statement) as Of[];
      this.#expectUsable();
      return this.#tells ? rows() : this.#transaction("BEGIN", rows);
    });
  }

  async write(statements: readonly Statement[]): Promise<ReadonlyArray<readonly Row[]>> {
    return this.#patience.lockFree(() => {
      this.#expectUsable();
      const rows = () => statements.map((statement) => this.#rows(statement));
      return this.#impatient(() => this.#transaction("BEGIN IMMEDIATE", rows));
    });
  }

  async define(statements: readonly string[]): Promise<void> {
    await this.#patience.lockFree(() => {
      this.#expectUsable();
      const define = () => {
        for (const sql of statements) this.#database.exec(sql);
      };
      this.#impatient(() => this.#transaction("BEGIN IMMEDIATE", define));
    });
  }

  async logAhead(): Promise<void> {
    await this.#patience.lockFree(() => {
      this.#expectUsable();
      this.#impatient(() => this.#database.prepare(LOG_AHEAD).all());
    });
  }

  #rows({ sql, values }: Statement): Row[] {
    return this.#prepare(sql).all(...(values as Value[])) as Row[];
  }

  #prepare(sql: string): SqliteStatement {
    const prepared = this.#prepared.get(sql) ?? this.#database.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  #expectUsable(): void {
    // First of all: asking libsql for `inTransaction` on a closed connection aborts the process, and its prepared
    // statements still work there.
    if (this.#database.open === false || this.#database.isOpen === false) throw closedError();
    if (this.#database.inTransaction || this.#database.isTransaction) throw insideError();
  }

  /**
   * Beginning it is all that can find the file locked, and that is no prepared statement: libsql keeps one that did so
   * unfinished, and then no transaction on the connection can be committed.
   */
  #transaction<Answer>(begin: string, work: () => Answer): Answer {
    try {
      this.#database.exec(begin);
    } catch (error) {
      throw error instanceof Error && /within a transaction/.test(error.message) ? insideError(error) : error;
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
      // A full disk and the like roll back by themselves; what went wrong first is what to tell.
    }
  }

  /** A connection's busy timeout blocks the event loop. The app's own comes back when the work is done. */
  #impatient<Answer>(work: () => Answer): Answer {
    const [row] = this.#prepare("PRAGMA busy_timeout").all() as Array<{ timeout: number | bigint }>;
    const theirs = Number(row?.timeout ?? 0);
    if (theirs <= BLOCKED_AT_MOST) return work();
    this.#database.exec(`PRAGMA busy_timeout = ${BLOCKED_AT_MOST}`);
    try {
      return work();
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${theirs}`);
    }
  }
}

function closedError(): SessionError {
  const message = "sqliteStore: the connection is closed; close it only after the server has stopped";
  return new SessionError("ERR_STORE", message);
}

function insideError(cause?: unknown): SessionError {
  const message =
    "sqliteStore: a transaction of the app's is open on this connection; give the store a connection of its own";
  return new SessionError("ERR_STORE", message, { cause });
}
