import { SessionError } from "../../errors.ts";
import type { Engine } from "./engine.ts";

/** The table's names, quoted. */
export interface Names {
  readonly table: string;
  /** The table that says which version the first is of, and when it was cleaned up last. */
  readonly schema: string;
  readonly byUser: string;
  readonly byUserEnded: string;
  readonly byDeadline: string;
  readonly byLink: string;
}

/** Throws `TypeError` for what can be no table's name, naming the option. */
export function namesOf(table: unknown): Names {
  if (typeof table !== "string" || !table.isWellFormed() || !/^[^\0]{1,100}$/.test(table))
    throw new TypeError("table: needs a name of 1 to 100 characters");
  if (/^(sqlite_|_cf_)/i.test(table))
    throw new TypeError(
      'table: names that begin with "sqlite_" or "_cf_" are the engine\'s own; choose another',
    );
  return {
    table: quoted(table),
    schema: quoted(`${table}_schema`),
    byUser: quoted(`${table}_by_user`),
    byUserEnded: quoted(`${table}_by_user_ended`),
    byDeadline: quoted(`${table}_by_deadline`),
    byLink: quoted(`${table}_by_link`),
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What each version adds to the one before. What is published never changes; what is to be changed is one more. */
export const VERSIONS: ReadonlyArray<(names: Names) => readonly string[]> = [
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
    // Tombstones have an index of their own: logins and lists do not read them, and none are in it while they are off.
    `CREATE INDEX ${byUser} ON ${table} (user_key, created_at, id) WHERE ended_at IS NULL`,
    `CREATE INDEX ${byUserEnded} ON ${table} (user_key, ended_at) WHERE ended_at IS NOT NULL`,
    `CREATE INDEX ${byDeadline} ON ${table} (deadline)`,
  ],
  ({ table, byLink }) => [
    `ALTER TABLE ${table} ADD COLUMN link TEXT`,
    // Most sessions have none.
    `CREATE INDEX ${byLink} ON ${table} (link) WHERE link IS NOT NULL AND ended_at IS NULL`,
  ],
];

/** What makes the tables where there are none, as `migrate` does. */
export function schemaOf(names: Names): readonly string[] {
  const steps = VERSIONS.flatMap((step, version) => [...step(names), raise(names, version)]);
  return [...beginnings(names), ...steps];
}

/**
 * Makes the tables, or brings them up to date, a version at a time; several processes may do so at once. Rejects with
 * `ERR_STORE` where a later release has been there.
 */
export async function migrate(
  engine: Engine,
  names: Names,
  store: string,
  versions: typeof VERSIONS = VERSIONS,
): Promise<void> {
  await engine.define(beginnings(names));
  for (;;) {
    const version = await versionOf(engine, names);
    if (version > versions.length) {
      throw new SessionError(
        "ERR_STORE",
        `${store}: the table is of version ${version}, this release knows ${versions.length}; upgrade sessionup`,
      );
    }
    const step = versions[version];
    if (!step) return;
    try {
      await engine.define([...step(names), raise(names, version)]);
    } catch (error) {
      // Another process has done it meanwhile: nothing of ours is left.
      if ((await versionOf(engine, names)) === version) throw error;
    }
  }
}

function beginnings({ schema }: Names): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${schema} (
  id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  swept_at INTEGER NOT NULL
)`,
    `INSERT INTO ${schema} (id, version, swept_at) VALUES (1, 0, 0) ON CONFLICT (id) DO NOTHING`,
  ];
}

/** Fails, and its transaction with it, where the version is another by now. */
function raise({ schema }: Names, from: number): string {
  return `UPDATE ${schema} SET version = CASE version WHEN ${from} THEN ${from + 1} END`;
}

async function versionOf(engine: Engine, { schema }: Names): Promise<number> {
  const [row] = await engine.read<{ readonly version: number | bigint | string }>({
    sql: `SELECT version FROM ${schema}`,
    values: [],
  });
  return Number(row?.version);
}
