import type { End } from "../../store.ts";
import { COLUMNS } from "../shared/rows.ts";
import type { Value } from "./client.ts";
import type { Names } from "./schema.ts";

const PLACES = COLUMNS.map((_, index) => `$${index + 1}`).join(", ");
const LIVE = "ended_at IS NULL AND expires_at > $2";
/** The columns that the cleanup reports of a session, and the end of a tombstone, which is not reported. */
const REMOVED = "id, encode(user_key, 'hex'), expires_at, deadline, ended_at";
const NEWEST_FIRST = "ORDER BY created_at DESC, id DESC LIMIT $3";

/** The lock of the process that cleans up; the second value says which table. */
const CLEANUP = 7_355_609;

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
  readonly cleanup: string;
  readonly #table: string;
  readonly #trim: string;

  constructor({ table, create, trim, literal }: Names) {
    const columns = COLUMNS.join(", ");
    // Whatever bytea_output is, and whatever the app has told its client to make of bytes.
    const asText = columns.replace("user_key", "encode(user_key, 'hex')");
    const ofUser = `SELECT ${asText} FROM ${table} WHERE user_key = $1 AND ${LIVE}`;
    this.#table = table;
    this.#trim = trim;
    this.byId = `SELECT ${asText} FROM ${table} WHERE id = $1`;
    this.byIds = `SELECT ${asText} FROM ${table} WHERE id = ANY (string_to_array($1, ','))`;
    this.page = `${ofUser} ${NEWEST_FIRST}`;
    this.pageBehind = `${ofUser} AND (created_at, id) < ($4, $5) ${NEWEST_FIRST}`;
    this.idBehind = `SELECT id FROM ${table} WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1`;
    this.insert = `INSERT INTO ${table} (${columns}) VALUES (${PLACES})`;
    this.create = `SELECT ${create}(${PLACES}, $12, $13, $14, $15, $16, $17)`;
    this.byLink = `SELECT ${asText} FROM ${table} WHERE link = $1 AND ended_at IS NULL LIMIT $2`;
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
    this.cleanup = this.#removal(`(SELECT pg_try_advisory_xact_lock(${CLEANUP}, hashtext(${literal}))) AND`);
  }

  /** Without tombstones the row goes. With them it stays and says why. `$1` is the id, `$2` its owner or null. */
  end(end: End): Ending {
    return this.#ending(
      end,
      2,
      `SELECT id, $2::bytea IS NULL OR user_key = $2 AS matched FROM ${this.#table}
  WHERE id = $1 AND ended_at IS NULL FOR UPDATE`,
      "matched",
    );
  }

  /**
   * Every statement locks rows in the order of their ids, so that no two wait for each other. `$1` is the
   * user, `$2` lists the ids of those that stay.
   */
  endAll(end: End): Ending {
    return this.#ending(
      end,
      2,
      `SELECT id, true AS matched FROM ${this.#table}
  WHERE user_key = $1 AND ended_at IS NULL AND NOT id = ANY (string_to_array($2, ',')) ORDER BY id FOR UPDATE`,
      "id",
    );
  }

  /** Of those behind the id `$1` up to `$2`, those that were created before `$3`. */
  endCreatedBefore(end: End): Ending {
    return this.#ending(
      end,
      3,
      `SELECT id, true AS matched FROM ${this.#table}
  WHERE id > $1 AND id <= $2 AND ended_at IS NULL AND created_at < $3 ORDER BY id FOR UPDATE`,
      "id",
    );
  }

  /** Ends what `found` locks and matches. Its own values come behind the `count` values of `found`. */
  #ending({ reason, now, tombstones }: End, count: number, found: string, answer: string): Ending {
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
   * Answers with `REMOVED` of each. A live session is never past its deadline. Rows that others have in hand are left for
   * the next time. As an array: of a join with an unknown number of rows, the planner makes a scan of everything.
   */
  #removal(condition: string): string {
    return `DELETE FROM ${this.#table} WHERE id = ANY (ARRAY(
  SELECT id FROM ${this.#table} WHERE ${condition} deadline <= $1 ORDER BY deadline LIMIT $2 FOR UPDATE SKIP LOCKED
)) RETURNING ${REMOVED}`;
  }
}

/** A statement that ends sessions, and its values behind those of the caller. */
interface Ending {
  readonly text: string;
  readonly values: readonly Value[];
}
