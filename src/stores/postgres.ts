import type { Duration } from "../duration.ts";
import type { PostgresAudit } from "./postgres/audit.ts";
import { type PgPool, type PostgresJs, toPostgresClient } from "./postgres/client.ts";
import { parsePostgresOptions } from "./postgres/options.ts";
import type { PostgresPush } from "./postgres/push.ts";
import { toPostgresNames } from "./postgres/schema.ts";
import { PostgresSessions } from "./postgres/sessions.ts";
import type { CleanupOptions } from "./shared/cleanup.ts";
import { Deadline } from "./shared/deadline.ts";
import type { SqlStore } from "./shared/sql-store.ts";

export { type PostgresAudit, postgresAudit } from "./postgres/audit.ts";
export type { PgPool, PostgresJs } from "./postgres/client.ts";
export { type PgListener, type PostgresPush, postgresPush } from "./postgres/push.ts";
export type { PushOptions } from "./shared/push-channel.ts";

/** The options of `postgresStore`. */
export interface PostgresStoreOptions extends CleanupOptions {
  /** The table's schema, at most 51 bytes. `migrate` creates it. Default: the first one in the `search_path`. */
  readonly schema?: string;
  /** The table's name, at most 51 bytes. Names of a second table, of indexes and functions begin with it. Default: `sessionup_sessions`. */
  readonly table?: string;
  /** How long an operation waits for a reply before it fails with `ERR_STORE` (503). Default: `"5s"`. */
  readonly timeout?: Duration;
  /**
   * Whether each connection parses and plans a statement only once. Default: true. Set it to false behind a PgBouncer in
   * transaction mode that does not track prepared statements (before 1.21, or `max_prepared_statements = 0`): there, a
   * statement may run on a connection that has not prepared it.
   */
  readonly prepare?: boolean;
  /**
   * Whether the store publishes the sessions that it ends and changes, in the same statement. The result of `postgresPush`
   * also gives the store `subscribe`. `true` is for a process that publishes and does not subscribe. Every process that ends or
   * changes sessions needs the option. Default: false.
   */
  readonly push?: PostgresPush | boolean;
  /** The result of `postgresAudit()`: the store writes an audit trail, in the same statements. Default: none. */
  readonly audit?: PostgresAudit;
}

/** A store in PostgreSQL. `migrate` also rejects when another table has the name. */
export type PostgresStore = SqlStore;

/**
 * Stores sessions in PostgreSQL 12 or later. Takes the app's own client: a `Pool` of pg, or the result of `postgres()` of
 * postgres.js. The client must read from and write to the primary.
 *
 * Throws `TypeError` for invalid options. The store's methods reject with the driver's own errors. They reject with
 * `ERR_STORE` when the server does not reply in time or `migrate` was never called.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { Manager } from "sessionup";
 * import { postgresStore } from "sessionup/stores/postgres";
 *
 * const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"] });
 * pool.on("error", (error) => console.error(error));
 * const store = postgresStore(pool);
 * await store.migrate();
 * const manager = new Manager(store);
 * ```
 */
export function postgresStore(
  client: PgPool | PostgresJs,
  options: PostgresStoreOptions = {},
): PostgresStore {
  const { schema, table, timeout, prepare, push, audit, ...cleanup } = parsePostgresOptions(options);
  const names = toPostgresNames(schema, table);
  const deadline = new Deadline(timeout);
  const port = toPostgresClient(client, prepare);
  const trail = audit?.open(names, (text, values) => deadline.within(port.query(text, values, true)));
  const store = new PostgresSessions(port, names, deadline, cleanup, push !== false, trail);
  if (typeof push === "boolean") return store;
  return push.attach(store, names.literal, (text) => deadline.within(port.query(text, [])));
}
