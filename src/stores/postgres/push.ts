import { Buffer } from "node:buffer";
import { invalidOption } from "../../options/parsers.ts";
import {
  addSubscribe,
  Echo,
  type PingedConnection,
  type PushOptions,
  parseHeartbeat,
  withHeartbeat,
} from "../shared/push-channel.ts";
import type { SqlStore } from "../shared/sql-store.ts";
import { toPostgresChannel } from "./statements.ts";

/** The members of a pg `Client` that receive events. */
export interface PgListener {
  connect(): Promise<unknown>;
  query(text: string): Promise<{ readonly rows: ReadonlyArray<{ readonly channel?: unknown }> }>;
  end(): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: the listeners of each event have their own parameters
  on(event: "notification" | "error" | "end", listener: (...args: any[]) => void): unknown;
}

/** The result of `postgresPush`, for the option `push` of `postgresStore`. */
export interface PostgresPush {
  /**
   * Adds `subscribe` to a store. `postgresStore` calls it, with the name of its table. `run` executes a statement by the
   * store's client.
   */
  attach(store: SqlStore, table: string, run: (text: string) => Promise<unknown>): SqlStore;
}

/**
 * Lets `postgresStore` report the sessions that end or change in any process: the store then has `subscribe`. `open` returns a
 * new `Client` of pg for the connection that listens. The store connects it, closes it, and calls `open` again when the
 * connection is lost. The client must connect to the server itself: `subscribe` rejects behind PgBouncer in transaction mode,
 * which forwards no notifications.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { postgresPush, postgresStore } from "sessionup/stores/postgres";
 *
 * const config = { connectionString: process.env["DATABASE_URL"] };
 * const store = postgresStore(new pg.Pool(config), { push: postgresPush(() => new pg.Client(config)) });
 * ```
 */
export function postgresPush(open: () => PgListener, options: PushOptions = {}): PostgresPush {
  if (typeof open !== "function") throw invalidOption("open", "a function that returns a Client of pg", open);
  const heartbeat = parseHeartbeat(options, "postgresPush");
  return {
    attach: (store, table, run) =>
      addSubscribe(
        store,
        withHeartbeat((receive, lose) => {
          const echo = new Echo(() => run(`SELECT pg_notify(${toPostgresChannel(table)}, '')`));
          const hear = (message: string) => {
            echo.arrive();
            receive(message);
          };
          return { ...listen(open(), table, hear, lose), probe: () => echo.ask() };
        }, heartbeat),
        (userKey) => Buffer.from(userKey, "hex").toString(),
      ),
  };
}

function listen(
  client: PgListener,
  table: string,
  receive: (message: string) => void,
  lose: (error: unknown) => void,
): Omit<PingedConnection, "probe"> {
  client.on("error", lose);
  client.on("end", lose);
  client.on("notification", ({ payload }: { readonly payload?: string }) => receive(payload ?? ""));
  const start = async () => {
    await client.connect();
    const { rows } = await client.query(`SELECT ${toPostgresChannel(table)} AS channel`);
    await client.query(`LISTEN "${rows[0]?.channel}"`);
  };
  return {
    ready: start(),
    ping: () => client.query("SELECT 1"),
    // With a query that has no reply yet, this ends the connection at once.
    close: () => void client.end().catch(() => undefined),
  };
}
