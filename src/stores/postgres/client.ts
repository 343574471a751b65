import { hash } from "node:crypto";

/** What goes into a statement. */
export type Value = string | number | Uint8Array | null;

/** A statement as pg takes it. */
export interface PgQuery {
  name?: string;
  text: string;
  values: unknown[];
  rowMode: "array";
}

/** What the store calls of a `Pool` of pg. */
export interface PgPool {
  query(config: PgQuery): Promise<{ readonly rows: unknown[][] }>;
  query(text: string): Promise<unknown>;
  readonly totalCount: number;
}

/** What the store calls of postgres.js. */
export interface PostgresJs {
  unsafe(
    text: string,
    // biome-ignore lint/suspicious/noExplicitAny: its own type of a parameter is not to be had without it
    parameters?: any[],
    options?: { prepare?: boolean },
  ): PromiseLike<unknown> & { values(): PromiseLike<PostgresJsRows> };
  /** Not there inside a transaction, nor on a reserved connection. */
  readonly options: object;
}

/** Rows, and what they answer: such as `SELECT`. */
type PostgresJsRows = readonly unknown[][] & { readonly command: string | null };

/** A client, whichever it is. */
export interface PostgresClient {
  /** The rows of one statement, each as its values: apps have clients rename columns, such as to camelCase. */
  ask(text: string, values: readonly Value[]): Promise<ReadonlyArray<readonly unknown[]>>;
  /** Several statements without values, which are carried out as one transaction. */
  run(text: string): Promise<void>;
}

/** Throws `TypeError` for what is neither. `prepare` is whether statements are parsed and planned once a connection. */
export function clientOf(client: PgPool | PostgresJs, prepare: boolean): PostgresClient {
  const given: unknown = client;
  if (isPostgresJs(given)) return overPostgresJs(given, prepare);
  if (isPool(given)) return overPg(given, prepare);
  throw new TypeError("client: needs a Pool of pg, or what postgres() of postgres.js gives");
}

/** What a transaction of postgres.js is given would take the store's work along with it; it has no options. */
function isPostgresJs(client: unknown): client is PostgresJs {
  if (typeof client !== "function" || !("options" in client)) return false;
  return "unsafe" in client && typeof client.unsafe === "function";
}

/** A Client is one connection: what is asked at one time would wait, or be in a transaction of the app's and go with it. */
function isPool(client: unknown): client is PgPool {
  if (typeof client !== "object" || client === null || !("totalCount" in client)) return false;
  return "query" in client && typeof client.query === "function";
}

function overPg(pool: PgPool, prepare: boolean): PostgresClient {
  const names = new Map<string, string>();
  const nameOf = (text: string) => {
    const name = names.get(text) ?? `sessionup_${hash("sha256", text).slice(0, 20)}`;
    names.set(text, name);
    return name;
  };
  return {
    async ask(text, values) {
      const query: PgQuery = { text, values: [...values], rowMode: "array" };
      const { rows } = await pool.query(prepare ? { name: nameOf(text), ...query } : query);
      return rows;
    },
    async run(text) {
      await pool.query(text);
    },
  };
}

function overPostgresJs(sql: PostgresJs, prepare: boolean): PostgresClient {
  return {
    async ask(text, values) {
      const rows = await rowsOf(sql.unsafe(text, [...values], { prepare }));
      // After a connection broke, 3.4.9 may say of what was never carried out that it has no rows; there is no command then.
      if (rows.command === null)
        throw new Error("postgresStore: the connection broke before there was an answer");
      // After one that broke in the middle of a reply, it begins with a gap: that is not the same as no row.
      return rows.filter(() => true);
    },
    async run(text) {
      await sql.unsafe(text);
    },
  };
}

async function rowsOf(query: ReturnType<PostgresJs["unsafe"]>): Promise<PostgresJsRows> {
  try {
    return await query.values();
  } catch (error) {
    throw withoutValues(error);
  }
}

/**
 * Its errors carry the values, hidden or with `debug` for all to see: of a record the hashes too, which would be in whatever
 * log the error goes to. They cannot be taken out of it, so this is the same error without them.
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
