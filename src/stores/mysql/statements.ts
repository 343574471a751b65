import type { End, SessionChange, SessionCursor, SessionLimit, SessionRecord } from "../../store.ts";
import { COLUMNS, encodeUserKey, toRowValues } from "../shared/rows.ts";
import { type Names, slotOf } from "./schema.ts";
import { listed, NOTHING, raw, type Sql, sql } from "./sql.ts";

const ALL = raw(COLUMNS.join(", "));
const NEWEST_FIRST = raw("created_at DESC, id DESC");
/** Of a row that is no tombstone. */
const SESSION = raw("ended_at IS NULL");

/** What a row says that stands in the way of a login. */
export const CROWD = { beyond: 0, replaced: 1, duplicate: 2 } as const;

/** Every statement that there is, for one store's tables. */
export class Statements {
  readonly #table: Sql;
  readonly #schema: Sql;
  readonly #slots: Sql;

  constructor({ table, schema, slots }: Names) {
    this.#table = table;
    this.#schema = schema;
    this.#slots = slots;
  }

  byIds(ids: readonly string[]): Sql {
    const which = ids.length === 1 ? sql`= ${ids[0] ?? null}` : sql`IN (${listed(ids)})`;
    return sql`SELECT ${ALL} FROM ${this.#table} WHERE id ${which}`;
  }

  page(userKey: string, now: number, limit: number, before: SessionCursor | undefined): Sql {
    return sql`SELECT ${ALL} FROM ${this.#table} WHERE ${liveOf(userKey, now)}${behind(before)}
ORDER BY ${NEWEST_FIRST} LIMIT ${limit}`;
  }

  byLink(link: string, limit: number): Sql {
    return sql`SELECT ${ALL} FROM ${this.#table} WHERE link = ${link} AND ${SESSION} LIMIT ${limit}`;
  }

  /** So that nobody else begins or ends several of this user's sessions until the transaction is over. */
  lock(userKey: string): Sql {
    return sql`SELECT slot FROM ${this.#slots} WHERE ${slotOf(encodeUserKey(userKey))} FOR UPDATE`;
  }

  /** A session that waits for nobody but those who have the user's lock. */
  insertBeside(record: SessionRecord): Sql {
    return sql`INSERT INTO ${this.#table} (${ALL}) SELECT ${listed(toRowValues(record))} FROM ${this.#slots}
WHERE ${slotOf(encodeUserKey(record.userKey))} LOCK IN SHARE MODE`;
  }

  /**
   * A session, where the user has fewer than `max` others: under the user's lock, though it is one statement. What is
   * counted depends on the locked row, so it is counted when the lock is had, and no further than it has to. Needs
   * `READ COMMITTED`: else counting would lock what is counted, and the gaps between.
   */
  insertWithin(record: SessionRecord, now: number, { max }: SessionLimit): Sql {
    return sql`INSERT INTO ${this.#table} (${ALL}) SELECT ${listed(toRowValues(record))} FROM ${this.#slots} AS lock_of
WHERE ${slotOf(encodeUserKey(record.userKey))} AND (
  SELECT 1 FROM ${this.#table} AS own
  WHERE ${ofUser(record.userKey)} AND expires_at > ${now} + lock_of.nothing
  LIMIT 1 OFFSET ${max - 1}
) IS NULL FOR UPDATE`;
  }

  insert(record: SessionRecord): Sql {
    return sql`INSERT INTO ${this.#table} (${ALL}) VALUES (${listed(toRowValues(record))})`;
  }

  /** All that stands in the way of `record`: what it is and its id, at most `most` of those beyond the limit. */
  crowd(
    record: SessionRecord,
    now: number,
    limit: SessionLimit | undefined,
    replaces: string,
    most: number,
  ): Sql {
    const live = liveOf(record.userKey, now);
    const order = limit?.onExceed === "evict-idlest" ? sql`last_seen_at DESC, ${NEWEST_FIRST}` : NEWEST_FIRST;
    const beyond = limit
      ? sql`SELECT ${CROWD.beyond}, id FROM (
  SELECT id FROM ${this.#table} WHERE ${live} AND id <> ${replaces}
  ORDER BY ${order} LIMIT ${most} OFFSET ${limit.max - 1}
) AS beyond UNION ALL `
      : NOTHING;
    return sql`${beyond}SELECT ${CROWD.replaced}, id FROM ${this.#table} WHERE id = ${replaces} AND ${ofUser(record.userKey)}
UNION ALL SELECT ${CROWD.duplicate}, id FROM ${this.#table} WHERE id = ${record.id}`;
  }

  isLive(id: string, now: number): Sql {
    return sql`${this.isThere(id)} AND expires_at > ${now}`;
  }

  /** Whether there is a session with the id, expired or not. */
  isThere(id: string): Sql {
    return sql`SELECT 1 FROM ${this.#table} WHERE id = ${id} AND ${SESSION}`;
  }

  /** Tells 1 if there is such a record: how many rows are affected depends on a flag of the app's pool. */
  update(id: string, { activity, data }: SessionChange, now: number, ifRevision: number | undefined): Sql {
    const sets = [sql`revision = revision + ${raw(data ? "1" : "0")} * LAST_INSERT_ID(1)`];
    if (data) sets.push(sql`data = ${JSON.stringify(data)}`);
    if (activity) {
      const { lastSeenAt, expiresAt } = activity;
      // In this order: each assignment sees those before it.
      sets.push(
        sql`expires_at = CASE WHEN last_seen_at < ${lastSeenAt} THEN ${expiresAt} ELSE expires_at END`,
      );
      sets.push(sql`last_seen_at = GREATEST(last_seen_at, ${lastSeenAt})`);
    }
    const at = ifRevision === undefined ? NOTHING : sql` AND revision = ${ifRevision}`;
    return sql`UPDATE ${this.#table} SET ${listed(sets)} WHERE id = ${id} AND ${SESSION} AND expires_at > ${now}${at}`;
  }

  end(id: string, end: End, owner: string | undefined): Sql {
    const theirs = owner === undefined ? NOTHING : sql` AND user_key = ${encodeUserKey(owner)}`;
    return sql`${this.#ending(end)} WHERE id = ${id} AND ${SESSION}${theirs}`;
  }

  endThese(ids: readonly string[], end: End): Sql {
    return sql`${this.#ending(end)} WHERE id IN (${listed(ids)}) AND ${SESSION}`;
  }

  /**
   * The ids of the tombstones of these users beyond the latest `max` of each. Of one moment, all operations consider the
   * same ones the latest.
   */
  tombstonesBeyond(users: ReadonlyArray<Uint8Array | Sql>, max: number): Sql {
    // A list of one subquery would be a join.
    const whose = users.length === 1 ? sql`= ${users[0] ?? null}` : sql`IN (${listed(users)})`;
    return sql`SELECT id FROM (
  SELECT id, ROW_NUMBER() OVER (PARTITION BY user_key ORDER BY ended_at DESC, ${NEWEST_FIRST}) AS place
  FROM ${this.#table} WHERE user_key ${whose} AND ended_at IS NOT NULL
) AS tombstones WHERE place > ${max}`;
  }

  /** The user of a record, within another statement. */
  userOf(id: string): Sql {
    return sql`(SELECT user_key FROM ${this.#table} WHERE id = ${id})`;
  }

  delete(ids: readonly string[]): Sql {
    return sql`DELETE FROM ${this.#table} WHERE id IN (${listed(ids)})`;
  }

  /** The ids and beginnings of the user's sessions, the newest `most` behind the cursor. */
  idsOf(userKey: string, most: number, before: SessionCursor | undefined): Sql {
    return sql`SELECT id, created_at FROM ${this.#table} WHERE ${ofUser(userKey)}${behind(before)}
ORDER BY ${NEWEST_FIRST} LIMIT ${most}`;
  }

  /** The id that is `most` behind this one, if there are so many. */
  idBehind(after: string, most: number): Sql {
    return sql`SELECT id FROM ${this.#table} WHERE id > ${after} ORDER BY id LIMIT 1 OFFSET ${most - 1}`;
  }

  /** Those behind `after` and up to `last` that began before, and their users, for a transaction that ends them. */
  idsCreatedBefore(createdAt: number, after: string, last: string): Sql {
    return sql`SELECT id, user_key FROM ${this.#table} WHERE id > ${after} AND id <= ${last} AND ${SESSION}
AND created_at < ${createdAt} ORDER BY id FOR UPDATE`;
  }

  /**
   * What a transaction of the cleanup removes: ids, what is told of a session, and of a tombstone when it ended. A live session is
   * never past its deadline. Rows that others have in hand are left for the next time.
   */
  expired(now: number, limit: number): Sql {
    return sql`SELECT id, user_key, expires_at, deadline, ended_at FROM ${this.#table}
WHERE deadline <= ${now} ORDER BY deadline LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
  }

  /** Affects a row for one process, and for no other until `apart` is over. A clock gone wrong ends nobody's turn. */
  claimCleanup(now: number, apart: number): Sql {
    return sql`UPDATE ${this.#schema} SET swept_at = ${now}
WHERE id = 1 AND (swept_at <= ${now - apart} OR swept_at > ${now + apart})`;
  }

  #ending({ reason, now, tombstones }: End): Sql {
    if (!tombstones) return sql`DELETE FROM ${this.#table}`;
    const end = now + tombstones.keepFor;
    return sql`UPDATE ${this.#table} SET revision = revision + 1, expires_at = ${end}, deadline = ${end},
ended_at = ${now}, ended_reason = ${reason}`;
  }
}

function ofUser(userKey: string): Sql {
  return sql`user_key = ${encodeUserKey(userKey)} AND ${SESSION}`;
}

function liveOf(userKey: string, now: number): Sql {
  return sql`${ofUser(userKey)} AND expires_at > ${now}`;
}

/** Newest first. Without the first condition no index would be used. */
function behind(cursor: SessionCursor | undefined): Sql {
  if (!cursor) return NOTHING;
  const { createdAt, id } = cursor;
  return sql` AND created_at <= ${createdAt} AND (created_at < ${createdAt} OR id < ${id})`;
}
