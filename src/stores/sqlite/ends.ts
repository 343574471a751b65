import type { ExpiredSession } from "../../store.ts";
import { CLAIM_TIME } from "../shared/ends.ts";
import { ERASED, EXPIRED_COLUMNS, encodeUserKey, toExpiredSessions } from "../shared/rows.ts";
import type { SqliteQuery, SqliteRow } from "./engine.ts";
import type { SqliteNames } from "./schema.ts";
import { LIST, NO_CLAIM, NOT_ENDED, type Part, toQuery } from "./sql.ts";

/** A session that a process has claimed, and the number of its entry. */
export interface ClaimedSession {
  readonly number: number;
  readonly session: ExpiredSession;
}

/** The statements that remove expired records, and those of the sessions that have not been reported yet. */
export class SqliteEnds {
  readonly #table: string;
  readonly #ends: string;
  readonly #audit: string;

  constructor({ table, ends, audit }: SqliteNames) {
    this.#table = table;
    this.#ends = ends;
    this.#audit = audit;
  }

  /** Removes expired records. Returns their ids. A live session is never past its deadline. */
  remove(now: number, limit: number): SqliteQuery {
    return toQuery([`DELETE FROM ${this.#table} WHERE`], this.#expired(now, limit), ["RETURNING id"]);
  }

  /** Notes the sessions that `remove` removes next in the same transaction. */
  note(now: number, limit: number): SqliteQuery {
    return toQuery(
      [`INSERT INTO ${this.#ends} (id, user_key, expires_at, deadline, claimed_until)`],
      [`SELECT id, user_key, expires_at, deadline, ? FROM ${this.#table} WHERE`, now],
      this.#expired(now, limit),
      [`AND ${NOT_ENDED} AND ${NO_CLAIM} RETURNING number`],
    );
  }

  /** Adds the sessions that `remove` removes next in the same transaction to the audit trail. */
  enter(now: number, limit: number): SqliteQuery {
    return toQuery(
      [`INSERT INTO ${this.#audit} (at, kind, session_id, user_key, reason)`],
      [
        "SELECT expires_at, 'ended', id, user_key, CASE WHEN expires_at < deadline THEN 'idle' ELSE 'expired' END",
      ],
      [`FROM ${this.#table} WHERE`],
      this.#expired(now, limit),
      [`AND ${NOT_ENDED} AND ${NO_CLAIM} RETURNING number`],
    );
  }

  /**
   * Claims up to `limit` noted sessions that no process has claimed, and returns them. A process that claims sessions and dies
   * loses them to others after a minute. A claim by a clock that was far ahead does not count.
   */
  claim(now: number, limit: number): SqliteQuery {
    return toQuery(
      [`UPDATE ${this.#ends} SET claimed_until = ? WHERE number IN`, now + CLAIM_TIME],
      [
        `(SELECT number FROM ${this.#ends} WHERE claimed_until <= ? OR claimed_until > ?`,
        now,
        now + 2 * CLAIM_TIME,
      ],
      ["ORDER BY number LIMIT ?)", limit],
      ["RETURNING number, id, user_key, expires_at, deadline"],
    );
  }

  /** Removes a user's key from the sessions that have not been reported. There are few of them at any time. */
  erase(userKey: string): SqliteQuery {
    return toQuery([
      `UPDATE ${this.#ends} SET user_key = ? WHERE user_key = ? RETURNING number`,
      encodeUserKey(ERASED),
      encodeUserKey(userKey),
    ]);
  }

  /** Forgets sessions that have been reported. The engine may use the number of a forgotten entry again, so the ids count too. */
  forget(reported: readonly ClaimedSession[]): SqliteQuery {
    return toQuery(
      [`DELETE FROM ${this.#ends} WHERE`],
      [`number IN ${LIST}`, JSON.stringify(reported.map(({ number }) => number))],
      [`AND id IN ${LIST} RETURNING number`, JSON.stringify(reported.map(({ session }) => session.id))],
    );
  }

  /** Both statements of a transaction choose the same records: row ids order those with equal deadlines. */
  #expired(now: number, limit: number): Part {
    return [
      `rowid IN (SELECT rowid FROM ${this.#table} WHERE deadline <= ? ORDER BY deadline, rowid LIMIT ?)`,
      now,
      limit,
    ];
  }
}

/** Returns the sessions in rows of `claim`. */
export function toClaimedSessions(rows: readonly SqliteRow[]): readonly ClaimedSession[] {
  const sessions = toExpiredSessions(rows.map((row) => EXPIRED_COLUMNS.map((column) => row[column] ?? null)));
  return rows.flatMap(({ number }, index) => {
    const session = sessions[index];
    return session ? { number: Number(number), session } : [];
  });
}
