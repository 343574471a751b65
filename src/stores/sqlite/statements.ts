import type {
  CreateOptions,
  End,
  SessionChange,
  SessionCursor,
  SessionLimit,
  SessionRecord,
} from "../../store.ts";
import { COLUMNS, EXPIRED_COLUMNS, encodeUserKey, toRowValues } from "../shared/rows.ts";
import type { Statement, Value } from "./engine.ts";
import type { Names } from "./schema.ts";

const NOT_ENDED = "ended_at IS NULL";
const LIVE = `expires_at > ? AND ${NOT_ENDED}`;
/** Behind a cursor, newest first. Without the first condition no index would be used. */
const BEHIND = "created_at <= ? AND (created_at < ? OR id < ?)";
const NEWEST_FIRST = "created_at DESC, id DESC";
/** A list is one value: there is a limit of 100 to values on some platforms. */
const LISTED = "(SELECT value FROM json_each(?))";

/** What a step that ends sessions says of their tombstones. */
type Ending = Pick<End, "now" | "tombstones">;

/** A part of a statement, and what goes into it. */
type Part = readonly [sql: string, ...values: Value[]];

/** Every statement that there is, for one table. All of them answer with rows. */
export class Statements {
  readonly #table: string;
  readonly #schema: string;

  constructor({ table, schema }: Names) {
    this.#table = table;
    this.#schema = schema;
  }

  byIds(ids: readonly string[]): Statement {
    const [first] = ids;
    const where: Part =
      ids.length === 1 && first !== undefined ? ["id = ?", first] : [`id IN ${LISTED}`, JSON.stringify(ids)];
    return whole([`SELECT ${COLUMNS.join(", ")} FROM ${this.#table} WHERE`], where);
  }

  page(userKey: string, now: number, limit: number, before: SessionCursor | undefined): Statement {
    return whole(
      [`SELECT ${COLUMNS.join(", ")} FROM ${this.#table} WHERE`],
      liveOf(userKey, now),
      ...behind(before),
      [`ORDER BY ${NEWEST_FIRST} LIMIT ?`, limit],
    );
  }

  /** Answers with the id if it was free. */
  insert(record: SessionRecord): Statement {
    const places = COLUMNS.map(() => "?").join(", ");
    return whole(
      [`INSERT INTO ${this.#table} (${COLUMNS.join(", ")}) VALUES (${places})`, ...toRowValues(record)],
      ["ON CONFLICT (id) DO NOTHING RETURNING id"],
    );
  }

  /** Answers with the id if it was free, and the user had fewer than `max` others. */
  insertWithin(record: SessionRecord, now: number, { max }: SessionLimit): Statement {
    const places = COLUMNS.map(() => "?").join(", ");
    return whole(
      [`INSERT INTO ${this.#table} (${COLUMNS.join(", ")}) SELECT ${places}`, ...toRowValues(record)],
      ["WHERE"],
      ...this.#fewerThan(max, record.userKey, now, ""),
      ["ON CONFLICT (id) DO NOTHING RETURNING id"],
    );
  }

  byLink(link: string, limit: number): Statement {
    return whole([
      `SELECT ${COLUMNS.join(", ")} FROM ${this.#table} WHERE link = ? AND ${NOT_ENDED} LIMIT ?`,
      link,
      limit,
    ]);
  }

  /** Answers with the ids that had to end, `most` of them at a time, before `record` can begin. */
  evict(
    record: SessionRecord,
    { now, tombstones }: CreateOptions,
    { max, onExceed }: SessionLimit,
    replaces: string,
    most: number,
  ): Statement {
    const order = onExceed === "evict-idlest" ? `last_seen_at DESC, ${NEWEST_FIRST}` : NEWEST_FIRST;
    return whole(
      this.#ending({ reason: "evicted", now, ...(tombstones && { tombstones }) }),
      [`WHERE id IN (SELECT id FROM ${this.#table} WHERE`],
      liveOf(record.userKey, now),
      ["AND id <> ?", replaces],
      [`ORDER BY ${order} LIMIT ? OFFSET ?)`, most, max - 1],
      ...this.#unless(record.id),
      ["RETURNING id"],
    );
  }

  /** Ends the replaced session, but only where `record` can begin. */
  replace(record: SessionRecord, { now, limit, tombstones }: CreateOptions, replaces: string): Statement {
    return whole(
      this.#ending({ reason: "logout", now, ...(tombstones && { tombstones }) }),
      ["WHERE id = ? AND", replaces],
      notEndedOf(record.userKey),
      ...this.#unless(record.id),
      ...(limit ? ([["AND"], ...this.#fewerThan(limit.max, record.userKey, now, replaces)] as const) : []),
      ["RETURNING id"],
    );
  }

  exists(id: string): Statement {
    return whole([`SELECT id FROM ${this.#table} WHERE id = ?`, id]);
  }

  isLive(id: string, now: number): Statement {
    return whole([`SELECT id FROM ${this.#table} WHERE id = ? AND ${LIVE}`, id, now]);
  }

  hasNotEnded(id: string): Statement {
    return whole([`SELECT id FROM ${this.#table} WHERE id = ? AND ${NOT_ENDED}`, id]);
  }

  /** Answers with the id if it was changed. */
  update(
    id: string,
    { activity, data }: SessionChange,
    now: number,
    ifRevision: number | undefined,
  ): Statement {
    const sets: Part[] = [];
    if (activity) {
      const { lastSeenAt, expiresAt } = activity;
      sets.push(
        ["expires_at = CASE WHEN last_seen_at < ? THEN ? ELSE expires_at END", lastSeenAt, expiresAt],
        ["last_seen_at = max(last_seen_at, ?)", lastSeenAt],
      );
    }
    if (data) sets.push(["data = ?", JSON.stringify(data)]);
    sets.push([data ? "revision = revision + 1" : "revision = revision"]);
    return whole(
      [`UPDATE ${this.#table} SET`],
      joined(sets),
      [`WHERE id = ? AND ${LIVE}`, id, now],
      ...(ifRevision === undefined ? [] : ([["AND revision = ?", ifRevision]] as const)),
      ["RETURNING id"],
    );
  }

  /** Answers with the id if it ended. */
  end(id: string, end: End, owner: string | undefined): Statement {
    return whole(
      this.#ending(end),
      [`WHERE id = ? AND ${NOT_ENDED}`, id],
      ...(owner === undefined ? [] : ([["AND user_key = ?", encodeUserKey(owner)]] as const)),
      ["RETURNING id"],
    );
  }

  /** Answers with the ids and beginnings of those that ended: the newest `most` behind the cursor. */
  endAll(
    userKey: string,
    end: End,
    exceptIds: readonly string[],
    most: number,
    before: SessionCursor | undefined,
  ): Statement {
    return whole(
      this.#ending(end),
      [`WHERE id IN (SELECT id FROM ${this.#table} WHERE`],
      notEndedOf(userKey),
      ...(exceptIds.length === 0 ? [] : ([[`AND id NOT IN ${LISTED}`, JSON.stringify(exceptIds)]] as const)),
      ...behind(before),
      [`ORDER BY ${NEWEST_FIRST} LIMIT ?) RETURNING id, created_at`, most],
    );
  }

  /** Answers with the id that is `most` behind this one, if there are so many. */
  idBehind(after: string, most: number): Statement {
    return whole([
      `SELECT id FROM ${this.#table} WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?`,
      after,
      most - 1,
    ]);
  }

  /** Answers with the ids that ended of those behind `after`, up to `last`. */
  endCreatedBefore(createdAt: number, end: End, after: string, last: string): Statement {
    return whole(
      this.#ending(end),
      [`WHERE id > ? AND id <= ? AND ${NOT_ENDED}`, after, last],
      ["AND created_at < ? RETURNING id", createdAt],
    );
  }

  /** Removes the user's tombstones beyond `max`, for a step that may have ended sessions of that user. */
  trimOfUser(userKey: string, end: Ending): readonly Statement[] {
    return this.#trim(["user_key = ?", encodeUserKey(userKey)], end);
  }

  /** The same for the user of the session with the id. */
  trimAround(id: string, end: Ending): readonly Statement[] {
    return this.#trim(["id = ?", id], end);
  }

  /** The same for the users of the sessions behind `after`, up to `last`. */
  trimBetween(after: string, last: string, end: Ending): readonly Statement[] {
    return this.#trim(["id > ? AND id <= ?", after, last], end);
  }

  /** Answers with what `toExpiredSessions` reads of the removed records. A live session is never past its deadline. */
  removeExpired(now: number, limit: number): Statement {
    return whole(
      [`DELETE FROM ${this.#table} WHERE id IN`],
      [`(SELECT id FROM ${this.#table} WHERE deadline <= ? ORDER BY deadline LIMIT ?)`, now, limit],
      [`RETURNING ${EXPIRED_COLUMNS.join(", ")}`],
    );
  }

  /** Answers with a row for one process, and for no other until `apart` has passed. A wrong clock ends no process's turn. */
  claimCleanup(now: number, apart: number): Statement {
    return whole([
      `UPDATE ${this.#schema} SET swept_at = ? WHERE swept_at <= ? OR swept_at > ? RETURNING id`,
      now,
      now - apart,
      now + apart,
    ]);
  }

  /**
   * Row ids order the tombstones of one moment, so that exactly `max` of them stay. A user of whom no session ended in this
   * step costs one lookup.
   */
  #trim([where, ...values]: Part, { now, tombstones }: Ending): readonly Statement[] {
    if (!tombstones) return [];
    const ofUser = "user_key = user.user_key AND ended_at IS NOT NULL";
    // Turso's database reads a bound offset for the first user only.
    const offset = Math.trunc(tombstones.max);
    const trim = whole(
      [`DELETE FROM ${this.#table} WHERE rowid IN (SELECT tombstone.rowid FROM`],
      [
        `(SELECT DISTINCT user_key FROM ${this.#table} WHERE ${where} AND ended_at = ?) AS user`,
        ...values,
        now,
      ],
      [`CROSS JOIN ${this.#table} AS tombstone WHERE tombstone.${ofUser}`],
      [`AND (ended_at, tombstone.rowid) <= (SELECT ended_at, rowid FROM ${this.#table} WHERE ${ofUser}`],
      [`ORDER BY ended_at DESC, rowid DESC LIMIT 1 OFFSET ${offset})) RETURNING id`],
    );
    return [trim];
  }

  #ending({ reason, now, tombstones }: End): Part {
    if (!tombstones) return [`DELETE FROM ${this.#table}`];
    const end = now + tombstones.keepFor;
    return [
      `UPDATE ${this.#table} SET revision = revision + 1, expires_at = ?, deadline = ?, ended_at = ?, ended_reason = ?`,
      end,
      end,
      now,
      reason,
    ];
  }

  #unless(id: string): readonly Part[] {
    return [[`AND NOT EXISTS (SELECT 1 FROM ${this.#table} WHERE id = ?)`, id]];
  }

  /** Counts no further than it has to. */
  #fewerThan(max: number, userKey: string, now: number, but: string): readonly Part[] {
    return [
      [`(SELECT count(*) FROM (SELECT 1 FROM ${this.#table} WHERE`],
      liveOf(userKey, now),
      ["AND id <> ? LIMIT ?)) < ?", but, max, max],
    ];
  }
}

function liveOf(userKey: string, now: number): Part {
  return [`user_key = ? AND ${LIVE}`, encodeUserKey(userKey), now];
}

function notEndedOf(userKey: string): Part {
  return [`user_key = ? AND ${NOT_ENDED}`, encodeUserKey(userKey)];
}

function behind(cursor: SessionCursor | undefined): readonly Part[] {
  return cursor ? [[`AND ${BEHIND}`, cursor.createdAt, cursor.createdAt, cursor.id]] : [];
}

function joined(parts: readonly Part[]): Part {
  return [parts.map(([sql]) => sql).join(", "), ...parts.flatMap(([, ...values]) => values)];
}

function whole(...parts: readonly Part[]): Statement {
  return {
    sql: parts.map(([sql]) => sql).join(" "),
    values: parts.flatMap(([, ...values]) => values),
  };
}
