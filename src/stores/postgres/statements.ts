import type { End } from "../../store.ts";
import { COLUMNS, EXPIRED_COLUMNS, type SqlValue } from "../shared/rows.ts";
import type { PostgresNames } from "./schema.ts";

const PLACEHOLDERS = COLUMNS.map((_, index) => `$${index + 1}`).join(", ");
const LIVE = "ended_at IS NULL AND expires_at > $2";
const NEWEST_FIRST = "ORDER BY created_at DESC, id DESC LIMIT $3";

/** The advisory lock of the process that cleans up. The second key of the lock stands for the table. */
const CLEANUP = 7_355_609;

/** The statements for one table. Each one is one round trip and one transaction. */
export class PostgresStatements {
  readonly byId: string;
  readonly byIds: string;
  readonly page: string;
  readonly pageAfter: string;
  readonly byLink: string;
  readonly idAfter: string;
  readonly insert: string;
  readonly create: string;
  readonly update: string;
  readonly deleteExpired: string;
  readonly cleanup: string;
  readonly #table: string;
  readonly #trim: string;

  constructor({ table, create, trim, literal }: PostgresNames) {
    const select = `SELECT ${withUserKeyAsHex(COLUMNS)} FROM ${table} WHERE`;
    const selectLive = `${select} user_key = $1 AND ${LIVE}`;
    this.#table = table;
    this.#trim = trim;
    this.byId = `${select} id = $1`;
    this.byIds = `${select} id = ANY (string_to_array($1, ','))`;
    this.page = `${selectLive} ${NEWEST_FIRST}`;
    this.pageAfter = `${selectLive} AND (created_at, id) < ($4, $5) ${NEWEST_FIRST}`;
    this.idAfter = `SELECT id FROM ${table} WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1`;
    this.insert = `INSERT INTO ${table} (${COLUMNS.join(", ")}) VALUES (${PLACEHOLDERS})`;
    this.create = `SELECT ${create}(${PLACEHOLDERS}, $12, $13, $14, $15, $16, $17)`;
    this.byLink = `${select} link = $1 AND ended_at IS NULL LIMIT $2`;
    // The lock waits for a concurrent change of the row and then reads its latest version. A snapshot could report a
    // conflict for a deleted session.
    this.update = `WITH found AS MATERIALIZED (
  SELECT id, $3::integer IS NULL OR revision = $3 AS matched FROM ${table} WHERE id = $1 AND ${LIVE} FOR NO KEY UPDATE
), changed AS (
  UPDATE ${table} AS t SET
    last_seen_at = greatest(last_seen_at, $4::bigint),
    expires_at = CASE WHEN last_seen_at < $4 THEN $5::bigint ELSE expires_at END,
    revision = revision + CASE WHEN $6::text IS NULL THEN 0 ELSE 1 END,
    data = coalesce($6, data)
  FROM found WHERE t.id = found.id AND found.matched
) SELECT matched FROM found`;
    this.deleteExpired = this.#toRemoval("");
    this.cleanup = this.#toRemoval(
      `(SELECT pg_try_advisory_xact_lock(${CLEANUP}, hashtext(${literal}))) AND`,
    );
  }

  /** Ends one session. `$1` is the id, `$2` is the owner or null. */
  end(end: End): EndStatement {
    return this.#toEndStatement(
      end,
      2,
      `SELECT id, $2::bytea IS NULL OR user_key = $2 AS matched FROM ${this.#table}
  WHERE id = $1 AND ended_at IS NULL FOR UPDATE`,
      "matched",
    );
  }

  /**
   * Ends a user's sessions. `$1` is the user key, `$2` lists the ids that are exempt. Every statement locks rows in the
   * order of their ids, which prevents deadlocks.
   */
  endAll(end: End): EndStatement {
    return this.#toEndStatement(
      end,
      2,
      `SELECT id, true AS matched FROM ${this.#table}
  WHERE user_key = $1 AND ended_at IS NULL AND NOT id = ANY (string_to_array($2, ',')) ORDER BY id FOR UPDATE`,
      "id",
    );
  }

  /** Ends the sessions that were created before `$3` and have an id after `$1` and up to `$2`. */
  endCreatedBefore(end: End): EndStatement {
    return this.#toEndStatement(
      end,
      3,
      `SELECT id, true AS matched FROM ${this.#table}
  WHERE id > $1 AND id <= $2 AND ended_at IS NULL AND created_at < $3 ORDER BY id FOR UPDATE`,
      "id",
    );
  }

  /**
   * Ends the rows that the query `found` locks and matches. The returned values follow the `count` values of `found`.
   * With tombstones the row stays and stores the reason; otherwise it is deleted.
   */
  #toEndStatement(
    { reason, now, tombstones }: End,
    count: number,
    found: string,
    answer: string,
  ): EndStatement {
    const begin = `WITH found AS MATERIALIZED (
  ${found}
), ended AS (
  `;
    if (!tombstones)
      return {
        text: `${begin}DELETE FROM ${this.#table} AS t USING found WHERE t.id = found.id AND matched
) SELECT ${answer} FROM found`,
        values: [],
      };
    const [at, until, why, most] = [1, 2, 3, 4].map((index) => `$${count + index}`);
    return {
      text: `${begin}UPDATE ${this.#table} AS t SET revision = revision + 1, expires_at = ${until}::bigint, deadline = ${until},
    ended_at = ${at}, ended_reason = ${why} FROM found WHERE t.id = found.id AND matched RETURNING t.user_key
), trimmed AS MATERIALIZED (
  SELECT ${this.#trim}(array_agg(DISTINCT user_key), ${most}) FROM ended
) SELECT ${answer} FROM found, trimmed`,
      values: [now, now + tombstones.keepFor, reason, tombstones.max],
    };
  }

  /**
   * Removes expired records. A live session is never past its deadline. Locked rows are left for the next cleanup. The ids
   * are an array, because for a join with an unknown number of rows the planner scans the whole table.
   */
  #toRemoval(condition: string): string {
    return `DELETE FROM ${this.#table} WHERE id = ANY (ARRAY(
  SELECT id FROM ${this.#table} WHERE ${condition} deadline <= $1 ORDER BY deadline LIMIT $2 FOR UPDATE SKIP LOCKED
)) RETURNING ${withUserKeyAsHex(EXPIRED_COLUMNS)}`;
  }
}

/** A statement that ends sessions, and the values that follow those of the caller. */
interface EndStatement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** Hexadecimal text does not depend on `bytea_output` or on how the app's client parses bytes. */
function withUserKeyAsHex(columns: readonly string[]): string {
  return columns.join(", ").replace("user_key", "encode(user_key, 'hex')");
}
