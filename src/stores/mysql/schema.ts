import { SessionError } from "../../errors.ts";
import { invalidOption } from "../../options/parsers.ts";
import { COLUMNS } from "../shared/rows.ts";
import { versionError } from "../shared/sql-store.ts";
import { type MysqlClient, type MysqlLease, NO_SUCH_COLUMN, NO_SUCH_TABLE, readErrno } from "./client.ts";
import { raw, type Sql, sql } from "./sql.ts";

/** The quoted names of the tables. */
export interface MysqlNames {
  readonly table: Sql;
  /** The table that holds the schema's version and the time of the last cleanup. */
  readonly schema: Sql;
  /** The table whose rows are locked in place of users. */
  readonly slots: Sql;
  /** The table of events, which is written only with the option `push`. */
  readonly events: Sql;
  /** The table of sessions that the cleanup has taken and not yet reported. */
  readonly ends: Sql;
  /** The tables of the option `audit`: entries, and their version with the end of their chain. */
  readonly audit: Sql;
  readonly trail: Sql;
}

/** MySQL limits names to 64 characters. The longest suffixes, `_schema` and `_events`, have 7. */
const MAX_LENGTH = 57;

/** Returns the quoted names. Throws a `TypeError` that names the option with an invalid name. */
export function toMysqlNames(table: unknown, option = "table"): MysqlNames {
  const fits = typeof table === "string" && /^[^\0\u{10000}-\u{10ffff}]+$/u.test(table);
  if (!fits || !table.isWellFormed() || table.length > MAX_LENGTH)
    throw invalidOption(option, `a name of 1 to ${MAX_LENGTH} characters up to U+FFFF, without NUL`, table);
  return {
    table: quote(table),
    schema: quote(`${table}_schema`),
    slots: quote(`${table}_slots`),
    events: quote(`${table}_events`),
    ends: quote(`${table}_ends`),
    audit: quote(`${table}_audit`),
    trail: quote(`${table}_trail`),
  };
}

function quote(name: string): Sql {
  return raw(`\`${name.replaceAll("`", "``")}\``);
}

/** The number of rows to lock that all users share. It never changes: releases that run at the same time must agree. */
const SLOTS = 1_000;

/** Matches the row to lock for a user. */
export function whereSlot(userKey: Uint8Array): Sql {
  return sql`slot = MOD(CRC32(${userKey}), ${raw(String(SLOTS))})`;
}

/** The number of columns of the first version. */
const FIRST_COLUMNS = 10;

/** Overrides the server's defaults: other engines have no transactions, other formats no keys of this length. */
const INNODB = raw("ENGINE = InnoDB ROW_FORMAT = DYNAMIC");

/**
 * The statements that each version adds to the previous one. A published version never changes: a change of the schema is
 * a new version. Each statement commits by itself, so after an interrupted run a statement may run a second time.
 */
export const MYSQL_MIGRATIONS: ReadonlyArray<(names: MysqlNames) => readonly Sql[]> = [
  ({ table, slots }) => [
    // Text is stored as bytes, which collations and character sets do not affect. Neither index contains a column that
    // activity changes. `ended_at` separates a user's sessions from the tombstones in the first index: logins and lists
    // never read tombstones, and the latest tombstones are found in order.
    sql`CREATE TABLE IF NOT EXISTS ${table} (
  id VARBINARY(128) NOT NULL PRIMARY KEY,
  user_key VARBINARY(1024) NOT NULL,
  revision INT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  ended_at BIGINT,
  ended_reason VARBINARY(32),
  data LONGBLOB NOT NULL,
  INDEX by_user (user_key, ended_at, created_at, id),
  INDEX by_deadline (deadline)
) ${INNODB}`,
    sql`CREATE TABLE IF NOT EXISTS ${slots} (
  slot SMALLINT NOT NULL PRIMARY KEY,
  nothing TINYINT NOT NULL DEFAULT 0
) ${INNODB}`,
    sql`INSERT IGNORE INTO ${slots} (slot)
WITH digits AS (${raw(Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS digit`).join(" UNION ALL "))})
SELECT a.digit + 10 * b.digit + 100 * c.digit FROM digits AS a, digits AS b, digits AS c`,
  ],
  ({ table }) => [
    sql`ALTER TABLE ${table} ADD COLUMN link VARBINARY(64)`,
    sql`CREATE INDEX by_link ON ${table} (link)`,
  ],
  ({ events }) => [
    sql`CREATE TABLE IF NOT EXISTS ${events} (
  number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at BIGINT NOT NULL,
  message MEDIUMBLOB NOT NULL
) ${INNODB}`,
    // The table is never empty, so the event at a position shows that no event after it was removed.
    sql`INSERT IGNORE INTO ${events} (number, at, message) VALUES (1, 0, ${""})`,
  ],
  ({ table, ends }) => [
    // For scans of all sessions.
    sql`CREATE INDEX by_creation ON ${table} (created_at, id)`,
    // Expired sessions between their removal and their report. It is almost always empty.
    sql`CREATE TABLE IF NOT EXISTS ${ends} (
  id VARBINARY(128) NOT NULL,
  user_key VARBINARY(1024) NOT NULL,
  expires_at BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  claimed_until BIGINT NOT NULL,
  PRIMARY KEY (id, deadline),
  INDEX by_claim (claimed_until)
) ${INNODB}`,
  ],
];

/** Returns the SQL that creates the tables in a database that has none, as `migrateMysql` does. */
export function toMysqlMigration(
  names: MysqlNames,
  migrations: typeof MYSQL_MIGRATIONS = MYSQL_MIGRATIONS,
): string {
  const steps = migrations.flatMap((step, version) => [...step(names), raiseVersion(names, version)]);
  return [...createVersionTable(names), ...steps].map(({ literal }) => `${literal};\n`).join("");
}

/**
 * Creates the tables or upgrades them, one version at a time. Several processes may do so at the same time. Rejects with
 * `ERR_STORE` when a later release has upgraded the table, or when the table does not belong to sessionup.
 */
export async function migrateMysql(
  client: MysqlClient,
  names: MysqlNames,
  migrations: typeof MYSQL_MIGRATIONS = MYSQL_MIGRATIONS,
): Promise<void> {
  await client.withoutDeadline(async (lease) => {
    if ((await readVersion(lease, names)) !== migrations.length)
      await withMigrationLock(lease, names, () => upgrade(lease, names, migrations));
    await checkColumns(lease, names);
  });
}

async function upgrade(
  lease: MysqlLease,
  names: MysqlNames,
  migrations: typeof MYSQL_MIGRATIONS,
): Promise<void> {
  for (const statement of createVersionTable(names)) await lease.run(statement);
  const version = await readVersion(lease, names);
  if (version > migrations.length) throw versionError("mysqlStore", version, migrations.length);
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    for (const statement of step(names)) {
      await lease.run(statement).catch((error: unknown) => {
        if (!ALREADY_DONE.has(readErrno(error))) throw error;
      });
    }
    // Before anything is added to the table of another program.
    if (index === 0) await checkColumns(lease, names, COLUMNS.slice(0, FIRST_COLUMNS));
    await lease.run(raiseVersion(names, index));
  }
}

// ER_TABLE_EXISTS_ERROR, ER_DUP_FIELDNAME, ER_DUP_KEYNAME, ER_CANT_DROP_FIELD_OR_KEY: MySQL has no `IF NOT EXISTS` for these.
const ALREADY_DONE: ReadonlySet<unknown> = new Set([1050, 1060, 1061, 1091]);

/** How long a process waits for the migration of another process, in seconds. */
const LOCK_TIMEOUT = 600;

/**
 * Runs `work` in one process at a time. The lock also ends with the connection. Its name is unique on the server and has at
 * most 64 characters.
 */
async function withMigrationLock(
  lease: MysqlLease,
  { table }: MysqlNames,
  work: () => Promise<void>,
): Promise<void> {
  // MySQL 9.7 no longer has MD5.
  const name = sql`CONCAT(${"sessionup "}, LEFT(SHA2(CONCAT(DATABASE(), ${"."}, ${table.literal}), 256), 40))`;
  const [row] = await lease.rows(sql`SELECT GET_LOCK(${name}, ${LOCK_TIMEOUT})`);
  if (Number(row?.[0]) !== 1)
    throw new SessionError(
      "ERR_STORE",
      `mysqlStore: another process has held the migration lock for ${LOCK_TIMEOUT} s. Try again.`,
    );
  try {
    await work();
  } finally {
    await lease.rows(sql`SELECT RELEASE_LOCK(${name})`);
  }
}

function createVersionTable({ schema }: MysqlNames): readonly Sql[] {
  return [
    sql`CREATE TABLE IF NOT EXISTS ${schema} (
  id TINYINT NOT NULL PRIMARY KEY,
  version INT NOT NULL,
  swept_at BIGINT NOT NULL
) ${INNODB}`,
    sql`INSERT IGNORE INTO ${schema} (id, version, swept_at) VALUES (1, 0, 0)`,
  ];
}

function raiseVersion({ schema }: MysqlNames, from: number): Sql {
  return sql`UPDATE ${schema} SET version = ${from + 1} WHERE id = 1 AND version = ${from}`;
}

/** Returns the version of the tables, or -1 when there are none. */
export async function readVersion(lease: MysqlLease, { schema }: MysqlNames): Promise<number> {
  try {
    const [row] = await lease.rows(sql`SELECT version FROM ${schema} WHERE id = 1`);
    return Number(row?.[0] ?? -1);
  } catch (error) {
    if (readErrno(error) === NO_SUCH_TABLE) return -1;
    throw error;
  }
}

async function checkColumns(
  lease: MysqlLease,
  { table }: MysqlNames,
  columns: readonly string[] = COLUMNS,
): Promise<void> {
  try {
    await lease.rows(sql`SELECT ${raw(columns.join(", "))} FROM ${table} LIMIT 0`);
  } catch (error) {
    if (readErrno(error) !== NO_SUCH_COLUMN) throw error;
    const message =
      'mysqlStore: the table exists but does not belong to sessionup. Set the option "table" to another name.';
    throw new SessionError("ERR_STORE", message, { cause: error });
  }
}
