import type {
  CreateOptions,
  End,
  SessionChange,
  SessionCursor,
  SessionLimit,
  SessionRecord,
  UpdateOptions,
} from "../../store.ts";
import { EVENTS_KEPT_FOR } from "../shared/push-messages.ts";
import { COLUMNS, encodeUserKey, toRowValues } from "../shared/rows.ts";
import type { SqliteQuery } from "./engine.ts";
import { type RecordedQuery, SECONDS, SqliteRecorder } from "./recorder.ts";
import type { SqliteNames } from "./schema.ts";
import { ALL_COLUMNS, joinParts, LIST, NO_CLAIM, NOT_ENDED, type Part, toQuery } from "./sql.ts";

const PLACEHOLDERS = COLUMNS.map(() => "?").join(", ");
const ENDED = "ended_at IS NOT NULL";
const LIVE = `expires_at > ? AND ${NOT_ENDED}`;
/** Matches rows after a cursor, newest first. The first condition lets SQLite use the index. */
const AFTER = "created_at <= ? AND (created_at < ? OR id < ?)";
const NEWEST_FIRST = "created_at DESC, id DESC";

/** The part of `End` that concerns tombstones. */
type TombstoneEnd = Pick<End, "now" | "tombstones">;

/** The statements for one table. Every statement returns rows. */
export class SqliteStatements {
  readonly #table: string;
  readonly #schema: string;
  readonly #events: string;
  readonly #pushes: boolean;
  readonly #recorder: SqliteRecorder;

  constructor(names: SqliteNames, pushes = false, audits = false) {
    this.#table = names.table;
    this.#schema = names.schema;
    this.#events = names.events;
    this.#pushes = pushes;
    this.#recorder = new SqliteRecorder({ names, pushes, audits });
  }

  byIds(ids: readonly string[]): SqliteQuery {
    const [first] = ids;
    const where: Part =
      ids.length === 1 && first !== undefined ? ["id = ?", first] : [`id IN ${LIST}`, JSON.stringify(ids)];
    return toQuery([`SELECT ${ALL_COLUMNS} FROM ${this.#table} WHERE`], where);
  }

  page(userKey: string, now: number, limit: number, before: SessionCursor | undefined): SqliteQuery {
    return toQuery(
      [`SELECT ${ALL_COLUMNS} FROM ${this.#table} WHERE`],
      whereLive(userKey, now),
      before && whereAfter(before),
      [`ORDER BY ${NEWEST_FIRST} LIMIT ?`, limit],
    );
  }

  /** Inserts a record unless its id exists. Returns the id of the inserted record. */
  insert(record: SessionRecord, options: CreateOptions): RecordedQuery {
    const query = toQuery(
      [`INSERT INTO ${this.#table} (${ALL_COLUMNS}) VALUES (${PLACEHOLDERS})`, ...toRowValues(record)],
      ["ON CONFLICT (id) DO NOTHING RETURNING id"],
    );
    return this.#recorder.recordBeginning(query, record, options, []);
  }

  /** Inserts a record unless its id exists or the user has `max` others. Returns the id of the inserted record. */
  insertWithin(record: SessionRecord, options: CreateOptions, { max }: SessionLimit): RecordedQuery {
    const within = this.#fewerThan(max, record.userKey, options.now, "");
    const query = toQuery(
      [`INSERT INTO ${this.#table} (${ALL_COLUMNS}) SELECT ${PLACEHOLDERS}`, ...toRowValues(record)],
      ["WHERE"],
      ...within,
      ["ON CONFLICT (id) DO NOTHING RETURNING id"],
    );
    return this.#recorder.recordBeginning(query, record, options, [["AND"], ...within]);
  }

  byLink(link: string, limit: number): SqliteQuery {
    return toQuery([
      `SELECT ${ALL_COLUMNS} FROM ${this.#table} WHERE link = ? AND ${NOT_ENDED} LIMIT ?`,
      link,
      limit,
    ]);
  }

  /** Ends the sessions beyond the limit, at most `most`, unless the id of `record` exists. Returns their ids. */
  evict(
    record: SessionRecord,
    options: CreateOptions,
    { max, onExceed }: SessionLimit,
    replaces: string,
    most: number,
  ): RecordedQuery {
    const order = onExceed === "evict-idlest" ? `last_seen_at DESC, ${NEWEST_FIRST}` : NEWEST_FIRST;
    // `by` is the party that begins the session.
    return this.#toEnding({ ...options, reason: "evicted", by: undefined }, "id", [
      [`id IN (SELECT id FROM ${this.#table} WHERE`],
      whereLive(record.userKey, options.now),
      ["AND id <> ?", replaces],
      [`ORDER BY ${order} LIMIT ? OFFSET ?)`, most, max - 1],
      this.#unless(record.id),
    ]);
  }

  /** Ends the replaced session if `record` can be inserted. */
  replace(record: SessionRecord, options: CreateOptions, replaces: string): RecordedQuery {
    const { now, limit } = options;
    return this.#toEnding({ ...options, reason: "logout", by: undefined }, "id", [
      ["id = ? AND", replaces],
      whereNotEnded(record.userKey),
      this.#unless(record.id),
      ...(limit ? [["AND"] as const, ...this.#fewerThan(limit.max, record.userKey, now, replaces)] : []),
    ]);
  }

  exists(id: string): SqliteQuery {
    return toQuery([`SELECT id FROM ${this.#table} WHERE id = ?`, id]);
  }

  isLive(id: string, now: number): SqliteQuery {
    return toQuery([`SELECT id FROM ${this.#table} WHERE id = ? AND ${LIVE}`, id, now]);
  }

  hasNotEnded(id: string): SqliteQuery {
    return toQuery([`SELECT id FROM ${this.#table} WHERE id = ? AND ${NOT_ENDED}`, id]);
  }

  isTombstone(id: string): SqliteQuery {
    return toQuery([`SELECT id FROM ${this.#table} WHERE id = ? AND ${ENDED}`, id]);
  }

  /** Changes a live record, or a tombstone. Returns its id if it was changed. */
  update(
    id: string,
    { activity, data }: SessionChange,
    { now, ifRevision, isTombstone, entry: change }: UpdateOptions,
  ): RecordedQuery {
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
    const where: readonly Part[] = [
      isTombstone ? [`WHERE id = ? AND ${ENDED}`, id] : [`WHERE id = ? AND ${LIVE}`, id, now],
      ...(ifRevision === undefined ? [] : [["AND revision = ?", ifRevision] as const]),
    ];
    const query = toQuery([`UPDATE ${this.#table} SET`], joinParts(sets, ", "), ...where, ["RETURNING id"]);
    if (!data || isTombstone) return query;
    return this.#recorder.recordChange(query, where, now, change);
  }

  /** Ends one session. Returns its id if it has ended. */
  end(id: string, end: End, owner: string | undefined): RecordedQuery {
    return this.#toEnding(end, "id", [
      [`id = ? AND ${NOT_ENDED}`, id],
      ...(owner === undefined ? [] : [["AND user_key = ?", encodeUserKey(owner)] as const]),
    ]);
  }

  /** Ends the user's newest `most` sessions after the cursor. Returns their `id` and `created_at`. */
  endAll(
    userKey: string,
    end: End,
    exceptIds: readonly string[],
    most: number,
    before: SessionCursor | undefined,
  ): RecordedQuery {
    return this.#toEnding(end, "id, created_at", [
      [`id IN (SELECT id FROM ${this.#table} WHERE`],
      whereNotEnded(userKey),
      ...(exceptIds.length > 0 ? [[`AND id NOT IN ${LIST}`, JSON.stringify(exceptIds)] as const] : []),
      ...(before ? [whereAfter(before)] : []),
      [`ORDER BY ${NEWEST_FIRST} LIMIT ?)`, most],
    ]);
  }

  /** Returns the `most`-th id after `after`, if there are that many. */
  idAfter(after: string, most: number): SqliteQuery {
    return toQuery([
      `SELECT id FROM ${this.#table} WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?`,
      after,
      most - 1,
    ]);
  }

  /** Ends the sessions created before `createdAt` with an id after `after` and up to `last`. Returns their ids. */
  endCreatedBefore(createdAt: number, end: End, after: string, last: string): RecordedQuery {
    return this.#toEnding(end, "id", [
      [`id > ? AND id <= ? AND ${NOT_ENDED} AND created_at < ? AND ${NO_CLAIM}`, after, last, createdAt],
    ]);
  }

  /** Removes up to `most` tombstones of the user. Returns their ids. */
  deleteTombstones(userKey: string, most: number): SqliteQuery {
    // Bytes must not be a statement's only value: libsql takes them for an object of named values, and crashes.
    return toQuery(
      [`DELETE FROM ${this.#table} WHERE rowid IN`],
      [
        `(SELECT rowid FROM ${this.#table} WHERE user_key = ? AND ${ENDED} LIMIT ?)`,
        encodeUserKey(userKey),
        most,
      ],
      ["RETURNING id"],
    );
  }

  /** Removes the user's tombstones beyond the limit, in a transaction that may have ended sessions of the user. */
  trimUser(userKey: string, end: TombstoneEnd): readonly SqliteQuery[] {
    return this.#trim(["user_key = ?", encodeUserKey(userKey)], end);
  }

  /** Does the same for the user of a session. */
  trimById(id: string, end: TombstoneEnd): readonly SqliteQuery[] {
    return this.#trim(["id = ?", id], end);
  }

  /** Does the same for the users of the sessions with an id after `after` and up to `last`. */
  trimRange(after: string, last: string, end: TombstoneEnd): readonly SqliteQuery[] {
    return this.#trim(["id > ? AND id <= ?", after, last], end);
  }

  /**
   * Removes up to `limit` old events and returns their numbers. The newest of the old ones stays: a process that has read it
   * then knows that it has missed none.
   */
  deleteEvents(limit: number): readonly SqliteQuery[] {
    if (!this.#pushes) return [];
    const first = `SELECT number, at FROM ${this.#events} ORDER BY number LIMIT ?`;
    const old = `SELECT max(number) FROM (${first}) WHERE at < ${SECONDS} - ${EVENTS_KEPT_FOR}`;
    const remove = toQuery([
      `DELETE FROM ${this.#events} WHERE number < (${old}) RETURNING number`,
      Math.trunc(limit) + 1,
    ]);
    return [remove];
  }

  /** Returns a row in one process, and in no other until `apart` has passed. A wrong clock does not block the cleanup. */
  claimCleanup(now: number, apart: number): SqliteQuery {
    return toQuery([
      `UPDATE ${this.#schema} SET swept_at = ? WHERE swept_at <= ? OR swept_at > ? RETURNING id`,
      now,
      now - apart,
      now + apart,
    ]);
  }

  /**
   * Row ids order tombstones with equal times, so that exactly `max` of them stay. For a user with no session that ended in
   * this step, the statement does one lookup.
   */
  #trim([where, ...values]: Part, { now, tombstones }: TombstoneEnd): readonly SqliteQuery[] {
    if (!tombstones) return [];
    const ofUser = "user_key = user.user_key AND ended_at IS NOT NULL";
    // Turso's database evaluates a bound offset for the first user only.
    const offset = Math.trunc(tombstones.max);
    const trim = toQuery(
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

  /** Ends the sessions that match, and returns their columns. */
  #toEnding(end: End, columns: string, matches: readonly Part[]): RecordedQuery {
    const where: readonly Part[] = [["WHERE"], ...matches];
    const query = toQuery(this.#toChange(end), ...where, [`RETURNING ${columns}`]);
    return this.#recorder.recordEnd(query, where, end);
  }

  #toChange({ reason, now, tombstones }: End): Part {
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

  #unless(id: string): Part {
    return [`AND NOT EXISTS (SELECT 1 FROM ${this.#table} WHERE id = ?)`, id];
  }

  /** Whether the user has fewer than `max` live sessions, other than `but`. Stops counting at `max`. */
  #fewerThan(max: number, userKey: string, now: number, but: string): readonly Part[] {
    return [
      [`(SELECT count(*) FROM (SELECT 1 FROM ${this.#table} WHERE`],
      whereLive(userKey, now),
      ["AND id <> ? LIMIT ?)) < ?", but, max, max],
    ];
  }
}

function whereLive(userKey: string, now: number): Part {
  return [`user_key = ? AND ${LIVE}`, encodeUserKey(userKey), now];
}

function whereNotEnded(userKey: string): Part {
  return [`user_key = ? AND ${NOT_ENDED}`, encodeUserKey(userKey)];
}

function whereAfter({ createdAt, id }: SessionCursor): Part {
  return [`AND ${AFTER}`, createdAt, createdAt, id];
}
