import type { ScanFilter, ScanPage, ScanResult, SessionCount } from "../../store.ts";
import { type ScanRange, scanNewestFirst, toSearchTexts } from "../shared/newest-first.ts";
import { COLUMNS, encodeUserKey, type SqlValue } from "../shared/rows.ts";
import { SCAN_STEP } from "../shared/scan.ts";
import type { RunPostgres } from "./client.ts";
import { NEWEST_FIRST, NO_CLAIM, toRecords, withUserKeyAsHex } from "./rows.ts";
import type { PostgresNames } from "./schema.ts";

/** The size of a table up to which `count` counts, in bytes: some 200 000 sessions. */
const LARGEST_COUNTED = 2 ** 26;

/** Scans and counts the sessions of all users. */
export class PostgresScans {
  readonly #table: string;
  /** The table's name as a literal. */
  readonly #literal: string;
  readonly #run: RunPostgres;

  /** `run` executes a statement, and returns its rows. */
  constructor({ table, literal }: PostgresNames, run: RunPostgres) {
    this.#table = table;
    this.#literal = literal;
    this.#run = run;
  }

  scan(page: ScanPage): Promise<ScanResult> {
    return scanNewestFirst(
      page,
      (range) => this.#findEnd(range, page.filter),
      (range) => this.#select(range, page),
    );
  }

  async count(now: number): Promise<SessionCount> {
    const live = `FROM ${this.#table} WHERE ended_at IS NULL AND expires_at > $1 AND ${NO_CLAIM}`;
    const [[counted, statistics] = []] = await this.#run(
      `SELECT CASE WHEN pg_relation_size(${this.#literal}::regclass) <= ${LARGEST_COUNTED} THEN (SELECT count(*) ${live}) END,
  (SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_stats AS s ON s.tablename = c.relname AND s.schemaname = n.nspname
    WHERE c.oid = ${this.#literal}::regclass AND s.attname = 'expires_at')`,
      [now],
    );
    if (counted !== null) return { count: Number(counted), isExact: true };
    // Without statistics the planner only knows the table's size.
    const [plan] = Number(statistics)
      ? await this.#run(`EXPLAIN (FORMAT TEXT) SELECT ${live}`, [now])
      : await this.#run(`EXPLAIN (FORMAT TEXT) SELECT FROM ${this.#table}`, []);
    const [, rows] = / rows=(\d+)/.exec(String(plan?.[0])) ?? [];
    return { count: Number(rows), isExact: false };
  }

  /** Finds the last row of a step, of any state. */
  async #findEnd(range: ScanRange, filter: ScanFilter | undefined) {
    const values: SqlValue[] = [];
    const rows = this.#toScanned(range, filter, values);
    const [row] = await this.#run(
      `SELECT created_at, id FROM ${rows} ${NEWEST_FIRST} OFFSET ${SCAN_STEP - 1} LIMIT 1`,
      values,
    );
    return row && { createdAt: Number(row[0]), id: String(row[1]) };
  }

  /** Returns the matching records of a step. */
  async #select(range: ScanRange, { now, limit, filter = {} }: ScanPage) {
    const values: SqlValue[] = [];
    const add = (value: SqlValue) => `$${values.push(value)}`;
    const rows = this.#toScanned(range, filter, values);
    const { lastSeenAt = {}, ended } = filter;
    const conditions = [`ended_at IS ${ended ? "NOT " : ""}NULL`, `expires_at > ${add(now)}`, NO_CLAIM];
    for (const [column, { from, before }] of [
      ["last_seen_at", lastSeenAt] as const,
      ["ended_at", ended ?? {}] as const,
    ]) {
      if (from !== undefined) conditions.push(`${column} >= ${add(from)}`);
      if (before !== undefined) conditions.push(`${column} < ${add(before)}`);
    }
    // Bytes are compared: another collation could find a text that differs.
    for (const text of toSearchTexts(filter.dataIncludes))
      conditions.push(`strpos(data COLLATE "C", ${add(text)}) > 0`);
    // The planner cannot move the conditions into the subquery, where they would make it choose another index.
    const text = `SELECT ${withUserKeyAsHex(COLUMNS)} FROM (
  SELECT * FROM ${rows} ${NEWEST_FIRST} LIMIT ${SCAN_STEP}
) AS step WHERE ${conditions.join(" AND ")} ${NEWEST_FIRST} LIMIT ${add(limit)}`;
    return toRecords(await this.#run(text, values));
  }

  /** The rows of a range, found by the index that has them in order. */
  #toScanned({ from, before }: ScanRange, { userKey, ended }: ScanFilter = {}, values: SqlValue[]): string {
    values.push(before.createdAt, before.id, from.createdAt, from.id);
    const range = "(created_at, id) < ($1, $2) AND (created_at, id) >= ($3, $4)";
    if (userKey === undefined) return `${this.#table} WHERE ${range}`;
    values.push(encodeUserKey(userKey));
    if (!ended) return `${this.#table} WHERE user_key = $5 AND ended_at IS NULL AND ${range}`;
    // Without OFFSET the planner may read the sessions of all users in order, rather than sort the user's tombstones.
    return `(SELECT * FROM ${this.#table} WHERE user_key = $5 AND ended_at IS NOT NULL OFFSET 0) AS own WHERE ${range}`;
  }
}
