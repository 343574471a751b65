import { ALPHABET } from "../../cookie/alphabet.ts";
import type { ScanFilter, ScanPage, ScanResult, SessionCount } from "../../store.ts";
import { type ScanRange, scanNewestFirst, toSearchTexts } from "../shared/newest-first.ts";
import { encodeUserKey, toSessionRecord } from "../shared/rows.ts";
import { SCAN_STEP } from "../shared/scan.ts";
import { joinSql, type Sql, sql } from "./sql.ts";
import { ALL_COLUMNS, ENDED, NEWEST_FIRST, NO_CLAIM, NOT_ENDED, whereWithin } from "./where.ts";

/** The number of records up to which `count` counts all of them. It takes some tens of milliseconds. */
const MOST_COUNTED = 50_000;

/** Scans and counts the sessions of all users. */
export class MysqlScans {
  readonly #table: Sql;
  readonly #read: (statement: Sql) => Promise<ReadonlyArray<readonly unknown[]>>;

  /** `read` returns the rows of a statement. */
  constructor(table: Sql, read: (statement: Sql) => Promise<ReadonlyArray<readonly unknown[]>>) {
    this.#table = table;
    this.#read = read;
  }

  scan(page: ScanPage): Promise<ScanResult> {
    return scanNewestFirst(
      page,
      async (range) => {
        const [row] = await this.#read(this.#toEnd(range, page.filter));
        return row && { createdAt: Number(row[0]), id: String(row[1]) };
      },
      async (range) => (await this.#read(this.#toStep(range, page))).map(toSessionRecord),
    );
  }

  async count(now: number): Promise<SessionCount> {
    const [row = []] = await this.#read(this.#toCount(now));
    const [rows, live] = [Number(row[0]), Number(row[1])];
    if (rows < MOST_COUNTED) return { count: live, isExact: true };
    return { count: Math.round(live / toShareOfIds(String(row[2]))), isExact: false };
  }

  /** Finds the last row of a step, of any state. */
  #toEnd(range: ScanRange, filter: ScanFilter | undefined): Sql {
    return sql`SELECT created_at, id FROM ${this.#toScanned(range, filter)}
ORDER BY ${NEWEST_FIRST} LIMIT 1 OFFSET ${SCAN_STEP - 1}`;
  }

  /** Returns the matching rows of a step. */
  #toStep(range: ScanRange, { now, limit, filter = {} }: ScanPage): Sql {
    const { lastSeenAt, ended, dataIncludes } = filter;
    const matches = [
      sql`${ended ? ENDED : NOT_ENDED} AND expires_at > ${now} AND ${NO_CLAIM}`,
      ...whereWithin("last_seen_at", lastSeenAt),
      ...whereWithin("ended_at", ended),
      ...toSearchTexts(dataIncludes).map((text) => sql`LOCATE(${text}, data) > 0`),
    ];
    return sql`SELECT ${ALL_COLUMNS} FROM ${this.#toScanned(range, filter)} AND ${joinSql(matches, " AND ")}
ORDER BY ${NEWEST_FIRST} LIMIT ${limit}`;
  }

  /** The rows of a range. The index is forced, because the server would rather sort all rows for some limits. */
  #toScanned({ from, before }: ScanRange, { userKey, ended }: ScanFilter = {}): Sql {
    const range = sql`(created_at < ${before.createdAt} OR created_at = ${before.createdAt} AND id < ${before.id})
AND (created_at > ${from.createdAt} OR created_at = ${from.createdAt} AND id >= ${from.id})`;
    if (userKey === undefined) return sql`${this.#table} FORCE INDEX (by_creation) WHERE ${range}`;
    return sql`${this.#table} FORCE INDEX (by_user)
WHERE user_key = ${encodeUserKey(userKey)} AND ${ended ? ENDED : NOT_ENDED} AND ${range}`;
  }

  /** Counts the first rows in the order of their ids, and the live sessions among them. Returns the last id too. */
  #toCount(now: number): Sql {
    return sql`SELECT COUNT(*), SUM(live), MAX(id) FROM (
  SELECT id, ${NOT_ENDED} AND expires_at > ${now} AND ${NO_CLAIM} AS live FROM ${this.#table} FORCE INDEX (PRIMARY)
  ORDER BY id LIMIT ${MOST_COUNTED}
) AS first`;
  }
}

/**
 * Returns the share of all ids that are not after this one. Ids begin with a hash of the user key, and the rest is random, so the
 * sessions up to an id are a sample.
 */
function toShareOfIds(id: string): number {
  let share = 0;
  for (const character of id.slice(0, 8).split("").reverse())
    share = (share + ALPHABET.indexOf(character)) / ALPHABET.length;
  return share;
}
