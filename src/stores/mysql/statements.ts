import type {
  End,
  SessionChange,
  SessionCursor,
  SessionLimit,
  SessionRecord,
  UpdateOptions,
} from "../../store.ts";
import { EVENTS_KEPT_FOR } from "../shared/push-messages.ts";
import { encodeUserKey, toRowValues } from "../shared/rows.ts";
import { type MysqlNames, whereSlot } from "./schema.ts";
import { EMPTY, joinSql, raw, type Sql, sql } from "./sql.ts";
import { ALL_COLUMNS, ENDED, NEWEST_FIRST, NO_CLAIM, NOT_ENDED } from "./where.ts";

/** The first column of the rows of `conflicts`: the reason why a session must end, or why a login fails. */
export const CONFLICT = { beyondLimit: 0, replaced: 1, duplicate: 2 } as const;

/** MariaDB turns a list of twice this length into a temporary table, and then scans the whole table of sessions. */
export const MAX_LIST_LENGTH = 500;

/** Splits a list into parts that a statement may contain. */
export function inLists<Item>(items: readonly Item[]): ReadonlyArray<readonly Item[]> {
  const count = Math.ceil(items.length / MAX_LIST_LENGTH);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * MAX_LIST_LENGTH, (index + 1) * MAX_LIST_LENGTH),
  );
}

/** The statements for the tables of one store. */
export class MysqlStatements {
  readonly #table: Sql;
  readonly #schema: Sql;
  readonly #slots: Sql;
  readonly #events: Sql;

  constructor({ table, schema, slots, events }: MysqlNames) {
    this.#table = table;
    this.#schema = schema;
    this.#slots = slots;
    this.#events = events;
  }

  byIds(ids: readonly string[]): Sql {
    const which = ids.length === 1 ? sql`= ${ids[0] ?? null}` : sql`IN (${joinSql(ids)})`;
    return sql`SELECT ${ALL_COLUMNS} FROM ${this.#table} WHERE id ${which}`;
  }

  page(userKey: string, now: number, limit: number, before: SessionCursor | undefined): Sql {
    return sql`SELECT ${ALL_COLUMNS} FROM ${this.#table} WHERE ${whereLive(userKey, now)}${whereAfter(before)}
ORDER BY ${NEWEST_FIRST} LIMIT ${limit}`;
  }

  byLink(link: string, limit: number): Sql {
    return sql`SELECT ${ALL_COLUMNS} FROM ${this.#table} WHERE link = ${link} AND ${NOT_ENDED} LIMIT ${limit}`;
  }

  /** Locks the user's slot: no other transaction creates or ends several of the user's sessions until this one ends. */
  lock(userKey: string): Sql {
    return sql`SELECT slot FROM ${this.#slots} WHERE ${whereSlot(encodeUserKey(userKey))} FOR UPDATE`;
  }

  /** Inserts a session. Waits only for a transaction that holds the lock of the user's slot. */
  insertShared(record: SessionRecord): Sql {
    return sql`INSERT INTO ${this.#table} (${ALL_COLUMNS}) SELECT ${joinSql(toRowValues(record))} FROM ${this.#slots}
WHERE ${whereSlot(encodeUserKey(record.userKey))} LOCK IN SHARE MODE`;
  }

  /**
   * Inserts a session if the user has fewer than `max` others, in one statement that locks the user's slot. The count
   * depends on the locked row, so it runs after the lock is taken. It stops at `max`. Needs `READ COMMITTED`: otherwise
   * counting would lock the counted rows and the gaps between them.
   */
  insertWithin(record: SessionRecord, now: number, { max }: SessionLimit): Sql {
    return sql`INSERT INTO ${this.#table} (${ALL_COLUMNS}) SELECT ${joinSql(toRowValues(record))} FROM ${this.#slots} AS lock_of
WHERE ${whereSlot(encodeUserKey(record.userKey))} AND (
  SELECT 1 FROM ${this.#table} AS own
  WHERE ${whereSession(record.userKey)} AND expires_at > ${now} + lock_of.nothing
  LIMIT 1 OFFSET ${max - 1}
) IS NULL FOR UPDATE`;
  }

  insert(record: SessionRecord): Sql {
    return sql`INSERT INTO ${this.#table} (${ALL_COLUMNS}) VALUES (${joinSql(toRowValues(record))})`;
  }

  /** Returns a `CONFLICT` and an id for each row that conflicts with `record`, at most `most` of them beyond the limit. */
  conflicts(
    record: SessionRecord,
    now: number,
    limit: SessionLimit | undefined,
    replaces: string,
    most: number,
  ): Sql {
    const live = whereLive(record.userKey, now);
    const order = limit?.onExceed === "evict-idlest" ? sql`last_seen_at DESC, ${NEWEST_FIRST}` : NEWEST_FIRST;
    const beyond = limit
      ? sql`SELECT ${CONFLICT.beyondLimit}, id FROM (
  SELECT id FROM ${this.#table} WHERE ${live} AND id <> ${replaces}
  ORDER BY ${order} LIMIT ${most} OFFSET ${limit.max - 1}
) AS beyond UNION ALL `
      : EMPTY;
    return sql`${beyond}SELECT ${CONFLICT.replaced}, id FROM ${this.#table} WHERE id = ${replaces} AND ${whereSession(record.userKey)}
UNION ALL SELECT ${CONFLICT.duplicate}, id FROM ${this.#table} WHERE id = ${record.id}`;
  }

  /** Whether `update` would find the record at some revision. */
  canUpdate(id: string, options: UpdateOptions): Sql {
    return sql`SELECT 1 FROM ${this.#table} WHERE id = ${id} AND ${whereUpdatable(options)}`;
  }

  /** Whether a session with the id exists, expired or not. */
  hasNotEnded(id: string): Sql {
    return sql`SELECT 1 FROM ${this.#table} WHERE id = ${id} AND ${NOT_ENDED}`;
  }

  /**
   * Sets `LAST_INSERT_ID` if it finds the record: to its new revision with `data`, otherwise to 1. The number of affected
   * rows depends on a flag of the app's pool.
   */
  update(id: string, { activity, data }: SessionChange, options: UpdateOptions): Sql {
    const { ifRevision } = options;
    const sets = [
      raw(`revision = ${data ? "LAST_INSERT_ID(revision + 1)" : "revision + 0 * LAST_INSERT_ID(1)"}`),
    ];
    if (data) sets.push(sql`data = ${JSON.stringify(data)}`);
    if (activity) {
      const { lastSeenAt, expiresAt } = activity;
      // The order matters: an assignment sees the results of the previous ones.
      sets.push(
        sql`expires_at = CASE WHEN last_seen_at < ${lastSeenAt} THEN ${expiresAt} ELSE expires_at END`,
      );
      sets.push(sql`last_seen_at = GREATEST(last_seen_at, ${lastSeenAt})`);
    }
    const at = ifRevision === undefined ? EMPTY : sql` AND revision = ${ifRevision}`;
    return sql`UPDATE ${this.#table} SET ${joinSql(sets)} WHERE id = ${id} AND ${whereUpdatable(options)}${at}`;
  }

  /** Locks a session, expired or not, and returns its user key. */
  lockSession(id: string): Sql {
    return sql`SELECT user_key FROM ${this.#table} WHERE id = ${id} AND ${NOT_ENDED} FOR UPDATE`;
  }

  end(id: string, end: End, owner: string | undefined): Sql {
    const ownedBy = owner === undefined ? EMPTY : sql` AND user_key = ${encodeUserKey(owner)}`;
    return sql`${this.#toEnding(end)} WHERE id = ${id} AND ${NOT_ENDED}${ownedBy}`;
  }

  endAll(ids: readonly string[], end: End): Sql {
    return sql`${this.#toEnding(end)} WHERE id IN (${joinSql(ids)}) AND ${NOT_ENDED}`;
  }

  /**
   * Returns the ids of each user's tombstones beyond the latest `max`. Every operation orders tombstones with equal times in
   * the same way.
   */
  tombstonesBeyond(users: ReadonlyArray<Uint8Array | Sql>, max: number): Sql {
    // The engine would turn a list with one subquery into a join.
    const matches = users.length === 1 ? sql`= ${users[0] ?? null}` : sql`IN (${joinSql(users)})`;
    return sql`SELECT id FROM (
  SELECT id, ROW_NUMBER() OVER (PARTITION BY user_key ORDER BY ended_at DESC, ${NEWEST_FIRST}) AS place
  FROM ${this.#table} WHERE user_key ${matches} AND ended_at IS NOT NULL
) AS tombstones WHERE place > ${max}`;
  }

  /** Returns the user key of a record, as a subquery. */
  userKeyById(id: string): Sql {
    return sql`(SELECT user_key FROM ${this.#table} WHERE id = ${id})`;
  }

  delete(ids: readonly string[]): Sql {
    return sql`DELETE FROM ${this.#table} WHERE id IN (${joinSql(ids)})`;
  }

  /** Returns `id` and `created_at` of the user's newest `most` sessions after the cursor. */
  sessionIds(userKey: string, most: number, before: SessionCursor | undefined): Sql {
    return sql`SELECT id, created_at FROM ${this.#table} WHERE ${whereSession(userKey)}${whereAfter(before)}
ORDER BY ${NEWEST_FIRST} LIMIT ${most}`;
  }

  /** Returns the `most`-th id after `after`, if there are that many. */
  idAfter(after: string, most: number): Sql {
    return sql`SELECT id FROM ${this.#table} WHERE id > ${after} ORDER BY id LIMIT 1 OFFSET ${most - 1}`;
  }

  /** Locks the sessions created before `createdAt` with an id after `after` and up to `last`. Returns ids and user keys. */
  idsCreatedBefore(createdAt: number, after: string, last: string): Sql {
    // Rows are locked in the order in which they are read. With another index that would not be the order of the ids.
    return sql`SELECT id, user_key FROM ${this.#table} FORCE INDEX (PRIMARY) WHERE id > ${after} AND id <= ${last} AND ${NOT_ENDED}
AND created_at < ${createdAt} AND ${NO_CLAIM} ORDER BY id FOR UPDATE`;
  }

  deleteTombstones(userKey: string): Sql {
    return sql`DELETE FROM ${this.#table} WHERE user_key = ${encodeUserKey(userKey)} AND ${ENDED}`;
  }

  /** Affects a row in one process, and in no other until `apart` has passed. A wrong clock does not block the cleanup. */
  claimCleanup(now: number, apart: number): Sql {
    return sql`UPDATE ${this.#schema} SET swept_at = ${now}
WHERE id = 1 AND (swept_at <= ${now - apart} OR swept_at > ${now + apart})`;
  }

  /** Records events. The last statement of a transaction, because others must know the numbers soon. */
  insertEvents(messages: readonly string[]): Sql {
    const rows = messages.map((message) => sql`(UNIX_TIMESTAMP(), ${message})`);
    return sql`INSERT INTO ${this.#events} (at, message) VALUES ${joinSql(rows)}`;
  }

  /**
   * Returns the number of the newest old event, among the first `limit + 1`. It stays: a process that has read it then knows
   * that it has missed none. A separate statement, because as a part of `DELETE` it would lock the rows that it reads.
   */
  oldEvents(limit: number): Sql {
    return sql`SELECT MAX(number) FROM (SELECT number, at FROM ${this.#events} ORDER BY number LIMIT ${limit + 1}) AS first
WHERE at < UNIX_TIMESTAMP() - ${EVENTS_KEPT_FOR}`;
  }

  /** Removes the events before one with this number. */
  deleteEvents(before: number): Sql {
    return sql`DELETE FROM ${this.#events} WHERE number < ${before}`;
  }

  #toEnding({ reason, now, tombstones }: End): Sql {
    if (!tombstones) return sql`DELETE FROM ${this.#table}`;
    const end = now + tombstones.keepFor;
    return sql`UPDATE ${this.#table} SET revision = revision + 1, expires_at = ${end}, deadline = ${end},
ended_at = ${now}, ended_reason = ${reason}`;
  }
}

function whereUpdatable({ now, isTombstone }: UpdateOptions): Sql {
  return isTombstone ? ENDED : sql`${NOT_ENDED} AND expires_at > ${now}`;
}

function whereSession(userKey: string): Sql {
  return sql`user_key = ${encodeUserKey(userKey)} AND ${NOT_ENDED}`;
}

function whereLive(userKey: string, now: number): Sql {
  return sql`${whereSession(userKey)} AND expires_at > ${now}`;
}

/** Matches rows after the cursor, newest first. The first condition lets the engine use the index. */
function whereAfter(cursor: SessionCursor | undefined): Sql {
  if (!cursor) return EMPTY;
  const { createdAt, id } = cursor;
  return sql` AND created_at <= ${createdAt} AND (created_at < ${createdAt} OR id < ${id})`;
}
