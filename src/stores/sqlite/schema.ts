import { invalidOption } from "../../options/parsers.ts";
import { versionError } from "../shared/sql-store.ts";
import type { SqliteEngine } from "./engine.ts";

/** The quoted names of the tables and indexes. */
export interface SqliteNames {
  readonly table: string;
  /** The table that holds the schema's version and the time of the last cleanup. */
  readonly schema: string;
  /** The same name without quotes. */
  readonly schemaName: string;
  /** The table of events, which is written only with the option `push`. */
  readonly events: string;
  /** The table of expired sessions that the cleanup has removed and not yet reported. */
  readonly ends: string;
  readonly byUser: string;
  readonly byUserEnded: string;
  readonly byDeadline: string;
  readonly byLink: string;
  readonly byCreated: string;
  readonly byEnded: string;
  /** The tables of the option `audit`: entries, the end of their chain, and the version of both. */
  readonly audit: string;
  readonly auditHead: string;
  readonly auditSchema: string;
  readonly auditSchemaName: string;
  readonly auditBySeq: string;
  readonly auditNew: string;
  readonly auditByUser: string;
}

/** Returns the quoted names. Throws a `TypeError` that names the option with an invalid name. */
export function toSqliteNames(table: unknown, option = "table"): SqliteNames {
  if (typeof table !== "string" || !table.isWellFormed() || !/^(?!sqlite_|_cf_)[^\0]{1,100}$/i.test(table))
    throw invalidOption(
      option,
      'a name of 1 to 100 characters that does not begin with "sqlite_" or "_cf_"',
      table,
    );
  return {
    table: quote(table),
    schema: quote(`${table}_schema`),
    schemaName: `${table}_schema`,
    events: quote(`${table}_events`),
    ends: quote(`${table}_ends`),
    byUser: quote(`${table}_by_user`),
    byUserEnded: quote(`${table}_by_user_ended`),
    byDeadline: quote(`${table}_by_deadline`),
    byLink: quote(`${table}_by_link`),
    byCreated: quote(`${table}_by_created`),
    byEnded: quote(`${table}_by_ended`),
    audit: quote(`${table}_audit`),
    auditHead: quote(`${table}_audit_head`),
    auditSchema: quote(`${table}_audit_schema`),
    auditSchemaName: `${table}_audit_schema`,
    auditBySeq: quote(`${table}_audit_seq`),
    auditNew: quote(`${table}_audit_new`),
    auditByUser: quote(`${table}_audit_user`),
  };
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * The statements that each version adds to the previous one. A published version never changes: a change of the schema is
 * a new version.
 */
export const SQLITE_MIGRATIONS: ReadonlyArray<(names: SqliteNames) => readonly string[]> = [
  ({ table, byUser, byUserEnded, byDeadline }) => [
    `CREATE TABLE ${table} (
  id TEXT PRIMARY KEY NOT NULL,
  user_key BLOB NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  ended_at INTEGER,
  ended_reason TEXT,
  data TEXT NOT NULL
)`,
    // No index contains a column that activity changes, so an activity write changes one page.
    // Logins and lists never read tombstones. Without tombstones the second index is empty.
    `CREATE INDEX ${byUser} ON ${table} (user_key, created_at, id) WHERE ended_at IS NULL`,
    `CREATE INDEX ${byUserEnded} ON ${table} (user_key, ended_at) WHERE ended_at IS NOT NULL`,
    `CREATE INDEX ${byDeadline} ON ${table} (deadline)`,
  ],
  ({ table, byLink }) => [
    `ALTER TABLE ${table} ADD COLUMN link TEXT`,
    // Most sessions have no link.
    `CREATE INDEX ${byLink} ON ${table} (link) WHERE link IS NOT NULL AND ended_at IS NULL`,
  ],
  ({ events }) => [
    `CREATE TABLE ${events} (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  message TEXT NOT NULL
)`,
    // The table is never empty, so the event at a position shows that no event after it was removed.
    `INSERT INTO ${events} (number, at, message) VALUES (1, 0, '')`,
  ],
  ({ table, ends, byCreated, byEnded }) => [
    // For scans of all users. A scan of sessions reads no tombstones. Without tombstones the second index is empty.
    `CREATE INDEX ${byCreated} ON ${table} (created_at, id) WHERE ended_at IS NULL`,
    `CREATE INDEX ${byEnded} ON ${table} (ended_at, id) WHERE ended_at IS NOT NULL`,
    // The id is not unique: a session that has been removed does not keep others from having its id.
    `CREATE TABLE ${ends} (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  user_key BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  claimed_until INTEGER NOT NULL
)`,
  ],
];

/** Returns the statements that create the tables in a database that has none, as `migrateSqlite` does. */
export function toSqliteMigration(
  names: SqliteNames,
  migrations: typeof SQLITE_MIGRATIONS = SQLITE_MIGRATIONS,
): readonly string[] {
  const steps = migrations.flatMap((step, version) => [...step(names), raiseVersion(names, version)]);
  return [...createVersionTable(names), ...steps];
}

/**
 * Creates the tables or upgrades them, one version at a time. Several processes may do so at the same time. Rejects with
 * `ERR_STORE` when a later release has upgraded the table.
 */
export async function migrateSqlite(
  engine: SqliteEngine,
  names: SqliteNames,
  store: string,
  migrations: typeof SQLITE_MIGRATIONS = SQLITE_MIGRATIONS,
): Promise<void> {
  await engine.define(createVersionTable(names));
  for (;;) {
    const version = await readVersion(engine, names);
    if (version > migrations.length) throw versionError(store, version, migrations.length);
    const step = migrations[version];
    if (!step) return;
    try {
      await engine.define([...step(names), raiseVersion(names, version)]);
    } catch (error) {
      // If another process has made this step, the transaction of this one was rolled back.
      if ((await readVersion(engine, names)) === version) throw error;
    }
  }
}

function createVersionTable({ schema }: SqliteNames): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${schema} (
  id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  swept_at INTEGER NOT NULL
)`,
    `INSERT INTO ${schema} (id, version, swept_at) VALUES (1, 0, 0) ON CONFLICT (id) DO NOTHING`,
  ];
}

/** Fails when another process has changed the version: the column must not be null. The transaction fails with it. */
function raiseVersion({ schema }: SqliteNames, from: number): string {
  return `UPDATE ${schema} SET version = CASE version WHEN ${from} THEN ${from + 1} END`;
}

/** Returns the version of the tables, or 0 if there are none. */
export async function findVersion(engine: SqliteEngine, names: SqliteNames): Promise<number> {
  const sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?";
  const tables = await engine.read({ sql, values: [names.schemaName] });
  return tables.length > 0 ? await readVersion(engine, names) : 0;
}

async function readVersion(engine: SqliteEngine, { schema }: SqliteNames): Promise<number> {
  const [row] = await engine.read({ sql: `SELECT version FROM ${schema}`, values: [] });
  return Number(row?.version);
}
