import { hash } from "node:crypto";
import type { SqlValue } from "../shared/rows.ts";

/** Executes a statement by the store's client. Returns its rows. */
export type RunPostgres = (
  text: string,
  values: readonly SqlValue[],
) => Promise<ReadonlyArray<readonly unknown[]>>;

/** A statement in the form that pg takes. */
export interface PgQuery {
  name?: string;
  text: string;
  values: unknown[];
  rowMode: "array";
}

/** The members of a pg `Pool` that the store uses. */
export interface PgPool {
  query(config: PgQuery): Promise<{ readonly rows: unknown[][] }>;
  query(text: string): Promise<unknown>;
  readonly totalCount: number;
}

/** The members of a postgres.js client that the store uses. */
export interface PostgresJs {
  unsafe(
    text: string,
    // biome-ignore lint/suspicious/noExplicitAny: postgres.js does not export its parameter type
    parameters?: any[],
    options?: { prepare?: boolean },
  ): PromiseLike<unknown> & { values(): PromiseLike<PostgresJsRows> };
  /** Absent in a transaction and on a reserved connection. */
  readonly options: object;
}

/** Rows, and the command that the server executed, such as `SELECT`. */
type PostgresJsRows = readonly unknown[][] & { readonly command: string | null };

/** The operations that the store needs of either client. */
export interface PostgresClient {
  /**
   * Returns the rows of one statement as arrays: apps configure clients to rename columns, such as to camelCase. With `rarely`
   * the statement is not prepared, so the server plans it for its values.
   */
  query(
    text: string,
    values: readonly SqlValue[],
    rarely?: boolean,
  ): Promise<ReadonlyArray<readonly unknown[]>>;
  /** Runs several statements without values in one transaction. */
  runScript(text: string): Promise<void>;
}

/**
 * Returns the client as a `PostgresClient`. `prepare` is whether each connection parses and plans a statement only once.
 * Throws `TypeError` for an unsupported client.
 */
export function toPostgresClient(client: PgPool | PostgresJs, prepare: boolean): PostgresClient {
  const given: unknown = client;
  if (isPostgresJs(given)) return wrapPostgresJs(given, prepare);
  if (isPool(given)) return wrapPool(given, prepare);
  throw new TypeError("client must be a Pool of pg, or the result of postgres() of postgres.js.");
}

/** A postgres.js transaction has no `options`. A rollback by the app would undo the store's writes there. */
function isPostgresJs(client: unknown): client is PostgresJs {
  if (typeof client !== "function" || !("options" in client)) return false;
  return "unsafe" in client && typeof client.unsafe === "function";
}

/** A pg `Client` is a single connection. Operations would queue there, or be part of a transaction of the app. */
function isPool(client: unknown): client is PgPool {
  if (typeof client !== "object" || client === null || !("totalCount" in client)) return false;
  return "query" in client && typeof client.query === "function";
}

function wrapPool(pool: PgPool, prepare: boolean): PostgresClient {
  const names = new Map<string, string>();
  const nameStatement = (text: string) => {
    const name = names.get(text) ?? `sessionup_${hash("sha256", text).slice(0, 20)}`;
    names.set(text, name);
    return name;
  };
  return {
    async query(text, values, rarely = false) {
      const query: PgQuery = { text, values: [...values], rowMode: "array" };
      const { rows } = await pool.query(prepare && !rarely ? { name: nameStatement(text), ...query } : query);
      return rows;
    },
    async runScript(text) {
      await pool.query(text);
    },
  };
}

function wrapPostgresJs(sql: PostgresJs, prepare: boolean): PostgresClient {
  return {
    async query(text, values, rarely = false) {
      const rows = await readRows(sql.unsafe(text, [...values], { prepare: prepare && !rarely }));
      // After a broken connection, 3.4.9 may return no rows for a statement that the server never executed. `command` is
      // null then.
      if (rows.command === null)
        throw new Error("postgresStore: the connection was lost before the server replied. Try again.");
      // After a connection that broke during a reply, the array begins with a hole, which is not a row.
      return rows.filter(() => true);
    },
    async runScript(text) {
      await sql.unsafe(text);
    },
  };
}

async function readRows(query: ReturnType<PostgresJs["unsafe"]>): Promise<PostgresJsRows> {
  try {
    return await query.values();
  } catch (error) {
    throw withoutValues(error);
  }
}

/**
 * Returns the error without the statement's values, which include the hashes of a record and would end up in logs. With
 * `debug`, postgres.js even makes them enumerable. The properties cannot be deleted, so this is a copy without them.
 */
function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error) || !("parameters" in error)) return error;
  const {
    parameters: _,
    args: __,
    ...rest
  } = Object.getOwnPropertyDescriptors(error) as PropertyDescriptorMap;
  const copy: unknown = Object.setPrototypeOf(new Error(error.message), Object.getPrototypeOf(error));
  return Object.defineProperties(copy, rest);
}
