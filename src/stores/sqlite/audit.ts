import type { AuditHead } from "../../audit/entry.ts";
import type {
  PendingRow,
  StoredEntry,
  TrailPage,
  TrailRow,
  TrailState,
  TrailStore,
} from "../../audit/trail-store.ts";
import type { StoreState } from "../../store.ts";
import { encodeUserKey } from "../shared/rows.ts";
import {
  ENTRY_COLUMNS,
  LONGEST_TERM,
  PENDING_COLUMNS,
  STATE_COLUMNS,
  toPendingRow,
  toStoredEntry,
  toTrailState,
} from "../shared/trail-rows.ts";
import type { SqliteEngine, SqliteQuery, SqliteRow } from "./engine.ts";
import {
  findVersion,
  migrateSqlite,
  type SQLITE_MIGRATIONS,
  type SqliteNames,
  toSqliteMigration,
} from "./schema.ts";
import { type Part, toQuery } from "./sql.ts";

/** The result of `sqliteAudit`, for the option `audit` of a store. */
export interface SqliteAudit {
  /** Returns the trail of a table. The store calls it. */
  open(engine: SqliteEngine, names: SqliteNames, store: string): SqliteTrail;
}

/**
 * Lets `sqliteStore` write an audit trail: the transaction that begins, changes or ends sessions also writes an entry. The cleanup
 * of expired sessions does so too. `migrate` creates three more tables. Every process that uses the table of sessions needs the
 * option.
 *
 * @example
 * ```ts
 * import Database from "libsql";
 * import { Manager } from "sessionup";
 * import { auditLog } from "sessionup/audit";
 * import { sqliteAudit, sqliteStore } from "sessionup/stores/sqlite";
 *
 * const store = sqliteStore(new Database("sessions.db"), { audit: sqliteAudit() });
 * await store.migrate();
 * const manager = new Manager(store);
 * const audit = auditLog(manager);
 * ```
 */
export function sqliteAudit(): SqliteAudit {
  return { open: (engine, names, store) => new SqliteTrail(engine, names, store) };
}

/**
 * Lets `libsqlStore` write an audit trail: the batch that begins, changes or ends sessions also writes an entry. The cleanup of
 * expired sessions does so too. `migrate` creates three more tables. Every process that uses the table of sessions needs the
 * option.
 *
 * @example
 * ```ts
 * import { createClient } from "@libsql/client";
 * import { libsqlAudit, libsqlStore } from "sessionup/stores/libsql";
 *
 * const client = createClient({ url: "file:sessions.db" });
 * const store = libsqlStore(client, { audit: libsqlAudit() });
 * ```
 */
export function libsqlAudit(): SqliteAudit {
  return sqliteAudit();
}

const AS_ROWS = "json_each(?) AS r";

/** The statements that each version of the tables adds to the previous one. */
const AUDIT_MIGRATIONS: typeof SQLITE_MIGRATIONS = [
  ({ audit, auditHead, auditBySeq, auditNew, auditByUser }) => [
    // A row that has no number in the chain yet holds columns. Afterwards its note is the entry.
    `CREATE TABLE ${audit} (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  seq INTEGER,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  session_id TEXT,
  user_key BLOB,
  reason TEXT,
  note TEXT
)`,
    `CREATE UNIQUE INDEX ${auditBySeq} ON ${audit} (seq) WHERE seq IS NOT NULL`,
    `CREATE INDEX ${auditNew} ON ${audit} (number) WHERE seq IS NULL`,
    `CREATE INDEX ${auditByUser} ON ${audit} (user_key, seq) WHERE seq IS NOT NULL AND user_key IS NOT NULL`,
    `CREATE TABLE ${auditHead} (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  chain TEXT NOT NULL,
  seq INTEGER NOT NULL DEFAULT 0,
  hash TEXT NOT NULL DEFAULT '',
  sent INTEGER NOT NULL DEFAULT 0,
  owner TEXT NOT NULL DEFAULT '',
  until INTEGER NOT NULL DEFAULT 0
)`,
    `INSERT INTO ${auditHead} (id, chain) VALUES (1, lower(hex(randomblob(16))))`,
  ],
];

/** The trail in two tables: the entries, and one row with the end of the chain. */
export class SqliteTrail implements TrailStore {
  readonly #engine: SqliteEngine;
  readonly #names: SqliteNames;
  readonly #store: string;

  constructor(engine: SqliteEngine, names: SqliteNames, store: string) {
    this.#engine = engine;
    this.#names = { ...names, schema: names.auditSchema, schemaName: names.auditSchemaName };
    this.#store = store;
  }

  migrate(): Promise<void> {
    return migrateSqlite(this.#engine, this.#names, this.#store, AUDIT_MIGRATIONS);
  }

  /** Returns the version of the tables, and the one that this release needs. */
  async inspect(): Promise<NonNullable<StoreState["auditSchema"]>> {
    return { found: await findVersion(this.#engine, this.#names), needed: AUDIT_MIGRATIONS.length };
  }

  get migration(): readonly string[] {
    return toSqliteMigration(this.#names, AUDIT_MIGRATIONS);
  }

  async add(rows: readonly TrailRow[]): Promise<void> {
    if (rows.length > 0) await this.#engine.write(rows.map((row) => this.#toInsert(row)));
  }

  async readState(): Promise<TrailState> {
    const [row] = await this.#select(STATE_COLUMNS, [`FROM ${this.#names.auditHead} WHERE id = 1`]);
    return toTrailState(row);
  }

  async claim(owner: string, now: number, until: number): Promise<boolean> {
    const [claimed = []] = await this.#write([
      `UPDATE ${this.#names.auditHead} SET owner = ?, until = ?
WHERE id = 1 AND (owner = ? OR until <= ? OR until > ?) RETURNING id`,
      owner,
      until,
      owner,
      now,
      now + LONGEST_TERM,
    ]);
    return claimed.length > 0;
  }

  async readPending(limit: number): Promise<readonly PendingRow[]> {
    const rows = await this.#select(PENDING_COLUMNS, [
      `FROM ${this.#names.audit} WHERE seq IS NULL ORDER BY number LIMIT ?`,
      limit,
    ]);
    return rows.map(toPendingRow);
  }

  async seal(
    from: AuditHead,
    numbers: readonly number[],
    entries: readonly StoredEntry[],
    to: AuditHead,
  ): Promise<boolean> {
    const { audit, auditHead } = this.#names;
    const rows = entries.map(({ seq, at, text }, index) => ({ number: numbers[index], seq, at, text }));
    // The second statement changes nothing unless the first one has moved the end.
    const [moved = []] = await this.#write(
      [
        `UPDATE ${auditHead} SET seq = ?, hash = ? WHERE id = 1 AND chain = ? AND seq = ? AND hash = ? RETURNING id`,
        to.seq,
        to.hash,
        from.chain,
        from.seq,
        from.hash,
      ],
      [
        `UPDATE ${audit} SET seq = json_extract(r.value, '$.seq'), at = json_extract(r.value, '$.at'), kind = 'sealed',
  session_id = NULL, reason = NULL, note = json_extract(r.value, '$.text')
FROM ${AS_ROWS} WHERE number = json_extract(r.value, '$.number') AND seq IS NULL
AND EXISTS (SELECT 1 FROM ${auditHead} WHERE id = 1 AND hash = ?) RETURNING number`,
        JSON.stringify(rows),
        to.hash,
      ],
    );
    return moved.length > 0;
  }

  async read({ userKey, from, before, after, limit }: TrailPage): Promise<readonly StoredEntry[]> {
    const conditions: Part[] = [["seq > ?", after ?? 0]];
    if (userKey !== undefined) conditions.push(["user_key = ?", encodeUserKey(userKey)]);
    if (from !== undefined) conditions.push(["at >= ?", from]);
    if (before !== undefined) conditions.push(["at < ?", before]);
    const rows = await this.#select(
      ENTRY_COLUMNS,
      [`FROM ${this.#names.audit} WHERE`],
      [
        conditions.map(([condition]) => condition).join(" AND "),
        ...conditions.flatMap(([, ...values]) => values),
      ],
      ["ORDER BY seq LIMIT ?", limit],
    );
    return rows.map(toStoredEntry);
  }

  async replace(entries: readonly StoredEntry[], row: TrailRow): Promise<void> {
    const change = toQuery(
      [`UPDATE ${this.#names.audit} SET user_key = NULL, note = json_extract(r.value, '$.text')`],
      [
        `FROM ${AS_ROWS} WHERE seq = json_extract(r.value, '$.seq') RETURNING seq`,
        JSON.stringify(entries.map(({ seq, text }) => ({ seq, text }))),
      ],
    );
    await this.#engine.write([change, this.#toInsert(row)]);
  }

  async findFirst(at: number): Promise<number | undefined> {
    const [row] = await this.#select(
      ["seq"],
      [`FROM ${this.#names.audit} WHERE seq IS NOT NULL AND at >= ? ORDER BY seq LIMIT 1`, at],
    );
    return row && Number(row[0]);
  }

  async deleteUpTo(seq: number, row: TrailRow): Promise<number> {
    const remove = toQuery([`DELETE FROM ${this.#names.audit} WHERE seq <= ? RETURNING seq`, seq]);
    const [removed = []] = await this.#engine.write([remove, this.#toInsert(row)]);
    return removed.length;
  }

  async markSent(seq: number): Promise<void> {
    await this.#write([
      `UPDATE ${this.#names.auditHead} SET sent = max(sent, ?) WHERE id = 1 RETURNING id`,
      seq,
    ]);
  }

  #toInsert({ at, kind, userKey, note }: TrailRow): SqliteQuery {
    const key = userKey === undefined ? null : encodeUserKey(userKey);
    return toQuery([
      `INSERT INTO ${this.#names.audit} (at, kind, user_key, note) VALUES (?, ?, ?, ?) RETURNING number`,
      at,
      kind,
      key,
      note ?? null,
    ]);
  }

  /** Returns the values of these columns, in order. */
  async #select(
    columns: readonly string[],
    ...parts: readonly Part[]
  ): Promise<ReadonlyArray<readonly unknown[]>> {
    const rows = await this.#engine.read(toQuery([`SELECT ${columns.join(", ")}`], ...parts));
    return rows.map((row) => columns.map((column) => row[column]));
  }

  #write(...statements: readonly Part[]): Promise<ReadonlyArray<readonly SqliteRow[]>> {
    return this.#engine.write(statements.map((part) => toQuery(part)));
  }
}
