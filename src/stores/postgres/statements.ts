import type { End } from "../../store.ts";
import { COLUMNS, ERASED, type SqlValue } from "../shared/rows.ts";
import { NEWEST_FIRST, NO_CLAIM, toBytes, withUserKeyAsHex } from "./rows.ts";
import { type PostgresNames, toLiteral, toVersion } from "./schema.ts";
import { toTrailInsert, toTrailPart } from "./trail-parts.ts";

const PLACEHOLDERS = COLUMNS.map((_, index) => `$${index + 1}`).join(", ");
const LIVE = "ended_at IS NULL AND expires_at > $2";

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
  readonly updateTombstone: string;
  /** Also removes the user key from the user's sessions that have not been reported. */
  readonly deleteTombstones: string;
  readonly inspect: string;
  readonly #table: string;
  readonly #trim: string;
  /** The channel of events as an expression in SQL, or `undefined` if the app wants none. */
  readonly #channel: string | undefined;
  /** The table of the audit trail, if the app wants one. */
  readonly #audit: string | undefined;

  constructor({ table, begin, trim, ends, literal, audit }: PostgresNames, push: boolean, audits = false) {
    const select = `SELECT ${withUserKeyAsHex(COLUMNS)} FROM ${table} WHERE`;
    const selectLive = `${select} user_key = $1 AND ${LIVE}`;
    this.#table = table;
    this.#trim = trim;
    this.#audit = audits ? audit : undefined;
    this.byId = `${select} id = $1`;
    this.byIds = `${select} id = ANY (string_to_array($1, ','))`;
    this.page = `${selectLive} ${NEWEST_FIRST} LIMIT $3`;
    this.pageAfter = `${selectLive} AND (created_at, id) < ($4, $5) ${NEWEST_FIRST} LIMIT $3`;
    this.idAfter = `SELECT id FROM ${table} WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1`;
    const insert = `INSERT INTO ${table} (${COLUMNS.join(", ")}) VALUES (${PLACEHOLDERS})`;
    this.insert = this.#audit
      ? `WITH created AS (${insert} RETURNING id, user_key), ${this.#toBeginning(this.#audit, "created", "$12", "$13")} SELECT count(*) FROM created`
      : insert;
    this.#channel = push ? toPostgresChannel(literal) : undefined;
    const call = `${begin}(${PLACEHOLDERS}, $12, $13, $14, $15, $16, $17)`;
    this.create = this.#channel || this.#audit ? this.#toCreate(call) : `SELECT ${call}`;
    this.byLink = `${select} link = $1 AND ended_at IS NULL LIMIT $2`;
    this.update = this.#toUpdate("ended_at IS NULL AND expires_at > $6", this.#channel, this.#audit);
    this.updateTombstone = this.#toUpdate("ended_at IS NOT NULL", undefined, undefined);
    // Locks rows in the order of their ids, as every statement does.
    this.deleteTombstones = `WITH found AS MATERIALIZED (
  SELECT id FROM ${table} WHERE user_key = $1 AND ended_at IS NOT NULL ORDER BY id FOR UPDATE
), gone AS (
  DELETE FROM ${table} AS t USING found WHERE t.id = found.id RETURNING t.id
), erased AS (
  UPDATE ${ends} SET user_key = ${toBytes(ERASED)} WHERE id = ANY (ARRAY(
    SELECT id FROM ${ends} WHERE user_key = $1 ORDER BY id FOR UPDATE
  ))
) SELECT count(*) FROM gone`;
    this.inspect = `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
  ${toVersion(literal)}, ${toVersion(toLiteral(audit))},
  current_setting('fsync'), current_setting('synchronous_commit'), current_setting('transaction_isolation'), pg_is_in_recovery()::text`;
  }

  /** Ends one session. `$1` is the id, `$2` is the owner or null. */
  end(end: End): Statement {
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
  endAll(end: End): Statement {
    return this.#toEndStatement(
      end,
      2,
      `SELECT id, true AS matched FROM ${this.#table}
  WHERE user_key = $1 AND ended_at IS NULL AND NOT id = ANY (string_to_array($2, ',')) ORDER BY id FOR UPDATE`,
      "id",
    );
  }

  /** Ends the sessions that were created before `$3` and have an id after `$1` and up to `$2`. */
  endCreatedBefore(end: End): Statement {
    return this.#toEndStatement(
      end,
      3,
      `SELECT id, true AS matched FROM ${this.#table}
  WHERE id > $1 AND id <= $2 AND ended_at IS NULL AND created_at < $3 AND ${NO_CLAIM} ORDER BY id FOR UPDATE`,
      "id",
    );
  }

  /**
   * Ends the rows that the query `found` locks and matches. The returned values follow the `count` values of `found`.
   * With tombstones the row stays and stores the reason; otherwise it is deleted.
   */
  #toEndStatement(
    { reason, now, tombstones, by }: End,
    count: number,
    found: string,
    answer: string,
  ): Statement {
    const begin = `WITH found AS MATERIALIZED (
  ${found}
), ended AS (
  `;
    const [why, at, until, most] = [1, 2, 3, 4].map((index) => `$${count + index}`);
    const told = this.#channel
      ? `, ${this.#toNotification(`SELECT id, user_key, ${why}::text AS reason FROM ended`)}`
      : "";
    const alsoTold = told && ", (SELECT count(*) FROM told) AS told";
    const note = by ? JSON.stringify(by) : null;
    const [then, party] = tombstones ? [at, `$${count + 5}`] : [`$${count + 2}`, `$${count + 3}`];
    const noted = this.#audit
      ? `, ${toTrailPart(this.#audit, `SELECT ${then}::bigint, 'ended', id, user_key, ${why}::text, ${party}::text FROM ended WHERE ${NO_CLAIM}`)}`
      : "";
    if (!tombstones) {
      const returning = told || noted ? " RETURNING t.id, t.user_key" : "";
      return {
        text: `${begin}DELETE FROM ${this.#table} AS t USING found WHERE t.id = found.id AND matched${returning}
)${told}${noted} SELECT ${answer} FROM found${alsoTold}`,
        values: noted ? [reason, now, note] : told ? [reason] : [],
      };
    }
    return {
      text: `${begin}UPDATE ${this.#table} AS t SET revision = revision + 1, expires_at = ${until}::bigint, deadline = ${until},
    ended_at = ${at}, ended_reason = ${why} FROM found WHERE t.id = found.id AND matched RETURNING t.id, t.user_key
), trimmed AS MATERIALIZED (
  SELECT ${this.#trim}(array_agg(DISTINCT user_key), ${most}) FROM ended
)${told}${noted} SELECT ${answer} FROM found, trimmed${alsoTold}`,
      values: [reason, now, now + tombstones.keepFor, tombstones.max, ...(noted ? [note] : [])],
    };
  }

  /**
   * Changes the row with the id `$1` if it is in this state. The lock waits for a concurrent change of the row and then reads its
   * latest version. A snapshot could report a conflict for a deleted session.
   */
  #toUpdate(state: string, channel: string | undefined, audit: string | undefined): string {
    const told = channel
      ? `, told AS MATERIALIZED (
  SELECT pg_notify(${channel}, '[' || revision || ',"' || id || '"]') FROM changed WHERE $5 IS NOT NULL
)`
      : "";
    const noted = audit
      ? `, ${toTrailPart(audit, "SELECT $6::bigint, $7::text, id, user_key, NULL, NULL FROM changed WHERE $7 IS NOT NULL")}`
      : "";
    return `WITH found AS MATERIALIZED (
  SELECT id, $2::integer IS NULL OR revision = $2 AS matched FROM ${this.#table} WHERE id = $1 AND ${state} FOR NO KEY UPDATE
), changed AS (
  UPDATE ${this.#table} AS t SET
    last_seen_at = greatest(last_seen_at, $3::bigint),
    expires_at = CASE WHEN last_seen_at < $3 THEN $4::bigint ELSE expires_at END,
    revision = revision + CASE WHEN $5::text IS NULL THEN 0 ELSE 1 END,
    data = coalesce($5, data)
  FROM found WHERE t.id = found.id AND found.matched${told || noted ? " RETURNING t.id, t.revision, t.user_key" : ""}
)${told}${noted} SELECT matched FROM found${told && ", (SELECT count(*) FROM told) AS told"}`;
  }

  /** Creates a session, publishes the ids of the sessions that ended, and records both. */
  #toCreate(call: string): string {
    const ended = `SELECT id, $2::bytea AS user_key, CASE WHEN id = $15 THEN 'logout' ELSE 'evicted' END AS reason
    FROM created, unnest(string_to_array(ended, ',')) AS id`;
    const told = this.#channel ? `, ${this.#toNotification(ended)}` : "";
    const noted = this.#audit
      ? `, began AS MATERIALIZED (
  SELECT $1::text AS id, $2::bytea AS user_key FROM created WHERE ended IS NOT NULL
), also AS (
  ${toTrailInsert(this.#audit, `SELECT $12::bigint, 'ended', id, user_key, reason, NULL FROM (${ended}) AS ended WHERE ${NO_CLAIM}`)}
), ${this.#toBeginning(this.#audit, "began", "$12", "$18")}`
      : "";
    return `WITH created AS MATERIALIZED (
  SELECT ${call} AS ended
)${told}${noted} SELECT ended FROM created${told && ", (SELECT count(*) FROM told) AS told"}`;
  }

  /** Records sessions that began, in a part of a statement. */
  #toBeginning(audit: string, from: string, now: string, note: string): string {
    return toTrailPart(
      audit,
      `SELECT ${now}::bigint, 'begun', id, user_key, NULL, ${note}::text FROM ${from} WHERE ${NO_CLAIM}`,
    );
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
}

/** A statement and its values. Of a statement that ends sessions, those after the caller's. */
interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}
