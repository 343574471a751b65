import { SessionError } from "../../errors.ts";
import type { Deadline } from "../shared/deadline.ts";
import { raw, type Sql } from "./sql.ts";

/** A statement as mysql2 takes it, with all options that would change what rows look like. */
export interface MysqlQuery {
  sql: string;
  values?: Array<number | Uint8Array | null>;
  rowsAsArray: boolean;
  nestTables: boolean;
  typeCast: true | ((field: unknown, next: () => unknown) => unknown);
  namedPlaceholders: boolean;
}

/** What the store calls of a connection of mysql2's. */
export interface MysqlConnection {
  query(options: MysqlQuery): Promise<readonly unknown[]>;
  execute(options: MysqlQuery): Promise<readonly unknown[]>;
  release(): void;
  destroy(): void;
  /** The connection below, and how the app has set it up. */
  readonly connection?: { readonly config?: { readonly typeCast?: unknown } };
}

/** What the store calls of a pool of `mysql2/promise`. */
export interface MysqlPool {
  getConnection(): Promise<MysqlConnection>;
}

/** What a statement that changes something answers. */
export interface Outcome {
  readonly affected: number;
  /** What the statement gave to `LAST_INSERT_ID`, or 0. */
  readonly told: number;
}

/** The app's own settings of these would change what comes back. */
const SHAPE = { rowsAsArray: true, nestTables: false, typeCast: true, namedPlaceholders: false } as const;
/** The app's own `typeCast` gives way to another function alone, with which a row takes ten times as long. */
const SHAPE_BESIDE = { ...SHAPE, typeCast: (_field: unknown, next: () => unknown): unknown => next() };

function shapeFor({ connection }: MysqlConnection): typeof SHAPE | typeof SHAPE_BESIDE {
  return !connection?.config || typeof connection.config.typeCast === "function" ? SHAPE_BESIDE : SHAPE;
}

/** `SERVER_STATUS_IN_TRANS` of the protocol. */
const IN_TRANSACTION = 1;

/** A connection, for as long as one operation has it. */
export class MysqlLease {
  readonly #connection: MysqlConnection;
  readonly #prepare: boolean;
  /** Whether a transaction of ours is open. */
  #inside = false;

  constructor(connection: MysqlConnection, prepare: boolean) {
    this.#connection = connection;
    this.#prepare = prepare;
  }

  /** The rows of a statement that changes nothing. With `often` it is prepared: there must be few such statements. */
  async rows(statement: Sql, often = false): Promise<ReadonlyArray<readonly unknown[]>> {
    const answer = await this.#ask(statement, often);
    return answer as ReadonlyArray<readonly unknown[]>;
  }

  /** What a statement has changed. Outside a transaction of ours it is committed by now. */
  async run(statement: Sql, often = false): Promise<Outcome> {
    const answer = (await this.#ask(statement, often)) as Readonly<Record<string, unknown>>;
    if (!this.#inside && Number(answer.serverStatus) & IN_TRANSACTION) {
      // Else it would come and go with a transaction of the app's, and what it has locked would stay locked.
      this.#connection.destroy();
      throw insideError();
    }
    return { affected: Number(answer.affectedRows), told: Number(answer.insertId) };
  }

  /** The next statement is a transaction that sees what is committed, and locks nothing but what it finds. */
  async readCommitted(): Promise<void> {
    await this.#ask(raw("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"), false);
  }

  async transaction<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    await this.readCommitted();
    await this.#ask(raw("START TRANSACTION"), false);
    this.#inside = true;
    try {
      const answer = await work();
      await this.#ask(raw("COMMIT AND NO CHAIN NO RELEASE"), false);
      return answer;
    } catch (error) {
      await this.#rollBack();
      throw error;
    } finally {
      this.#inside = false;
    }
  }

  async #rollBack(): Promise<void> {
    try {
      await this.#ask(raw("ROLLBACK AND NO CHAIN NO RELEASE"), false);
    } catch {
      // Nobody knows what is open on it. What went wrong first is what to tell.
      this.#connection.destroy();
    }
  }

  async #ask(statement: Sql, often: boolean): Promise<unknown> {
    const shape = shapeFor(this.#connection);
    if (often && this.#prepare) {
      const [answer] = await this.#connection.execute({ ...statement.prepared, ...shape });
      return answer;
    }
    try {
      const [answer] = await this.#connection.query({ sql: statement.literal, ...shape });
      return answer;
    } catch (error) {
      throw withoutValues(error, statement);
    }
  }
}

/** The driver's errors carry the statement: of a record the hashes too, which would be in whatever log the error goes to. */
function withoutValues(error: unknown, { prepared }: Sql): unknown {
  if (typeof error === "object" && error !== null && "sql" in error) error.sql = prepared.sql;
  return error;
}

function insideError(cause?: unknown): SessionError {
  const message =
    "mysqlStore: autocommit is off, or a transaction of the app's is open, on a connection of the pool; give the store a pool of its own";
  return new SessionError("ERR_STORE", message, { cause });
}

/** So often an operation is tried that others get in the way of. */
const TRIES = 20;
/** ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, and MariaDB's ER_CHECKREAD: nothing of it has happened. */
const IN_THE_WAY: ReadonlySet<unknown> = new Set([1205, 1213, 1020]);
/** ER_CANT_CHANGE_TX_CHARACTERISTICS: a transaction is open, with an old view of what there is. */
const INSIDE = 1568;
/**
 * Connections that the pool must not keep: those, and with ER_OPTION_PREVENTS_STATEMENT,
 * ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION and ER_READ_ONLY_MODE those to what is the primary no more.
 */
const UNFIT: ReadonlySet<unknown> = new Set([INSIDE, 1290, 1792, 1836]);

/** Sessions that were to end have ended meanwhile: the operation is tried anew. */
export class Overtaken extends Error {}

/** The app's pool. Each operation has one connection, and gives it back or destroys it, whatever happens. */
export class MysqlClient {
  readonly #pool: MysqlPool;
  readonly #deadline: Deadline;
  readonly #prepare: boolean;

  constructor(pool: MysqlPool, deadline: Deadline, prepare: boolean) {
    this.#pool = pool;
    this.#deadline = deadline;
    this.#prepare = prepare;
  }

  /** An operation, in the time that the deadline leaves it; again where deadlocks and the like get in its way. */
  async operation<Answer>(work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    const hold = new Hold(this.#pool);
    try {
      return await this.#deadline.within(this.#again(hold, work));
    } finally {
      hold.end();
    }
  }

  /** The same, for as long as it takes, once. */
  unhurried<Answer>(work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    return new Hold(this.#pool).use((connection) => work(new MysqlLease(connection, this.#prepare)));
  }

  async #again<Answer>(hold: Hold, work: (lease: MysqlLease) => Promise<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await hold.use((connection) => work(new MysqlLease(connection, this.#prepare)));
      } catch (error) {
        if (errnoOf(error) === INSIDE) throw insideError(error);
        const inTheWay = error instanceof Overtaken || IN_THE_WAY.has(errnoOf(error));
        if (!inTheWay || tries === TRIES) throw error;
      }
      // Those that have met must not meet again and again.
      await pauseOf(Math.random() * Math.min(2 ** tries, 32));
    }
  }
}

/** A connection in the hands of an operation, which may be over before it is. */
class Hold {
  readonly #pool: MysqlPool;
  #held: MysqlConnection | undefined;
  #over = false;

  constructor(pool: MysqlPool) {
    this.#pool = pool;
  }

  async use<Answer>(work: (connection: MysqlConnection) => Promise<Answer>): Promise<Answer> {
    const connection = await this.#pool.getConnection();
    if (this.#over) {
      connection.release();
      throw new Error("the operation is over");
    }
    this.#held = connection;
    try {
      return await work(connection);
    } catch (error) {
      if (UNFIT.has(errnoOf(error))) this.end();
      throw error;
    } finally {
      if (this.#held) connection.release();
      this.#held = undefined;
    }
  }

  /** Nobody waits any more: a connection that has not answered might never, and would be missing in the pool. */
  end(): void {
    this.#over = true;
    this.#held?.destroy();
    this.#held = undefined;
  }
}

/** The server's number of an error. */
export function errnoOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "errno" in error ? error.errno : undefined;
}

function pauseOf(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
