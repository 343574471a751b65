import { Buffer } from "node:buffer";
import type { AuditHead } from "../../audit/entry.ts";
import type {
  PendingRow,
  StoredEntry,
  TrailPage,
  TrailRow,
  TrailState,
  TrailStore,
} from "../../audit/trail-store.ts";
import type { SqlValue } from "../shared/rows.ts";
import {
  ENTRY_COLUMNS,
  LONGEST_TERM,
  PENDING_COLUMNS,
  STATE_COLUMNS,
  toPendingRow,
  toStoredEntry,
  toTrailState,
} from "../shared/trail-rows.ts";
import type { RunPostgres } from "./client.ts";
import { withUserKeyAsBytes, withUserKeyAsHex } from "./rows.ts";
import { type POSTGRES_MIGRATIONS, type PostgresNames, toLiteral, toPostgresMigration } from "./schema.ts";

/** The result of `postgresAudit`, for the option `audit` of `postgresStore`. */
export interface PostgresAudit {
  /** Returns the trail of a table. `postgresStore` calls it. `run` executes a statement by the store's client. */
  open(names: PostgresNames, run: RunPostgres): PostgresTrail;
}

/**
 * Lets `postgresStore` write an audit trail: the statement that begins, changes or ends sessions also writes an entry. The
 * cleanup of expired sessions does so too. `migrate` creates two more tables. Every process that uses the table of sessions needs
 * the option.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { Manager } from "sessionup";
 * import { auditLog } from "sessionup/audit";
 * import { postgresAudit, postgresStore } from "sessionup/stores/postgres";
 *
 * const store = postgresStore(new pg.Pool(), { audit: postgresAudit() });
 * await store.migrate();
 * const manager = new Manager(store);
 * const audit = auditLog(manager);
 * ```
 */
export function postgresAudit(): PostgresAudit {
  return { open: (names, run) => new PostgresTrail(names, run) };
}

/** A row of the table of entries, as JSON. */
const AS_RECORD =
  "json_to_recordset($1::text::json) AS r (number bigint, seq bigint, at bigint, kind text, user_key text, note text)";

/** The SQL that each version of the tables adds to the previous one. */
const AUDIT_MIGRATIONS: typeof POSTGRES_MIGRATIONS = [
  ({ audit, auditHead, auditBySeq, auditNew, auditByUser }) => `
  -- A row that has no number in the chain yet holds columns. Afterwards its note is the entry.
  CREATE TABLE ${audit} (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seq bigint,
    at bigint NOT NULL,
    kind text NOT NULL,
    session_id text COLLATE "C",
    user_key bytea,
    reason text,
    note text
  );
  CREATE UNIQUE INDEX ${auditBySeq} ON ${audit} (seq) WHERE seq IS NOT NULL;
  CREATE INDEX ${auditNew} ON ${audit} (number) WHERE seq IS NULL;
  CREATE INDEX ${auditByUser} ON ${audit} (user_key, seq) WHERE seq IS NOT NULL AND user_key IS NOT NULL;
  CREATE TABLE ${auditHead} (
    id integer PRIMARY KEY CHECK (id = 1),
    chain text NOT NULL,
    seq bigint NOT NULL DEFAULT 0,
    hash text NOT NULL DEFAULT '',
    sent bigint NOT NULL DEFAULT 0,
    owner text NOT NULL DEFAULT '',
    until bigint NOT NULL DEFAULT 0
  );
  INSERT INTO ${auditHead} (id, chain) VALUES (1, md5(random()::text || clock_timestamp()::text));`,
];

/** The trail in two tables: the entries, and one row with the end of the chain. */
export class PostgresTrail implements TrailStore {
  /** The quoted name of the table of entries. */
  readonly table: string;
  /** The version of the tables that this release needs. */
  readonly version: number = AUDIT_MIGRATIONS.length;
  readonly #head: string;
  readonly #names: PostgresNames;
  readonly #run: RunPostgres;

  constructor(names: PostgresNames, run: RunPostgres) {
    this.table = names.audit;
    this.#head = names.auditHead;
    this.#names = names;
    this.#run = run;
  }

  migrationSql(): string {
    const { table } = this;
    return toPostgresMigration({ ...this.#names, table, literal: toLiteral(table) }, AUDIT_MIGRATIONS);
  }

  async add(rows: readonly TrailRow[]): Promise<void> {
    if (rows.length > 0) await this.#run(this.#toInsert("$1"), [toJson(rows)]);
  }

  async readState(): Promise<TrailState> {
    const [row] = await this.#run(`SELECT ${STATE_COLUMNS.join(", ")} FROM ${this.#head} WHERE id = 1`, []);
    return toTrailState(row);
  }

  async claim(owner: string, now: number, until: number): Promise<boolean> {
    const claimed = await this.#run(
      `UPDATE ${this.#head} SET owner = $1, until = $3
WHERE id = 1 AND (owner = $1 OR until <= $2 OR until > $2::bigint + ${LONGEST_TERM}) RETURNING id`,
      [owner, now, until],
    );
    return claimed.length > 0;
  }

  async readPending(limit: number): Promise<readonly PendingRow[]> {
    const rows = await this.#run(
      `SELECT ${withUserKeyAsHex(PENDING_COLUMNS)} FROM ${this.table}
WHERE seq IS NULL ORDER BY number LIMIT $1`,
      [limit],
    );
    return rows.map((row) => toPendingRow(withUserKeyAsBytes(row, PENDING_COLUMNS)));
  }

  async seal(
    from: AuditHead,
    numbers: readonly number[],
    entries: readonly StoredEntry[],
    to: AuditHead,
  ): Promise<boolean> {
    const rows = entries.map((entry, index) => ({ number: numbers[index], ...toColumns(entry) }));
    // The numbers are an array too, because for a join with an unknown number of rows the planner scans the whole table. The
    // first part waits for another process that seals, and then changes nothing.
    const [row] = await this.#run(
      `WITH moved AS (
  UPDATE ${this.#head} SET seq = $5, hash = $6 WHERE id = 1 AND chain = $2 AND seq = $3 AND hash = $4 RETURNING id
), sealed AS (
  UPDATE ${this.table} AS t SET seq = r.seq, at = r.at, kind = 'sealed', session_id = NULL,
    user_key = decode(r.user_key, 'hex'), reason = NULL, note = r.note
  FROM ${AS_RECORD} WHERE t.number = ANY (string_to_array($7, ',')::bigint[]) AND t.number = r.number
    AND t.seq IS NULL AND EXISTS (SELECT FROM moved)
) SELECT count(*) FROM moved`,
      [JSON.stringify(rows), from.chain, from.seq, from.hash, to.seq, to.hash, numbers.join(",")],
    );
    return Number(row?.[0]) > 0;
  }

  async read({ userKey, from, before, after, limit }: TrailPage): Promise<readonly StoredEntry[]> {
    const values: SqlValue[] = [after ?? 0, limit];
    const add = (value: SqlValue) => `$${values.push(value)}`;
    const conditions = ["seq > $1"];
    if (userKey !== undefined) conditions.push(`user_key = ${add(Buffer.from(userKey))}`);
    if (from !== undefined) conditions.push(`at >= ${add(from)}`);
    if (before !== undefined) conditions.push(`at < ${add(before)}`);
    const rows = await this.#run(
      `SELECT ${withUserKeyAsHex(ENTRY_COLUMNS)} FROM ${this.table}
WHERE ${conditions.join(" AND ")} ORDER BY seq LIMIT $2`,
      values,
    );
    return rows.map((row) => toStoredEntry(withUserKeyAsBytes(row, ENTRY_COLUMNS)));
  }

  async replace(entries: readonly StoredEntry[], row: TrailRow): Promise<void> {
    await this.#run(
      `WITH changed AS (
  UPDATE ${this.table} AS t SET user_key = decode(r.user_key, 'hex'), note = r.note FROM ${AS_RECORD}
  WHERE t.seq = ANY (string_to_array($3, ',')::bigint[]) AND t.seq = r.seq
) ${this.#toInsert("$2")}`,
      [JSON.stringify(entries.map(toColumns)), toJson([row]), entries.map(({ seq }) => seq).join(",")],
    );
  }

  async findFirst(at: number): Promise<number | undefined> {
    const [row] = await this.#run(
      `SELECT seq FROM ${this.table} WHERE seq IS NOT NULL AND at >= $1 ORDER BY seq LIMIT 1`,
      [at],
    );
    return row && Number(row[0]);
  }

  async deleteUpTo(seq: number, row: TrailRow): Promise<number> {
    const [found] = await this.#run(
      `WITH deleted AS (DELETE FROM ${this.table} WHERE seq <= $1 RETURNING seq),
noted AS (${this.#toInsert("$2")}) SELECT count(*) FROM deleted`,
      [seq, toJson([row])],
    );
    return Number(found?.[0]);
  }

  async markSent(seq: number): Promise<void> {
    await this.#run(`UPDATE ${this.#head} SET sent = greatest(sent, $1) WHERE id = 1`, [seq]);
  }

  #toInsert(rows: string): string {
    return `INSERT INTO ${this.table} (at, kind, user_key, note)
SELECT at, kind, decode(user_key, 'hex'), note FROM ${AS_RECORD.replace("$1", rows)}`;
  }
}

function toColumns({ seq, at, userKey, text }: StoredEntry): object {
  return { seq, at, user_key: toHex(userKey), note: text };
}

/** As one value, because the clients treat arrays differently. */
function toJson(rows: readonly TrailRow[]): string {
  return JSON.stringify(
    rows.map(({ at, kind, userKey, note }) => ({ at, kind, user_key: toHex(userKey), note })),
  );
}

function toHex(userKey: string | undefined): string | null {
  return userKey === undefined ? null : Buffer.from(userKey).toString("hex");
}
