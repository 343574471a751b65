import { SessionError } from "../../errors.ts";
import type { ExpiredSession, SessionCursor, SessionRecord, TimeRange } from "../../store.ts";
import { toExpiredSession } from "../shared/records.ts";
import { isClaim } from "../shared/scan.ts";
import { AFTER_ALL } from "../shared/steps.ts";
import type { LmdbDatabase, LmdbRoot } from "./client.ts";
import { recordEvents, removeOldEvents } from "./events.ts";
import {
  byDeadline,
  byEnd,
  byLink,
  byTime,
  byUserKey,
  EVERY,
  endedBy,
  type Key,
  linkRange,
  parseId,
  parseLinkedId,
  parseTime,
  timeRange,
  tombstoneRange,
  userRange,
} from "./keys.ts";
import { parseRecord, stringifyRecord } from "./record-format.ts";
import { eraseTaken, forget, take, takeAgain } from "./taken.ts";
import { runTransaction } from "./transaction.ts";

/**
 * The version of the stored format, so that a later release can read the records of an earlier one. The first one had no
 * `by_created`.
 */
export const VERSION = "2";
const FIRST_VERSION = "1";
/** Records that one transaction adds to `by_created`. */
const ADDED_AT_ONCE = 500;
const VERSION_KEY = new TextEncoder().encode("version");
const SWEPT_KEY = new TextEncoder().encode("swept_at");

/** A part of a list, from its latest entry on. */
export interface ListRange {
  /** Begins after this entry. */
  readonly before?: SessionCursor | undefined;
  readonly times?: TimeRange | undefined;
  /** The largest number of entries. */
  readonly limit?: number;
}

/** A record, and the position in a list that it was read at. */
export interface Listed extends SessionCursor {
  readonly record: SessionRecord | undefined;
}

/**
 * The six databases, and a seventh one with the option `push`. Each method is a step of a transaction, or reads the latest
 * commit.
 */
export class LmdbTables {
  readonly #root: LmdbRoot;
  readonly #byId: LmdbDatabase;
  readonly #byUserKey: LmdbDatabase;
  readonly #byDeadline: LmdbDatabase;
  readonly #byLink: LmdbDatabase;
  readonly #byCreated: LmdbDatabase;
  readonly #schema: LmdbDatabase;
  /** Absent if the store publishes no events. */
  readonly events: LmdbDatabase | undefined;

  constructor(root: LmdbRoot, name: string, pushes: boolean) {
    const open = (part: string) =>
      root.openDB({ name: `${name}_${part}`, encoding: "string", keyEncoding: "binary" });
    this.#root = root;
    this.#byId = open("by_id");
    this.#byUserKey = open("by_user");
    this.#byDeadline = open("by_deadline");
    this.#byLink = open("by_link");
    this.#byCreated = open("by_created");
    this.#schema = open("schema");
    this.events = pushes ? open("events") : undefined;
    const { version } = this;
    // Only if it is missing, because a write waits for other writers.
    if (version === undefined) this.#schema.putSync(VERSION_KEY, VERSION);
    else if (version !== VERSION && version !== FIRST_VERSION) {
      const message = `lmdbStore: the file has version ${version}, this release supports ${VERSION}. Upgrade sessionup.`;
      throw new SessionError("ERR_STORE", message);
    }
  }

  /** The version of the file. */
  get version(): string | undefined {
    return this.#schema.get(VERSION_KEY);
  }

  /** Whether the engine leaves writes to the operating system. */
  get hasNoSync(): boolean {
    return this.#root.noSync === true;
  }

  /** Adds what an earlier version of the format lacks. */
  async migrate(): Promise<void> {
    let after = "";
    while (this.latest().version === FIRST_VERSION)
      await this.transaction((tables) => {
        const last = tables.findStepEnd(after, ADDED_AT_ONCE);
        for (const record of tables.between(after, last ?? AFTER_ALL)) tables.#addByCreated(record);
        if (last === undefined) tables.#schema.putSync(VERSION_KEY, VERSION);
        else after = last;
      });
  }

  /**
   * Returns the tables with the latest commit, including those of other threads. lmdb keeps one view for a turn of the event
   * loop, and that view may be old.
   */
  latest(): this {
    this.#root.resetReadTxn();
    return this;
  }

  /** Runs all writes or none: an error inside undoes the writes before it. The writes of one turn share a commit. */
  transaction<Answer>(work: (tables: this) => Answer): Promise<Answer> {
    return runTransaction(this.#root, () => work(this));
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  get(id: string): SessionRecord | undefined {
    const text: string | undefined = this.#byId.get(toIdKey(id));
    return text === undefined ? undefined : parseRecord(text);
  }

  /** Records events, if the store publishes them. */
  record(createMessages: () => readonly string[]): void {
    if (this.events) recordEvents(this.events, createMessages());
  }

  /** Removes up to `limit` old events. Returns the number of removed events. */
  removeOldEvents(limit: number): number {
    return this.events ? removeOldEvents(this.events, limit) : 0;
  }

  /** Stores a new record. */
  put(record: SessionRecord): void {
    const { id, deadline, link, ended } = record;
    this.replace(record);
    this.#byUserKey.putSync(toListKey(record), "");
    this.#byDeadline.putSync(byDeadline(deadline, id), "");
    if (link !== undefined && !ended) this.#byLink.putSync(byLink(link, id), "");
    this.#addByCreated(record);
  }

  /** Tombstones and claims are no sessions. */
  #addByCreated({ id, userKey, createdAt, ended }: SessionRecord): void {
    if (!ended && !isClaim(userKey)) this.#byCreated.putSync(byTime(EVERY, createdAt, id), "");
  }

  /** Replaces a record that has the same user key, `createdAt` and deadline. */
  replace(record: SessionRecord): void {
    this.#byId.putSync(toIdKey(record.id), stringifyRecord(record));
  }

  /** Replaces a session by its tombstone. */
  bury(record: SessionRecord, tombstone: SessionRecord): void {
    this.remove(record);
    this.put(tombstone);
  }

  remove(record: SessionRecord): void {
    const { id, createdAt, deadline, link, ended } = record;
    this.#byId.removeSync(toIdKey(id));
    this.#byUserKey.removeSync(toListKey(record));
    this.#byDeadline.removeSync(byDeadline(deadline, id));
    if (link !== undefined && !ended) this.#byLink.removeSync(byLink(link, id));
    if (!ended) this.#byCreated.removeSync(byTime(EVERY, createdAt, id));
  }

  /** Removes the user's tombstones beyond the latest `kept`, at most `limit`. Returns their number. */
  removeTombstones(userKey: string, kept: number, limit: number = Number.MAX_SAFE_INTEGER): number {
    const { first, end } = tombstoneRange(userKey);
    const keys: Iterable<Key> = this.#byUserKey.getKeys({ start: end, end: first, reverse: true });
    // Read all keys before the first record is removed.
    const removed = [...keys].slice(kept, kept + limit);
    for (const key of removed) {
      const record = this.get(parseId(key, first.length));
      if (record) this.remove(record);
    }
    return removed.length;
  }

  /** Whether the user has at least `count` sessions, expired ones included. */
  hasAtLeast(userKey: string, count: number): boolean {
    const { first: start, end } = userRange(userKey);
    return [...this.#byUserKey.getKeys({ start, end, limit: count })].length === count;
  }

  *newestFirst(userKey: string, before?: SessionCursor): Generator<SessionRecord, void> {
    for (const { record } of this.#latestFirst(this.#byUserKey, userRange(userKey).first, { before }))
      if (record) yield record;
  }

  /** Returns the sessions of all users or of one, newest first, including expired ones. */
  scanSessions(userKey: string | undefined, range: ListRange): Iterable<Listed> {
    return userKey === undefined
      ? this.#latestFirst(this.#byCreated, EVERY, range)
      : this.#latestFirst(this.#byUserKey, userRange(userKey).first, range);
  }

  /** Returns the user's tombstones, the latest end first. The times of the range are those of the ends. */
  scanTombstones(userKey: string, range: ListRange): Iterable<Listed> {
    return this.#latestFirst(this.#byUserKey, tombstoneRange(userKey).first, range);
  }

  /** Returns all records in the order of their ids. */
  *scanAll({ before, limit }: ListRange): Generator<Listed, void> {
    const start = toKeyAfter(before?.id ?? "");
    const keys: Iterable<Key> = this.#byId.getKeys({ start, ...(limit && { limit }) });
    for (const key of keys) {
      const id = decoder.decode(key);
      yield { createdAt: 0, id, record: this.get(id) };
    }
  }

  *#latestFirst(
    database: LmdbDatabase,
    list: Key,
    { before, times, limit }: ListRange,
  ): Generator<Listed, void> {
    const { first, end } = timeRange(list, times);
    // Backwards it begins at the start, if that is there, and stops before the end.
    const start = before ? byTime(list, before.createdAt, before.id) : end;
    const range = { start, end: first, reverse: true, ...(limit && { limit: limit + 1 }) };
    const keys: Iterable<Key> = database.getKeys(range);
    for (const key of keys) {
      const id = parseId(key, list.length);
      if (id !== before?.id) yield { createdAt: parseTime(key, list), id, record: this.get(id) };
    }
  }

  /** Returns the number of sessions, expired ones included. */
  countSessions(): number {
    return Number(Reflect.get(this.#byCreated.getStats(), "entryCount"));
  }

  /** Returns the sessions with that link, including expired ones. */
  *linked(link: string): Generator<SessionRecord, void> {
    const keys: Iterable<Key> = this.#byLink.getKeys(linkRange(link));
    for (const key of keys) {
      const record = this.get(parseLinkedId(key));
      if (record) yield record;
    }
  }

  /** Returns the id that is `count` ids after this one, if there is one. */
  findStepEnd(after: string, count: number): string | undefined {
    const keys: Iterable<Key> = this.#byId.getKeys({ start: toKeyAfter(after), limit: count });
    const ids = [...keys];
    const last = ids[count - 1];
    return last && decoder.decode(last);
  }

  /** Returns the records after one id, up to another. */
  *between(after: string, last: string): Generator<SessionRecord, void> {
    const keys: Iterable<Key> = this.#byId.getKeys({ start: toKeyAfter(after), end: toKeyAfter(last) });
    // Read all keys before the first record is removed.
    for (const key of [...keys]) {
      const record = this.get(decoder.decode(key));
      if (record) yield record;
    }
  }

  /**
   * Removes up to `limit` records past their deadline, the earliest first. Takes the sessions among them to report them, and
   * those that another store has taken and not reported. Returns the sessions and the number of all records.
   */
  takeExpired(
    now: number,
    limit: number,
  ): { readonly count: number; readonly taken: readonly ExpiredSession[] } {
    const taken = [...takeAgain(this.#byDeadline, now, limit)];
    const again = taken.length;
    const keys: Iterable<Key> =
      again < limit ? this.#byDeadline.getKeys({ end: endedBy(now), limit: limit - again }) : [];
    // Read all keys before the first record is removed.
    const ids = [...keys].map((key) => parseId(key));
    for (const id of ids) {
      const record = this.get(id);
      if (!record) continue;
      this.remove(record);
      if (record.ended || isClaim(record.userKey)) continue;
      const session = toExpiredSession(record);
      take(this.#byDeadline, now, session);
      taken.push(session);
    }
    return { count: again + ids.length, taken };
  }

  /** Forgets sessions that were taken at that moment and have been reported. */
  forgetTaken(takenAt: number, sessions: readonly ExpiredSession[]): void {
    forget(this.#byDeadline, takenAt, sessions);
  }

  /** Removes a user's key from the sessions that a store has taken and not reported. */
  eraseTaken(userKey: string): void {
    eraseTaken(this.#byDeadline, userKey);
  }

  /**
   * Returns true for one store of the process, and for no other until `apart` milliseconds have passed. A time in the future,
   * left by a wrong clock, blocks no store.
   */
  claimCleanup(now: number, apart: number): boolean {
    const swept = Number(this.#schema.get(SWEPT_KEY) ?? 0);
    if (swept > now - apart && swept <= now + apart) return false;
    this.#schema.putSync(SWEPT_KEY, `${now}`);
    return true;
  }
}

/** Returns the key in the user's list of sessions, or in the list of tombstones, which logins and lists never read. */
function toListKey({ id, userKey, createdAt, ended }: SessionRecord): Key {
  return ended ? byEnd(userKey, ended.at, id) : byUserKey(userKey, createdAt, id);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns the key directly after an id. */
function toKeyAfter(id: string): Key {
  return toIdKey(`${id}\0`);
}

function toIdKey(id: string): Key {
  return encoder.encode(id);
}
