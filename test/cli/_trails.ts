import { createClient } from "@libsql/client";
import Database from "libsql";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { libsqlAudit, libsqlStore } from "sessionup/stores/libsql";
import { mysqlAudit, mysqlStore } from "sessionup/stores/mysql";
import { type PostgresStore, postgresAudit, postgresStore } from "sessionup/stores/postgres";
import { sqliteAudit, sqliteStore } from "sessionup/stores/sqlite";
import { startMariadb } from "../support/servers/mariadb.ts";
import { WITHOUT_FSYNC as MYSQL_WITHOUT_FSYNC } from "../support/servers/mysql.ts";
import { startPostgres, WITHOUT_FSYNC } from "../support/servers/postgres.ts";
import type { Cli } from "./_cli.ts";

/** A store as the app opens it. */
export interface OpenedTrail {
  readonly store: PostgresStore;
  /** Runs SQL by hand. */
  run(sql: string): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A database in which a store can write a trail. */
export interface TrailBackend {
  readonly name: string;
  /** The package that the app has installed. */
  readonly driver: string;
  /** Starts the server. Returns the store's URL, as an operator writes it. */
  start(): Promise<{ readonly url: string; readonly stop?: () => Promise<unknown> }>;
  open(url: string, cli: Cli, audits: boolean): OpenedTrail;
}

export const POSTGRES: TrailBackend = {
  name: "PostgreSQL",
  driver: "pg",
  start: () => startPostgres(WITHOUT_FSYNC),
  open(url, _, audits) {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    const store = postgresStore(pool, { ...(audits && { audit: postgresAudit() }), cleanupEvery: false });
    return { store, run: (sql) => pool.query(sql), close: () => pool.end() };
  },
};

export const MARIADB: TrailBackend = {
  name: "MariaDB",
  driver: "mysql2",
  async start() {
    const { url, stop } = await startMariadb(MYSQL_WITHOUT_FSYNC);
    return { url: url.replace("mysql:", "mariadb:"), stop };
  },
  open(url, _, audits) {
    const pool = createPool({ uri: url.replace("mariadb:", "mysql:"), connectionLimit: 2 });
    const store = mysqlStore(pool, { ...(audits && { audit: mysqlAudit() }), cleanupEvery: false });
    return { store, run: (sql) => pool.query(sql), close: () => pool.end() };
  },
};

export const SQLITE: TrailBackend = {
  name: "SQLite",
  driver: "libsql",
  start: async () => ({ url: "sqlite:sessions.db" }),
  open(_, cli, audits) {
    const database = new Database(`${cli.folder}/sessions.db`);
    const store = sqliteStore(database, { ...(audits && { audit: sqliteAudit() }), cleanupEvery: false });
    return { store, run: async (sql) => database.exec(sql), close: async () => database.close() };
  },
};

export const LIBSQL: TrailBackend = {
  name: "libSQL",
  driver: "@libsql/client",
  start: async () => ({ url: "file:sessions.db" }),
  open(_, cli, audits) {
    const client = createClient({ url: `file:${cli.folder}/sessions.db` });
    const store = libsqlStore(client, { ...(audits && { audit: libsqlAudit() }), cleanupEvery: false });
    return { store, run: (sql) => client.execute(sql), close: async () => client.close() };
  },
};
