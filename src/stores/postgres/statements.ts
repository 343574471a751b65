import type { End } from "../../store.ts";
import { COLUMNS, EXPIRED_COLUMNS, type SqlValue } from "../shared/rows.ts";
import type { PostgresNames } from "./schema.ts";

const PLACEHOLDERS = COLUMNS.map((_, index) => `$${index + 1}`).join(", ");
const LIVE = "ended_at IS NULL AND expires_at > $2";
const NEWEST_FIRST = "ORDER BY created_at DESC, id DESC LIMIT $3";

/** The advisory lock of the process that cleans up. The second key of the lock stands for the table. */
const CLEANUP = 7_355_609;

/** An id has at most 128 characters. */
const IDS_PER_PAYLOAD = 40;

/**
 * Returns the channel of a table's events as an expression in SQL. It contains the number of the table, because another
 * connection may find the table by another `search_path`.
 */
export function toPostgresChannel(literal: string): string {
  return `'sessionup_' || ${literal}::regclass::oid::text`;
}

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
  /** The channel of events as an expression in SQL, or `undefined` if the app wants none. */
  readonly #channel: string | undefined;

  constructor({ table, begin, trim, literal }: PostgresNames, push: boolean) {
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
    this.#channel = push ? toPostgresChannel(literal) : undefined;
    const call = `${begin}(${PLACEHOLDERS}, $12, $13, $14, $15, $16, $17)`;
    this.create = this.#channel ? this.#toCreate(call) : `SELECT ${call}`;
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
  FROM found WHERE t.id = found.id AND found.matched${push ? " RETURNING t.id, t.revision" : ""}
)${
      this.#channel
        ? `, told AS MATERIALIZED (
  SELECT pg_notify(${this.#channel}, '[' || revision || ',"' || id || '"]') FROM changed WHERE $6 IS NOT NULL
) SELECT matched FROM found, (SELECT count(*) FROM told) AS told`
        : " SELECT matched FROM found"
    }`;
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
    const [why, at, until, most] = [1, 2, 3, 4].map((index) => `$${count + index}`);
    const told = this.#channel
      ? `, ${this.#toNotification(`SELECT id, user_key, ${why}::text AS reason FROM ended`)}`
      : "";
    const alsoTold = told && ", (SELECT count(*) FROM told) AS told";
    if (!tombstones)
      return {
        text: `${begin}DELETE FROM ${this.#table} AS t USING found WHERE t.id = found.id AND matched${told && " RETURNING t.id, t.user_key"}
)${told} SELECT ${answer} FROM found${alsoTold}`,
        values: told ? [reason] : [],
      };
    return {
      text: `${begin}UPDATE ${this.#table} AS t SET revision = revision + 1, expires_at = ${until}::bigint, deadline = ${until},
    ended_at = ${at}, ended_reason = ${why} FROM found WHERE t.id = found.id AND matched RETURNING t.id, t.user_key
), trimmed AS MATERIALIZED (
  SELECT ${this.#trim}(array_agg(DISTINCT user_key), ${most}) FROM ended
)${told} SELECT ${answer} FROM found, trimmed${alsoTold}`,
      values: [reason, now, now + tombstones.keepFor, tombstones.max],
    };
  }

  /** Creates a session and publishes the ids of the sessions that ended. */
  #toCreate(call: string): string {
    const ended = `SELECT id, $2 AS user_key, CASE WHEN id = $15 THEN 'logout' ELSE 'evicted' END AS reason
    FROM created, unnest(string_to_array(ended, ',')) AS id`;
    return `WITH created AS MATERIALIZED (
  SELECT ${call} AS ended
), ${this.#toNotification(ended)} SELECT ended FROM created, (SELECT count(*) FROM told) AS told`;
  }

  /**
   * Publishes the ended sessions that a query returns, each with its id, user key and reason. The server limits a payload to
   * 8 000 bytes, and a user key of 1 kB takes 2 kB.
   */
  #toNotification(ended: string): string {
    return `told AS MATERIALIZED (
  SELECT pg_notify(${this.#channel}, '["' || reason || '","' || encode(user_key, 'hex') || '","' || string_agg(id, '","') || '"]')
  FROM (
    SELECT id, user_key, reason, row_number() OVER (PARTITION BY user_key, reason ORDER BY id) / ${IDS_PER_PAYLOAD} AS part FROM (
    ${ended}
    ) AS ended
  ) AS parts GROUP BY user_key, reason, part
)`;
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
