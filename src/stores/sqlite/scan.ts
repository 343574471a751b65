import type { ScanFilter, ScanPage, ScanResult, SessionCount, TimeRange } from "../../store.ts";
import { type Position, parsePosition, toCursor } from "../shared/cursor.ts";
import { encodeUserKey, type SqlValue } from "../shared/rows.ts";
import { pause, type SqliteEngine, type SqliteQuery, type SqliteRow } from "./engine.ts";
import { ALL_COLUMNS, CLAIMS, NO_CLAIM, NOT_ENDED, type Part, toQuery, toRecord } from "./sql.ts";

/** More texts than this are not looked for: some platforms limit a statement to 100 values. */
const MAX_TEXTS = 20;

/** Returns one step of a scan. */
export async function scanSessions(engine: SqliteEngine, table: string, page: ScanPage): Promise<ScanResult> {
  const scan = new SqliteScan(table, page);
  const [last] = await engine.read(scan.findEnd(engine.maxPerStep));
  const end = last && scan.toPosition(last);
  const rows = await engine.read(scan.select(end));
  const lastFound = rows.length < page.limit ? undefined : rows.at(-1);
  const next = lastFound ? scan.toPosition(lastFound) : end;
  return { records: rows.map(toRecord), ...(next && { cursor: toCursor(next) }) };
}

/** Counts all sessions, expired ones included. */
export async function countSessions(engine: SqliteEngine, table: string): Promise<SessionCount> {
  const { maxPerCount } = engine;
  let count = 0;
  for (let after: CountPosition | undefined; ; await pause(0)) {
    const [row] = await engine.read(countUpTo(table, after, maxPerCount));
    if (!row) {
      const [rest] = await engine.read(countRest(table, after));
      return { count: count + Number(rest?.count), isExact: false };
    }
    count += maxPerCount;
    // Drivers that return an `ArrayBuffer` do not accept one.
    after = [new Uint8Array(row.user_key as ArrayBuffer), Number(row.created_at), String(row.id)];
  }
}

/**
 * The statements of a scan: sessions by `created_at`, or tombstones by `ended_at`, newest first. Each of the two has an index
 * of its own, and so have those of one user.
 */
export class SqliteScan {
  readonly #page: ScanPage;
  readonly #filter: ScanFilter;
  readonly #time: "created_at" | "ended_at";
  readonly #order: string;
  /** The conditions that the index answers. */
  readonly #where: readonly Part[];

  /** Throws `TypeError` for an invalid cursor. */
  constructor(table: string, page: ScanPage) {
    this.#page = page;
    const { filter = {}, cursor } = page;
    const { userKey, createdAt, ended } = filter;
    this.#filter = filter;
    this.#time = ended ? "ended_at" : "created_at";
    this.#order = `ORDER BY ${this.#time} DESC, id DESC LIMIT ?`;
    this.#where = [
      [`FROM ${table} WHERE ${ended ? "ended_at IS NOT NULL" : NOT_ENDED}`],
      ...(userKey === undefined ? [] : [["AND user_key = ?", encodeUserKey(userKey)] as const]),
      ...within(this.#time, ended ?? createdAt),
      ...(cursor === undefined ? [] : [this.#after(parsePosition(cursor))]),
    ];
  }

  /** Finds the record that ends a step of `most` records. Returns its position, or nothing if fewer are left. */
  findEnd(most: number): SqliteQuery {
    const columns: Part = [`SELECT ${this.#time} AS at, id`];
    return toQuery(columns, ...this.#where, [`${this.#order} OFFSET ?`, 1, most - 1]);
  }

  /** Returns the matching records of a step up to and with its end. */
  select(end: Position | undefined): SqliteQuery {
    const { now, limit } = this.#page;
    const { createdAt, lastSeenAt, ended, dataIncludes = [] } = this.#filter;
    return toQuery(
      [`SELECT ${ALL_COLUMNS}`],
      ...this.#where,
      end && [`AND ${this.#time} >= ? AND (${this.#time} > ? OR id >= ?)`, end.at, end.at, end.id],
      [`AND expires_at > ? AND ${NO_CLAIM}`, now],
      ...(ended ? within("created_at", createdAt) : []),
      ...within("last_seen_at", lastSeenAt),
      ...dataIncludes.slice(0, MAX_TEXTS).map((text): Part => ["AND instr(data, ?) > 0", text]),
      [this.#order, limit],
    );
  }

  /** Returns the position of a row of `findEnd` or of `select`. */
  toPosition(row: SqliteRow): Position {
    return { at: Number(row.at ?? row[this.#time]), id: String(row.id) };
  }

  #after({ at, id }: Position): Part {
    return [`AND ${this.#time} <= ? AND (${this.#time} < ? OR id < ?)`, at, at, id];
  }
}

function within(column: string, { from, before }: TimeRange = {}): readonly Part[] {
  return [
    ...(from === undefined ? [] : [[`AND ${column} >= ?`, from] as const]),
    ...(before === undefined ? [] : [[`AND ${column} < ?`, before] as const]),
  ];
}

/** A position in the index of sessions by user. */
export type CountPosition = readonly [userKey: SqlValue, createdAt: number, id: string];

/** Returns the `most`-th session after `after` by user, without claims, if there are that many. */
export function countUpTo(table: string, after: CountPosition | undefined, most: number): SqliteQuery {
  return toQuery(
    [`SELECT user_key, created_at, id FROM ${table} WHERE ${NOT_ENDED} AND`],
    countAfter(after),
    ["ORDER BY user_key, created_at, id LIMIT 1 OFFSET ?", most - 1],
  );
}

/** Counts the sessions after `after` by user, without claims, and those of user keys that sort before claims. */
export function countRest(table: string, after: CountPosition | undefined): SqliteQuery {
  const count = `SELECT count(*) FROM ${table} WHERE ${NOT_ENDED} AND`;
  return toQuery([`SELECT (${count}`], countAfter(after), [
    `) + (${count} user_key < ${CLAIMS.first}) AS count`,
  ]);
}

function countAfter(after: CountPosition | undefined): Part {
  return after ? ["(user_key, created_at, id) > (?, ?, ?)", ...after] : [`user_key >= ${CLAIMS.after}`];
}
