import type {
  CreateOptions,
  End,
  SessionChange,
  SessionCursor,
  SessionLimit,
  SessionRecord,
} from "../store.ts";
import { bytesOf, COLUMNS, valuesOf } from "./_rows.ts";
import type { Statement, Value } from "./_sqlite-engine.ts";
import type { Names } from "./_sqlite-schema.ts";

const LIVE = "expires_at > ? AND ended_at IS NULL";
/** Behind a cursor, newest first. Without the first condition no index would be used. */
const BEHIND = "created_at <= ? AND (created_at < ? OR id < ?)";
const NEWEST_FIRST = "created_at DESC, id DESC";
/** A list is one value: there is a limit of 100 to values on some platforms. */
const LISTED = "(SELECT value FROM json_each(?))";

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
      ...ofUser(userKey, now),
      ...behind(before),
      [`ORDER BY ${NEWEST_FIRST} LIMIT ?`, limit],
    );
  }

  /** Answers with the id if it was free. */
  insert(record: SessionRecord): Statement {
    const places = COLUMNS.map(() => "?").join(", ");
    return whole(
      [`INSERT INTO ${this.#table} (${COLUMNS.join(", ")}) VALUES (${places})`, ...valuesOf(record)],
      ["ON CONFLICT (id) DO NOTHING RETURNING id"],
    );
  }

  /** Answers with the id if it was free, and the user had fewer than `max` others. */
  insertWithin(record: SessionRecord, now: number, { max }: SessionLimit): Statement {
    const places = COLUMNS.map(() => "?").join(", ");
    return whole(
      [`INSERT INTO ${this.#table} (${COLUMNS.join(", ")}) SELECT ${places}`, ...valuesOf(record)],
      ["WHERE"],
      ...this.#fewerThan(max, record.userKey, now, ""),
      ["ON CONFLICT (id) DO NOTHING RETURNING id"],
    );
  }

  byLink(link: string, now: number, limit: number): Statement {
    return whole([
      `SELECT ${COLUMNS.join(", ")} FROM ${this.#table} WHERE link = ? AND ${LIVE} LIMIT ?`,
      link,
      now,
      limit,
    ]);
  }

  /** Answers with the ids that had to end, `most` of them at a time, before `record` can begin. */
  evict(
    record: SessionRecord,
    { now, tombstone }: CreateOptions,
    { max, onExceed }: SessionLimit,
    replaces: string,
    most: number,
  ): Statement {
    const order = onExceed === "evict-idlest" ? `last_seen_at DESC, ${NEWEST_FIRST}` : NEWEST_FIRST;
    return whole(
      this.#ending({ reason: "evicted", now, ...(tombstone !== undefined && { tombstone }) }),
      [`WHERE id IN (SELECT id FROM ${this.#table} WHERE`],
      ...ofUser(record.userKey, now),
      ["AND id <> ?", replaces],
      [`ORDER BY ${order} LIMIT ? OFFSET ?)`, most, max - 1],
      ...this.#unless(record.id),
      ["RETURNING id"],
    );
  }

  /** Ends the replaced session, but only where `record` can begin. */
  replace(record: SessionRecord, { now, limit, tombstone }: CreateOptions, replaces: string): Statement {
    return whole(
      this.#ending({ reason: "logout", now, ...(tombstone !== undefined && { tombstone }) }),
      ["WHERE id = ? AND", replaces],
      ...ofUser(record.userKey, now),
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
      [`WHERE id = ? AND ${LIVE}`, id, end.now],
      ...(owner === undefined ? [] : ([["AND user_key = ?", bytesOf(owner)]] as const)),
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
      ...ofUser(userKey, end.now),
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
      [`WHERE id > ? AND id <= ? AND ${LIVE}`, after, last, end.now],
      ["AND created_at < ? RETURNING id", createdAt],
    );
  }

  /** Answers with the ids that were removed. A live session is never past its deadline. */
  sweep(now: number, limit: number): Statement {
    return whole(
      [`DELETE FROM ${this.#table} WHERE id IN`],
      [
        `(SELECT id FROM ${this.#table} WHERE deadline <= ? ORDER BY deadline LIMIT ?) RETURNING id`,
        now,
        limit,
      ],
    );
  }

  /** Answers with a row for one process, and for no other until `pause` is over. A clock gone wrong ends nobody's turn. */
  claimSweep(now: number, pause: number): Statement {
    return whole([
      `UPDATE ${this.#schema} SET swept_at = ? WHERE swept_at <= ? OR swept_at > ? RETURNING id`,
      now,
      now - pause,
      now + pause,
    ]);
  }

  #ending({ reason, now, tombstone }: End): Part {
    if (!tombstone) return [`DELETE FROM ${this.#table}`];
    const end = now + tombstone;
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
      ...ofUser(userKey, now),
      ["AND id <> ? LIMIT ?)) < ?", but, max, max],
    ];
  }
}

function ofUser(userKey: string, now: number): readonly Part[] {
  return [[`user_key = ? AND ${LIVE}`, bytesOf(userKey), now]];
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
