import type { ExpiredSession } from "../../store.ts";
import { ERASED, EXPIRED_COLUMNS, encodeUserKey } from "../shared/rows.ts";
import type { MysqlNames } from "./schema.ts";
import { joinSql, raw, type Sql, sql } from "./sql.ts";

/** The statements that find expired records, and those of the sessions that have not been reported yet. */
export class MysqlEnds {
  readonly #table: Sql;
  readonly #ends: Sql;

  constructor({ table, ends }: MysqlNames) {
    this.#table = table;
    this.#ends = ends;
  }

  /**
   * Locks expired records and returns their `EXPIRED_COLUMNS`, for a transaction that removes them. A live session is never
   * past its deadline. Rows that are locked already are left for the next cleanup. By another index the server would read all
   * expired records, and lock them too.
   */
  expired(now: number, limit: number): Sql {
    return sql`SELECT ${raw(EXPIRED_COLUMNS.join(", "))} FROM ${this.#table} FORCE INDEX (by_deadline)
WHERE deadline <= ${now} ORDER BY deadline LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
  }

  /** Claims sessions until a moment: by then this process has to report them. */
  claim(sessions: readonly ExpiredSession[], until: number): Sql {
    const rows = sessions.map(
      ({ id, userKey, expiresAt, deadline }) =>
        sql`(${joinSql([id, encodeUserKey(userKey ?? ERASED), expiresAt, deadline, until])})`,
    );
    return sql`INSERT INTO ${this.#ends} (id, user_key, expires_at, deadline, claimed_until) VALUES ${joinSql(rows)}
ON DUPLICATE KEY UPDATE claimed_until = ${until}`;
  }

  /** Locks the sessions whose process has not reported them in time, and returns their `EXPIRED_COLUMNS`. */
  unclaimed(now: number, limit: number): Sql {
    return sql`SELECT id, user_key, expires_at, deadline, NULL FROM ${this.#ends} FORCE INDEX (by_claim)
WHERE claimed_until <= ${now} ORDER BY claimed_until LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
  }

  /** Locks a user's sessions that have not been reported, and returns their ids. The table has few rows at any time. */
  ofUser(userKey: string): Sql {
    return sql`SELECT id FROM ${this.#ends} WHERE user_key = ${encodeUserKey(userKey)} ORDER BY id FOR UPDATE`;
  }

  /** Removes the user key from sessions. With `sql_safe_updates`, the server rejects an `UPDATE` that finds rows without a key. */
  erase(ids: readonly string[]): Sql {
    return sql`UPDATE ${this.#ends} SET user_key = ${encodeUserKey(ERASED)} WHERE id IN (${joinSql(ids)})`;
  }

  /** Forgets sessions that this process has claimed until a moment and has reported. */
  forget(ids: readonly string[], until: number): Sql {
    return sql`DELETE FROM ${this.#ends} WHERE id IN (${joinSql(ids)}) AND claimed_until = ${until}`;
  }
}
