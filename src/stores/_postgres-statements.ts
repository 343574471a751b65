import type { End } from "../store.ts";
import type { Value } from "./_postgres-client.ts";
import type { Names } from "./_postgres-schema.ts";
import { COLUMNS } from "./_rows.ts";

const PLACES = COLUMNS.map((_, index) => `$${index + 1}`).join(", ");
const LIVE = "ended_at IS NULL AND expires_at > $2";
const NEWEST_FIRST = "ORDER BY created_at DESC, id DESC LIMIT $3";

/** Between two sweepers of one database: the first value of the lock says whose it is. */
const SWEEP = 7_355_609;

/** Every statement that there is, for one table. Each is one round trip and one transaction. */
export class Statements {
  readonly byId: string;
  readonly byIds: string;
  readonly page: string;
  readonly pageBehind: string;
  readonly byLink: string;
  readonly idBehind: string;
  readonly insert: string;
  readonly create: string;
  readonly update: string;
  readonly deleteExpired: string;
  readonly sweep: string;
  readonly #table: string;

  constructor({ table, create, literal }: Names) {
    const columns = COLUMNS.join(", ");
    // Whatever bytea_output is, and whatever the app has told its client to make of bytes.
    const asText = columns.replace("user_key", "encode(user_key, 'hex')");
    const ofUser = `SELECT ${asText} FROM ${table} WHERE user_key = $1 AND ${LIVE}`;
    this.#table = table;
    this.byId = `SELECT ${asText} FROM ${table} WHERE id = $1`;
    this.byIds = `SELECT ${asText} FROM ${table} WHERE id = ANY (string_to_array($1, ','))`;
    this.page = `${ofUser} ${NEWEST_FIRST}`;
    this.pageBehind = `${ofUser} AND (created_at, id) < ($4, $5) ${NEWEST_FIRST}`;
    this.idBehind = `SELECT id FROM ${table} WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1`;
    this.insert = `INSERT INTO ${table} (${columns}) VALUES (${PLACES})`;
    this.create = `SELECT ${create}(${PLACES}, $12, $13, $14, $15, $16)`;
    this.byLink = `SELECT ${asText} FROM ${table} WHERE link = $1 AND ${LIVE} LIMIT $3`;
    // The lock waits for whoever is changing the row, and then looks at what is there: a snapshot could say "conflict"
    // of a session that is gone.
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
    this.deleteExpired = this.#removal("");
    this.sweep = this.#removal(`(SELECT pg_try_advisory_xact_lock(${SWEEP}, hashtext(${literal}))) AND`);
  }

  /** Without a tombstone the row goes. With one it stays and says why. */
  end(end: End): { readonly text: string; readonly values: readonly Value[] } {
    const { text, values } = this.#ending(end);
    return {
      text: `WITH found AS MATERIALIZED (
  SELECT id, $3::bytea IS NULL OR user_key = $3 AS matched FROM ${this.#table} WHERE id = $1 AND ${LIVE} FOR UPDATE
), ended AS (
  ${text} t.id = found.id AND found.matched
) SELECT matched FROM found`,
      values,
    };
  }

  /** Rows are locked in the order of their ids, whoever does it: so nobody waits for one who waits for them. */
  endAll(end: End): { readonly text: string; readonly values: readonly Value[] } {
    const { text, values } = this.#ending(end);
    return {
      text: `WITH found AS MATERIALIZED (
  SELECT id FROM ${this.#table}
  WHERE user_key = $1 AND ${LIVE} AND NOT id = ANY (string_to_array($3, ',')) ORDER BY id FOR UPDATE
), ended AS (
  ${text} t.id = found.id RETURNING t.id
) SELECT id FROM ended`,
      values,
    };
  }

  /** Of those behind one id, up to another. */
  endCreatedBefore(
    createdAt: number,
    end: End,
  ): { readonly text: string; readonly values: readonly Value[] } {
    const { text, values } = this.#ending(end);
    return {
      text: `WITH found AS MATERIALIZED (
  SELECT id FROM ${this.#table}
  WHERE id > $1 AND id <= $3 AND ${LIVE} AND created_at < $${4 + values.length} ORDER BY id FOR UPDATE
), ended AS (
  ${text} t.id = found.id RETURNING t.id
) SELECT id FROM ended`,
      values: [...values, createdAt],
    };
  }

  #ending({ reason, now, tombstone }: End): { readonly text: string; readonly values: readonly Value[] } {
    if (!tombstone) return { text: `DELETE FROM ${this.#table} AS t USING found WHERE`, values: [] };
    return {
      text: `UPDATE ${this.#table} AS t SET revision = revision + 1, expires_at = $4::bigint, deadline = $4,
    ended_at = $2, ended_reason = $5 FROM found WHERE`,
      values: [now + tombstone, reason],
    };
  }

  /**
   * Answers with how many. A live session is never past its deadline. Rows that others have in hand are left for the next time. As an array:
   * of a join with an unknown number of rows, the planner makes a scan of everything.
   */
  #removal(condition: string): string {
    return `WITH gone AS (
  DELETE FROM ${this.#table} WHERE id = ANY (ARRAY(
    SELECT id FROM ${this.#table} WHERE ${condition} deadline <= $1 ORDER BY deadline LIMIT $2 FOR UPDATE SKIP LOCKED
  )) RETURNING 1
) SELECT count(*) FROM gone`;
  }
}
