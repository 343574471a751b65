import { EXPIRED_COLUMNS } from "../shared/rows.ts";
import { NO_CLAIM, withUserKeyAsHex } from "./rows.ts";
import type { PostgresNames } from "./schema.ts";
import { toTrailPart } from "./trail-parts.ts";

/** The advisory lock of the process that cleans up. The second key of the lock stands for the table. */
const CLEANUP = 7_355_609;

/** Two statements that remove expired records. */
export interface Removal {
  /** Returns the removed rows. `$1` is the time, `$2` the largest number of rows. */
  readonly silently: string;
  /** Also keeps the sessions among them until `$3` for the process to report. */
  readonly claiming: string;
}

/** The statements that remove expired records, and those of the sessions that have not been reported yet. */
export class PostgresEnds {
  /** The removal for the app, and for the background cleanup of one process at a time. */
  readonly removeAlways: Removal;
  readonly removeInTurn: Removal;
  /** Forgets the sessions with the ids `$1` that this process has claimed until `$2` and has reported. */
  readonly forget: string;
  readonly #table: string;
  readonly #ends: string;
  /** The table of the audit trail, if the app wants one. */
  readonly #audit: string | undefined;

  constructor({ table, ends, literal, audit }: PostgresNames, audits: boolean) {
    this.#table = table;
    this.#ends = ends;
    this.#audit = audits ? audit : undefined;
    const isTurn = `(SELECT pg_try_advisory_xact_lock(${CLEANUP}, hashtext(${literal}))) AND`;
    this.removeAlways = { silently: this.#toSilentRemoval(""), claiming: this.#toClaim("") };
    this.removeInTurn = { silently: this.#toSilentRemoval(isTurn), claiming: this.#toClaim(isTurn) };
    // Locks rows in the order of their ids, as every statement does.
    this.forget = `DELETE FROM ${ends} WHERE id = ANY (ARRAY(
  SELECT id FROM ${ends} WHERE id = ANY (string_to_array($1, ',')) AND claimed_until = $2 ORDER BY id FOR UPDATE
))`;
  }

  /**
   * Removes expired records. A live session is never past its deadline. Locked rows are left for the next cleanup. The ids
   * are an array, because for a join with an unknown number of rows the planner scans the whole table.
   */
  #toRemoval(condition: string, columns: string = EXPIRED_COLUMNS.join(", ")): string {
    return `DELETE FROM ${this.#table} WHERE id = ANY (ARRAY(
  SELECT id FROM ${this.#table} WHERE ${condition} deadline <= $1 ORDER BY deadline LIMIT $2 FOR UPDATE SKIP LOCKED
)) RETURNING ${columns}`;
  }

  #toSilentRemoval(condition: string): string {
    if (!this.#audit) return this.#toRemoval(condition, withUserKeyAsHex(EXPIRED_COLUMNS));
    return `WITH removed AS (
  ${this.#toRemoval(condition)}
)${this.#toNoted()} SELECT ${withUserKeyAsHex(EXPIRED_COLUMNS)} FROM removed`;
  }

  /**
   * Moves expired sessions to the table of ends, and claims those of a process that has not reported its own. The last column
   * tells whether a record was removed.
   */
  #toClaim(condition: string): string {
    const ends = this.#ends;
    const columns = "id, user_key, expires_at, deadline";
    return `WITH removed AS (
  ${this.#toRemoval(condition, `${columns}, ended_at`)}
), moved AS (
  INSERT INTO ${ends} (${columns}, claimed_until) SELECT ${columns}, $3 FROM removed WHERE ended_at IS NULL
  ON CONFLICT DO NOTHING
), claimed AS (
  UPDATE ${ends} SET claimed_until = $3 WHERE id = ANY (ARRAY(
    SELECT id FROM ${ends} WHERE ${condition} claimed_until <= $1 ORDER BY claimed_until LIMIT $2 FOR UPDATE SKIP LOCKED
  )) RETURNING ${columns}
)${this.#toNoted()} SELECT ${withUserKeyAsHex(EXPIRED_COLUMNS)}, 1 FROM removed
UNION ALL SELECT ${withUserKeyAsHex(["id", "user_key", "expires_at", "deadline"])}, NULL, 0 FROM claimed`;
  }

  /** Adds the sessions among removed records to the audit trail, if the app wants one. */
  #toNoted(): string {
    if (!this.#audit) return "";
    const reason = "CASE WHEN expires_at < deadline THEN 'idle' ELSE 'expired' END";
    const sessions = `removed WHERE ended_at IS NULL AND ${NO_CLAIM}`;
    const query = `SELECT expires_at, 'ended', id, user_key, ${reason}, NULL FROM ${sessions}`;
    return `, ${toTrailPart(this.#audit, query)}`;
  }
}
