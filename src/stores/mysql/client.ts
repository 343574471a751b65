import { SessionError } from "../../errors.ts";
import type { Deadline } from "../shared/deadline.ts";
import { tableError } from "../shared/sql-store.ts";
import { raw, type Sql } from "./sql.ts";

/** A statement in the form that mysql2 takes, with every option that changes the shape of rows. */
export interface MysqlQuery {
  sql: string;
  values?: Array<number | Uint8Array | null>;
  rowsAsArray: boolean;
  nestTables: boolean;
  typeCast: true | ((field: unknown, next: () => unknown) => unknown);
  namedPlaceholders: boolean;
}

/** The members of a mysql2 connection that the store uses. */
export interface MysqlConnection {
  query(options: MysqlQuery): Promise<readonly unknown[]>;
  execute(options: MysqlQuery): Promise<readonly unknown[]>;
  release(): void;
  destroy(): void;
  /** The underlying connection with the app's configuration. */
  readonly connection?: { readonly config?: { readonly typeCast?: unknown } };
}

/** The members of a `mysql2/promise` pool that the store uses. */
export interface MysqlPool {
  getConnection(): Promise<MysqlConnection>;
}

/** The result of a statement that changes rows. */
interface MysqlResult {
  readonly affected: number;
  /** The argument that the statement passed to `LAST_INSERT_ID`, or 0. */
  readonly lastInsertId: number;
}

/** Overrides the app's settings, which would change the shape of rows. */
const SHAPE = { rowsAsArray: true, nestTables: false, typeCast: true, namedPlaceholders: false } as const;
/** Only another function overrides the app's own `typeCast` function. It makes reading a row ten times slower. */
const SHAPE_OVER_TYPE_CAST = {
  ...SHAPE,
  typeCast: (_field: unknown, next: () => unknown): unknown => next(),
};

function selectShape({ connection }: MysqlConnection): typeof SHAPE | typeof SHAPE_OVER_TYPE_CAST {
  return !connection?.config || typeof connection.config.typeCast === "function"
    ? SHAPE_OVER_TYPE_CAST
    : SHAPE;
}

/** `SERVER_STATUS_IN_TRANS` of the protocol. */
const IN_TRANSACTION = 1;

/** A connection for the duration of one operation. */
export class MysqlLease {
  readonly #connection: MysqlConnection;
  readonly #prepare: boolean;
  /** Whether `transaction` has opened a transaction. */
  #inTransaction = false;

  constructor(connection: MysqlConnection, prepare: boolean) {
    this.#connection = connection;
    this.#prepare = prepare;
  }

  /** Returns the rows of a statement. With `often` the statement is prepared: there must be few such statements. */
  async rows(statement: Sql, often = false): Promise<ReadonlyArray<readonly unknown[]>> {
    return (await this.#query(statement, often)) as ReadonlyArray<readonly unknown[]>;
  }

  /** Runs a statement that changes rows. Outside of `transaction` the change is committed when the promise resolves. */
  async run(statement: Sql, often = false): Promise<MysqlResult> {
    const result = (await this.#query(statement, often)) as Readonly<Record<string, unknown>>;
    if (!this.#inTransaction && Number(result.serverStatus) & IN_TRANSACTION) {
      // The app's transaction could roll the change back, and would keep the rows locked.
      this.#connection.destroy();
      throw openTransactionError();
    }
    return { affected: Number(result.affectedRows), lastInsertId: Number(result.insertId) };
  }

  /** Makes the next transaction see every committed change, and lock only the rows that it finds. */
  async readCommitted(): Promise<void> {
    await this.#query(raw("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"), false);
  }

  async transaction<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    await this.readCommitted();
    await this.#query(raw("START TRANSACTION"), false);
    this.#inTransaction = true;
    try {
      const answer = await work();
      await this.#query(raw("COMMIT AND NO CHAIN NO RELEASE"), false);
      return answer;
    } catch (error) {
      await this.#rollBack();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  async #rollBack(): Promise<void> {
    try {
      await this.#query(raw("ROLLBACK AND NO CHAIN NO RELEASE"), false);
    } catch {
      // The state of the connection is unknown. The first error is the one to report.
      this.#connection.destroy();
    }
  }

  async #query(statement: Sql, often: boolean): Promise<unknown> {
    const shape = selectShape(this.#connection);
    if (often && this.#prepare) {
      const [result] = await this.#connection.execute({ ...statement.prepared, ...shape });
      return result;
    }
    try {
      const [result] = await this.#connection.query({ sql: statement.literal, ...shape });
      return result;
    } catch (error) {
      throw withoutValues(error, statement);
    }
  }
}

/** Removes the values from the driver's error. They include the hashes of a record and would end up in logs. */
function withoutValues(error: unknown, { prepared }: Sql): unknown {
  if (typeof error === "object" && error !== null && "sql" in error) error.sql = prepared.sql;
  return error;
}

function openTransactionError(cause?: unknown): SessionError {
  const message =
    "mysqlStore: autocommit is off, or the app has a transaction open, on a connection of the pool. Give the store its own pool.";
  return new SessionError("ERR_STORE", message, { cause });
}

/** How often an operation is attempted when locks or concurrent changes interrupt it. */
const MAX_ATTEMPTS = 20;
/** ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK and MariaDB's ER_CHECKREAD. The operation has changed nothing. */
const RETRYABLE: ReadonlySet<unknown> = new Set([1205, 1213, 1020]);
/** ER_CANT_CHANGE_TX_CHARACTERISTICS: a transaction is open and has an old snapshot. */
const TRANSACTION_OPEN = 1568;
/**
 * Errors after which the pool must not keep the connection. ER_OPTION_PREVENTS_STATEMENT,
 * ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION and ER_READ_ONLY_MODE come from a server that is no longer the primary.
 */
const UNUSABLE: ReadonlySet<unknown> = new Set([TRANSACTION_OPEN, 1290, 1792, 1836]);

export const NO_SUCH_TABLE = 1146;
export const NO_SUCH_COLUMN = 1054;
const NO_SUCH_INDEX = 1176;

/** Thrown when sessions ended concurrently. The operation is attempted again. */
export class OvertakenError extends Error {}

/** The app's pool. Each operation has one connection, and always releases or destroys it. */
export class MysqlClient {
  readonly #pool: MysqlPool;
  readonly #deadline: Deadline;
  readonly #prepare: boolean;

  constructor(pool: MysqlPool, deadline: Deadline, prepare: boolean) {
    this.#pool = pool;
    this.#deadline = deadline;
    this.#prepare = prepare;
  }

  /** Runs an operation within the deadline. Attempts it again after deadlocks and concurrent changes. */
  async operation<Answer>(work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    const hold = new Hold(this.#pool);
    try {
      return await this.#deadline.within(this.#retry(hold, work));
    } catch (error) {
      throw explain(error);
    } finally {
      hold.end();
    }
  }

  /** Runs an operation once and without a deadline. */
  withoutDeadline<Answer>(work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    return new Hold(this.#pool).use((connection) => work(new MysqlLease(connection, this.#prepare)));
  }

  async #retry<Answer>(hold: Hold, work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await hold.use((connection) => work(new MysqlLease(connection, this.#prepare)));
      } catch (error) {
        const errno = readErrno(error);
        if (errno === TRANSACTION_OPEN) throw openTransactionError(error);
        const retryable = error instanceof OvertakenError || RETRYABLE.has(errno);
        if (!retryable || attempt === MAX_ATTEMPTS) throw error;
      }
      // A random pause keeps the same operations from colliding again.
      const milliseconds = Math.random() * Math.min(2 ** attempt, 32);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }
  }
}

/** Tells the app to call `migrate` if tables, columns or indexes are missing. */
function explain(error: unknown): unknown {
  const errno = readErrno(error);
  if (errno !== NO_SUCH_TABLE && errno !== NO_SUCH_COLUMN && errno !== NO_SUCH_INDEX) return error;
  // Earlier releases lacked these two tables.
  const isLater = errno !== NO_SUCH_TABLE || /_(events|ends)'/.test(String(error));
  return tableError("mysqlStore", isLater ? "from an earlier release" : "missing", error);
}

/** The connection of one operation. The deadline may end the operation while a statement is still running. */
class Hold {
  readonly #pool: MysqlPool;
  #held: MysqlConnection | undefined;
  #ended = false;

  constructor(pool: MysqlPool) {
    this.#pool = pool;
  }

  async use<Answer>(work: (connection: MysqlConnection) => Promise<Answer>): Promise<Answer> {
    const connection = await this.#pool.getConnection();
    if (this.#ended) {
      connection.release();
      throw new Error("mysqlStore: the operation has timed out.");
    }
    this.#held = connection;
    try {
      return await work(connection);
    } catch (error) {
      if (UNUSABLE.has(readErrno(error))) this.end();
      throw error;
    } finally {
      if (this.#held) connection.release();
      this.#held = undefined;
    }
  }

  /** Destroys a connection that has not replied: it might never reply, and the pool would lose a connection. */
  end(): void {
    this.#ended = true;
    this.#held?.destroy();
    this.#held = undefined;
  }
}

/** Returns the server's error number. */
export function readErrno(error: unknown): unknown {
  return typeof error === "object" && error !== null && "errno" in error ? error.errno : undefined;
}
