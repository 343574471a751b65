import { SessionError } from "../../errors.ts";
import { COLUMNS } from "../shared/rows.ts";
import { errnoOf, type MysqlClient, type MysqlLease } from "./client.ts";
import { raw, type Sql, sql } from "./sql.ts";

/** The tables' names, quoted. */
export interface Names {
  readonly table: Sql;
  /** The table that says which version the first is of, and when it was swept last. */
  readonly schema: Sql;
  /** The table of rows that are locked in place of users. */
  readonly slots: Sql;
}

/** MySQL's names have 64 characters at most; the longest of ours has 7 more than the table. */
const LONGEST = 57;

/** Throws `TypeError` for what can be no table's name, naming the option. */
export function namesOf(table: unknown): Names {
  const fits = typeof table === "string" && /^[^\0\u{10000}-\u{10ffff}]+$/u.test(table);
  if (!fits || !table.isWellFormed() || table.length > LONGEST)
    throw new TypeError(
      `table: needs a name of 1 to ${LONGEST} characters, none of them NUL or beyond U+FFFF`,
    );
  return { table: quoted(table), schema: quoted(`${table}_schema`), slots: quoted(`${table}_slots`) };
}

function quoted(name: string): Sql {
  return raw(`\`${name.replaceAll("`", "``")}\``);
}

/** Users share so many rows to lock. It never changes: releases that run side by side have to agree. */
const SLOTS = 1_000;

/** The row to lock for a user. */
export function slotOf(userKey: Uint8Array): Sql {
  return sql`slot = MOD(CRC32(${userKey}), ${raw(String(SLOTS))})`;
}

/** Whatever the server's own defaults are: other engines have no transactions, other formats no keys so long. */
const INNODB = raw("ENGINE = InnoDB ROW_FORMAT = DYNAMIC");

/**
 * What each version adds to the one before. What is published never changes; what is to be changed is one more. A
 * statement may be carried out that had been by a run that was cut off: each one commits by itself.
 */
export const VERSIONS: ReadonlyArray<(names: Names) => readonly Sql[]> = [
  ({ table, slots }) => [
    // Bytes throughout: no collation folds or pads them, no character set changes them. Neither index has what activity
    // moves in it. In the first a user's sessions, where ended_at is null, stand apart from the tombstones: logins and
    // lists never read those, and the latest tombstones are found in order.
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
];

/** What makes the tables where there are none, as `migrate` does. */
export function migrationSql(names: Names): string {
  const steps = VERSIONS.flatMap((step, version) => [...step(names), raise(names, version)]);
  return [...beginnings(names), ...steps].map(({ literal }) => `${literal};\n`).join("");
}

/**
 * Makes the tables, or brings them up to date, a version at a time; several processes may do so at once. Rejects with
 * `ERR_STORE` where a later release has been there, or where the table is somebody else's.
 */
export async function migrate(
  client: MysqlClient,
  names: Names,
  versions: typeof VERSIONS = VERSIONS,
): Promise<void> {
  await client.unhurried(async (lease) => {
    if ((await versionOf(lease, names)) !== versions.length)
      await alone(lease, names, () => upgrade(lease, names, versions));
    await checkColumns(lease, names);
  });
}

async function upgrade(lease: MysqlLease, names: Names, versions: typeof VERSIONS): Promise<void> {
  for (const statement of beginnings(names)) await lease.run(statement);
  const version = await versionOf(lease, names);
  if (version > versions.length) {
    const message = `the table is of version ${version}, this release knows ${versions.length}; upgrade sessionup`;
    throw new SessionError("ERR_STORE", `mysqlStore: ${message}`);
  }
  for (const [index, step] of versions.entries()) {
    if (index < version) continue;
    for (const statement of step(names)) {
      await lease.run(statement).catch((error: unknown) => {
        if (!DONE_BEFORE.has(errnoOf(error))) throw error;
      });
    }
    await lease.run(raise(names, index));
  }
}

// ER_TABLE_EXISTS_ERROR, ER_DUP_FIELDNAME, ER_DUP_KEYNAME, ER_CANT_DROP_FIELD_OR_KEY: MySQL knows no `IF NOT EXISTS` there.
const DONE_BEFORE: ReadonlySet<unknown> = new Set([1050, 1060, 1061, 1091]);

/** So long one process waits for another that makes tables, in seconds. */
const WAITS = 600;

/** One process at a time; the lock ends with the connection too. Its name is the server's, of at most 64 characters. */
async function alone(lease: MysqlLease, { table }: Names, work: () => Promise<void>): Promise<void> {
  // MySQL 9.7 has no MD5 any more.
  const name = sql`CONCAT(${"sessionup "}, LEFT(SHA2(CONCAT(DATABASE(), ${"."}, ${table.literal}), 256), 40))`;
  const [mine] = await lease.rows(sql`SELECT GET_LOCK(${name}, ${WAITS})`);
  if (Number(mine?.[0]) !== 1)
    throw new SessionError("ERR_STORE", `mysqlStore: another process has been migrating for ${WAITS} s`);
  try {
    await work();
  } finally {
    await lease.rows(sql`SELECT RELEASE_LOCK(${name})`);
  }
}

function beginnings({ schema }: Names): readonly Sql[] {
  return [
    sql`CREATE TABLE IF NOT EXISTS ${schema} (
  id TINYINT NOT NULL PRIMARY KEY,
  version INT NOT NULL,
  swept_at BIGINT NOT NULL
) ${INNODB}`,
    sql`INSERT IGNORE INTO ${schema} (id, version, swept_at) VALUES (1, 0, 0)`,
  ];
}

function raise({ schema }: Names, from: number): Sql {
  return sql`UPDATE ${schema} SET version = ${from + 1} WHERE id = 1 AND version = ${from}`;
}

/** -1 where there are no tables. */
async function versionOf(lease: MysqlLease, { schema }: Names): Promise<number> {
  try {
    const [row] = await lease.rows(sql`SELECT version FROM ${schema} WHERE id = 1`);
    return Number(row?.[0] ?? -1);
  } catch (error) {
    if (errnoOf(error) === NO_SUCH_TABLE) return -1;
    throw error;
  }
}

export const NO_SUCH_TABLE = 1146;
export const NO_SUCH_COLUMN = 1054;

async function checkColumns(lease: MysqlLease, { table }: Names): Promise<void> {
  try {
    await lease.rows(sql`SELECT ${raw(COLUMNS.join(", "))} FROM ${table} LIMIT 0`);
  } catch (error) {
    if (errnoOf(error) !== NO_SUCH_COLUMN) throw error;
    const message = 'mysqlStore: there is another table of that name; choose one with the option "table"';
    throw new SessionError("ERR_STORE", message, { cause: error });
  }
}
