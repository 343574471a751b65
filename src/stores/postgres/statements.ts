import { Buffer } from "node:buffer";
import { CLAIM_PREFIX, type End, type ScanFilter, type ScanPage } from "../../store.ts";
import { type ScanRange, toSearchTexts } from "../shared/newest-first.ts";
import { COLUMNS, EXPIRED_COLUMNS, encodeUserKey, type SqlValue } from "../shared/rows.ts";
import { SCAN_STEP } from "../shared/scan.ts";
import type { PostgresNames } from "./schema.ts";
import { withUserKeyAsHex } from "./user-key.ts";

const PLACEHOLDERS = COLUMNS.map((_, index) => `$${index + 1}`).join(", ");
const LIVE = "ended_at IS NULL AND expires_at > $2";
const NEWEST_FIRST = "ORDER BY created_at DESC, id DESC";
/** Leaves out claims. A range, because the planner has statistics about ranges and not about `substr`. */
const NO_CLAIM = `(user_key < ${toBytes(CLAIM_PREFIX)} OR user_key >= ${toBytes(CLAIM_PREFIX.replace(/ $/, "!"))})`;

/** The size of a table up to which `count` counts, in bytes: some 200 000 sessions. */
const LARGEST_COUNTED = 2 ** 26;

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
  readonly updateTombstone: string;
  readonly deleteTombstones: string;
  readonly count: string;
  /** Returns the planner's estimate of live sessions in the text of its first row. */
  readonly estimate: string;
  /** The same for all records, because without statistics the planner only knows the table's size. */
  readonly estimateAll: string;
  readonly inspect: string;
  /** The removal of expired records, for the app, and for the background cleanup of one process at a time. */
  readonly removeAlways: Removal;
  readonly removeInTurn: Removal;
  readonly deleteReported: string;
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
    this.insert = audits
      ? `WITH created AS (${insert} RETURNING id, user_key), ${this.#toBeginning("created", "$12", "$13")} SELECT count(*) FROM created`
      : insert;
    this.#channel = push ? toPostgresChannel(literal) : undefined;
    const call = `${begin}(${PLACEHOLDERS}, $12, $13, $14, $15, $16, $17)`;
    this.create = this.#channel || audits ? this.#toCreate(call) : `SELECT ${call}`;
    this.byLink = `${select} link = $1 AND ended_at IS NULL LIMIT $2`;
    this.update = this.#toUpdate("ended_at IS NULL AND expires_at > $6", this.#channel, audits);
    this.updateTombstone = this.#toUpdate("ended_at IS NOT NULL", undefined);
    // Locks rows in the order of their ids, as every statement does.
    this.deleteTombstones = `WITH found AS MATERIALIZED (
  SELECT id FROM ${table} WHERE user_key = $1 AND ended_at IS NOT NULL ORDER BY id FOR UPDATE
), gone AS (
  DELETE FROM ${table} AS t USING found WHERE t.id = found.id RETURNING t.id
) SELECT count(*) FROM gone`;
    const counted = `FROM ${table} WHERE ended_at IS NULL AND expires_at > $1 AND ${NO_CLAIM}`;
    this.count = `SELECT CASE WHEN pg_relation_size(${literal}::regclass) <= ${LARGEST_COUNTED} THEN (SELECT count(*) ${counted}) END,
  (SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_stats AS s ON s.tablename = c.relname AND s.schemaname = n.nspname
    WHERE c.oid = ${literal}::regclass AND s.attname = 'expires_at')`;
    this.estimate = `EXPLAIN (FORMAT TEXT) SELECT ${counted}`;
    this.estimateAll = `EXPLAIN (FORMAT TEXT) SELECT FROM ${table}`;
    this.inspect = `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
  coalesce(substring(obj_description(to_regclass(${literal}), 'pg_class') FROM '^sessionup ([0-9]+)$'), '0'),
  current_setting('fsync'), current_setting('synchronous_commit'), current_setting('transaction_isolation'), pg_is_in_recovery()::text`;
    const isTurn = `(SELECT pg_try_advisory_xact_lock(${CLEANUP}, hashtext(${literal}))) AND`;
    this.removeAlways = { silently: this.#toSilentRemoval(""), claiming: this.#toClaim(ends, "") };
    this.removeInTurn = { silently: this.#toSilentRemoval(isTurn), claiming: this.#toClaim(ends, isTurn) };
    this.deleteReported = `DELETE FROM ${ends} WHERE id = ANY (string_to_array($1, ',')) AND claimed_until = $2`;
  }

  /** Finds the last row of a step of a scan, of any state. */
  scanEnd(range: ScanRange, filter: ScanFilter | undefined): Statement {
    const values: SqlValue[] = [];
    const rows = this.#toScanned(range, filter, values);
    return {
      text: `SELECT created_at, id FROM ${rows} ${NEWEST_FIRST} OFFSET ${SCAN_STEP - 1} LIMIT 1`,
      values,
    };
  }

  /** Returns the matching rows of a step. */
  scan(range: ScanRange, { now, limit, filter = {} }: ScanPage): Statement {
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
    return {
      // The planner cannot move the conditions into the subquery, where they would make it choose another index.
      text: `SELECT ${withUserKeyAsHex(COLUMNS)} FROM (
  SELECT * FROM ${rows} ${NEWEST_FIRST} LIMIT ${SCAN_STEP}
) AS step WHERE ${conditions.join(" AND ")} ${NEWEST_FIRST} LIMIT ${add(limit)}`,
      values,
    };
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
      ? `, ${this.#toNoted(`SELECT ${then}::bigint, 'ended', id, user_key, ${why}::text, ${party}::text FROM ended WHERE ${NO_CLAIM}`)}`
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
  #toUpdate(state: string, channel: string | undefined, audits = false): string {
    const told = channel
      ? `, told AS MATERIALIZED (
  SELECT pg_notify(${channel}, '[' || revision || ',"' || id || '"]') FROM changed WHERE $5 IS NOT NULL
)`
      : "";
    const noted = audits
      ? `, ${this.#toNoted("SELECT $6::bigint, $7::text, id, user_key, NULL, NULL FROM changed WHERE $7 IS NOT NULL")}`
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
  ${this.#toInsert(`SELECT $12::bigint, 'ended', id, user_key, reason, NULL FROM (${ended}) AS ended WHERE ${NO_CLAIM}`)}
), ${this.#toBeginning("began", "$12", "$18")}`
      : "";
    return `WITH created AS MATERIALIZED (
  SELECT ${call} AS ended
)${told}${noted} SELECT ended FROM created${told && ", (SELECT count(*) FROM told) AS told"}`;
  }

  /** Records sessions that began, in a part of a statement. */
  #toBeginning(from: string, now: string, note: string): string {
    return this.#toNoted(
      `SELECT ${now}::bigint, 'begun', id, user_key, NULL, ${note}::text FROM ${from} WHERE ${NO_CLAIM}`,
    );
  }

  /** Adds what a query returns to the audit trail, in a part of a statement. Such a part runs whether or not another reads it. */
  #toNoted(query: string): string {
    return `noted AS (
  ${this.#toInsert(query)}
)`;
  }

  #toInsert(query: string): string {
    return `INSERT INTO ${this.#audit} (at, kind, session_id, user_key, reason, note) ${query}`;
  }

  /** Records the sessions among removed records. */
  #toExpiry(): string {
    const reason = "CASE WHEN expires_at < deadline THEN 'idle' ELSE 'expired' END";
    return this.#toNoted(
      `SELECT expires_at, 'ended', id, user_key, ${reason}, NULL FROM removed WHERE ended_at IS NULL AND ${NO_CLAIM}`,
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
), ${this.#toExpiry()} SELECT ${withUserKeyAsHex(EXPIRED_COLUMNS)} FROM removed`;
  }

  /**
   * Moves expired sessions to the table of ends, and claims those of a process that has not reported its own. The last column
   * tells whether a record was removed.
   */
  #toClaim(ends: string, condition: string): string {
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
)${this.#audit ? `, ${this.#toExpiry()}` : ""} SELECT ${withUserKeyAsHex(EXPIRED_COLUMNS)}, 1 FROM removed
UNION ALL SELECT ${withUserKeyAsHex(["id", "user_key", "expires_at", "deadline"])}, NULL, 0 FROM claimed`;
  }
}

/** Two statements that remove expired records. */
export interface Removal {
  /** Returns the removed rows. `$1` is the time, `$2` the largest number of rows. */
  readonly silently: string;
  /** Also keeps the sessions among them until `$3` for the process to report. */
  readonly claiming: string;
}

/** A statement and its values. Of a statement that ends sessions, those after the caller's. */
interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

function toBytes(text: string): string {
  return `decode('${Buffer.from(text).toString("hex")}', 'hex')`;
}
