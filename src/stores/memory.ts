/**
 * Sessions in memory, in columns. Every operation runs to its end in one turn of the event loop, which makes it one atomic
 * step. A store that is easier to read, with a plain `Map`, is in examples/custom-store/map-store.ts.
 *
 * **Why columns.** A session as an object, in a `Map` by id and in a list by user, took 845 bytes of heap at a million
 * sessions. Each time had a header of its own, and equal texts were there once for each session. In columns a session takes
 * some 320 bytes of heap and 52 beside it, and the garbage collector has less to visit. (docs/decisions/0011)
 *
 * **Where a record is.** Each record has a place, a number from 1. Column by column, 1 024 places at a time, `columns.ts`
 * keeps its times, revision, id, user key and data. A freed place is used again, and its memory is never given back.
 *
 * **How a record is found.** Every way leads to a place:
 * - by id: `places`, a map in 256 parts (`split-map.ts`). A single `Map` of two million entries is copied within one insert,
 *   which took 123 ms;
 * - by user: a linked list, newest first (`user-lists.ts`). The links are numbers in typed arrays (`links.ts`);
 * - by link: `linked`, a set of places for each link;
 * - by end: a wheel with one slot for each minute (`expiry-wheel.ts`).
 *
 * **Tombstones** leave the user's list of sessions and join a list of their own, so logins and lists never read them. They are
 * also in `burials`, a ring in the order in which the sessions ended: a full store removes the oldest tombstone first.
 *
 * **How an expired record is removed.** Every second the cleanup asks the wheel for records that have ended and removes them,
 * 500 at a time and 5 ms apart. While 100 000 sessions end, the event loop then stalls for 6 to 9 ms, where an idle one has
 * 3 to 5 ms.
 */
import { SessionError } from "../errors.ts";
import type {
  End,
  ExpiredSession,
  SessionCursor,
  SessionRecord,
  Store,
  StoreListener,
  TombstoneOptions,
} from "../store.ts";
import { createColumns } from "./memory/columns.ts";
import { createExpiryWheel } from "./memory/expiry-wheel.ts";
import { createLinks, NOWHERE } from "./memory/links.ts";
import { parseMemoryOptions } from "./memory/options.ts";
import { createSplitMap } from "./memory/split-map.ts";
import { createUserLists } from "./memory/user-lists.ts";
import { Cleanup, type CleanupOptions } from "./shared/cleanup.ts";
import { duplicateError } from "./shared/errors.ts";
import { applyChange, isLive, selectEvicted, toExpiredSession, toTombstone } from "./shared/records.ts";

/** Options of `memoryStore`. */
export interface MemoryStoreOptions extends CleanupOptions {
  /**
   * The largest number of records that the store holds, sessions and tombstones. At the limit, a login removes the oldest
   * tombstone; without tombstones it fails with `ERR_STORE` (503). Default: no limit. A client that can log in without end can
   * then fill the memory.
   */
  readonly maxRecords?: number;
}

/** Records that one turn of the event loop removes. Among a million, where each is a cache miss, this takes milliseconds. */
const BATCH = 500;
/** Places that one step of a scan looks at. Among a million records a step takes a few milliseconds. */
const SCAN_STEP = 1_000;

/**
 * Keeps sessions in this process's memory: for one process, for tests, and as the reference for every other store. The
 * sessions are gone when the process ends.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore({ maxRecords: 1_000_000 }));
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const { maxRecords = Number.POSITIVE_INFINITY, ...cleaning } = parseMemoryOptions(options);

  const { add, read, write, free, id: idAt, userKey: userKeyAt, expiresAt, last } = createColumns();
  // Ids are random, so three characters are enough.
  const places = createSplitMap(3);
  const links = createLinks();
  const sessions = createUserLists(links);
  const tombstones = createUserLists(links);
  const burials = createLinks();
  const linked = new Map<string | undefined, Set<number>>();
  const wheel = createExpiryWheel(expiresAt);
  let records = 0;

  const cleanup = new Cleanup(cleaning, {
    batch: BATCH,
    pause: 5,
    slack: 60_000,
    remove: (now, limit) => deleteExpired(now, limit),
  });

  // An entry of its own for each subscription: a listener that subscribes twice is called twice.
  const listeners = new Set<{ readonly listener: StoreListener }>();
  /** Calls the listeners after the current step, so that their errors cannot break the step. */
  const publish = (event: (listener: StoreListener) => void) => {
    for (const entry of listeners) queueMicrotask(() => listeners.has(entry) && event(entry.listener));
  };

  const find = (id: string) => places(id).get(id) ?? NOWHERE;
  const readAll = (places: readonly number[]) => places.map(read).filter((record) => record !== undefined);

  const unlink = (place: number, link: string | undefined) => {
    const others = linked.get(link);
    if (others?.delete(place) && others.size === 0) linked.delete(link);
  };

  /** Takes a session out of the lists by which it is found. */
  const forget = (place: number, { userKey, link }: SessionRecord) => {
    sessions.remove(place, userKey);
    unlink(place, link);
  };

  /** Frees a place that is in no list of a user any more. */
  const erase = (place: number) => {
    const id = idAt(place);
    places(id).delete(id);
    wheel.remove(place);
    free(place);
    if (--records === 0) cleanup.rest();
  };

  const bury = (place: number) => {
    tombstones.add(place, userKeyAt(place));
    burials.join(burials.before(NOWHERE), place);
    burials.join(place, NOWHERE);
  };

  const eraseTombstone = (place: number) => {
    tombstones.remove(place, userKeyAt(place));
    burials.join(burials.before(place), burials.after(place));
    erase(place);
  };

  const endSession = (
    place: number,
    end: Pick<End, "reason" | "now">,
    keep: TombstoneOptions | undefined,
  ) => {
    const record = read(place);
    if (!record) return;
    forget(place, record);
    const { id, userKey } = record;
    publish((listener) => listener.ended({ ids: [id], userKey, reason: end.reason }));
    if (!keep) return erase(place);
    write(place, toTombstone(record, end, keep.keepFor));
    wheel.move(place);
    bury(place);
    for (const each of tombstones.all(record.userKey).slice(keep.max)) eraseTombstone(each);
  };

  const deleteExpired = async (now: number, limit: number) => {
    const expired: ExpiredSession[] = [];
    const removed = wheel.collect(now, limit, (place) => {
      const record = read(place);
      if (!record || record.ended) return eraseTombstone(place);
      expired.push(toExpiredSession(record));
      forget(place, record);
      erase(place);
    });
    cleanup.report(expired);
    return removed;
  };

  return {
    async create(record, { now, limit, replaces, tombstones: keep }) {
      cleanup.tell(now);
      const { userKey, link } = record;
      if (find(record.id)) throw duplicateError("memoryStore");
      const given = find(replaces ?? "");
      const old = read(given);
      const replaced = old?.userKey === userKey && !old.ended ? given : NOWHERE;
      const others = limit
        ? sessions.all(userKey).filter((place) => place !== replaced && expiresAt(place) > now)
        : [];
      // Most users are far below their limit: their records are not read.
      const evicted = limit && others.length >= limit.max ? selectEvicted(readAll(others), limit) : [];

      const leaving = keep ? 0 : evicted.length + (replaced ? 1 : 0);
      const isFull = () => records - leaving >= maxRecords;
      while (isFull() && burials.after(NOWHERE)) eraseTombstone(burials.after(NOWHERE));
      if (isFull())
        throw new SessionError(
          "ERR_STORE",
          `memoryStore is full: it holds maxRecords (${maxRecords}) records.`,
        );

      endSession(replaced, { reason: "logout", now }, keep);
      for (const { id } of evicted) endSession(find(id), { reason: "evicted", now }, keep);
      const place = add(record, sessions.first(userKey));
      const id = idAt(place);
      places(id).set(id, place);
      wheel.add(place);
      if (record.ended) bury(place);
      else {
        sessions.add(place, userKeyAt(place), (other) => isOlder(record, read(other)));
        if (link !== undefined) linked.set(link, (linked.get(link) ?? new Set()).add(place));
      }
      records++;
      cleanup.start();
      return { evicted: evicted.map(({ id }) => id), replaced: replaced !== NOWHERE };
    },

    fetchById: (id) => read(find(id)),

    fetchByIds: async (ids) => ids.map((id) => read(find(id))),

    async fetchByUserKey(userKey, { now, limit, before }) {
      cleanup.tell(now);
      const page: SessionRecord[] = [];
      for (let place = sessions.first(userKey); place && page.length < limit; place = links.after(place)) {
        const record = expiresAt(place) > now && read(place);
        if (record && (!before || isOlder(record, before))) page.push(record);
      }
      return page;
    },

    async update(id, change, { now, ifRevision, isTombstone }) {
      cleanup.tell(now);
      const place = find(id);
      const record = read(place);
      if (!record || !(isTombstone ? record.ended : isLive(record, now))) return "not_found";
      if (ifRevision !== undefined && record.revision !== ifRevision) return "conflict";
      write(place, applyChange(record, change));
      if (change.data && !isTombstone)
        publish((listener) => listener.changed({ id, revision: record.revision + 1 }));
      if (expiresAt(place) < record.expiresAt) wheel.move(place);
      return "updated";
    },

    async deleteById(id, end, owner) {
      cleanup.tell(end.now);
      const place = find(id);
      const record = read(place);
      if (!record || record.ended) return "not_found";
      if (owner !== undefined && record.userKey !== owner) return "not_owner";
      endSession(place, end, end.tombstones);
      return "deleted";
    },

    async deleteByUserKey(userKey, end, exceptIds = []) {
      cleanup.tell(end.now);
      const except = new Set(exceptIds);
      const ending = sessions.all(userKey).filter((place) => !except.has(idAt(place)));
      const ids = ending.map(idAt);
      // Oldest first, so that the newest sessions keep their tombstones.
      for (const place of ending.reverse()) endSession(place, end, end.tombstones);
      return ids;
    },

    fetchByLink: async (link, { limit }) => readAll([...(linked.get(link) ?? [])].slice(0, limit)),

    async deleteTombstones(userKey) {
      const all = tombstones.all(userKey);
      for (const place of all) eraseTombstone(place);
      return all.length;
    },

    async scan({ now, limit, filter, cursor }) {
      let place = cursor === undefined ? last() : Math.min(parseCursor(cursor), last());
      const found: SessionRecord[] = [];
      while (place > NOWHERE && found.length < limit) {
        const record = read(place--);
        if (record && (filter?.ended ? record.ended : isLive(record, now))) found.push(record);
        if (place % SCAN_STEP === 0) break;
      }
      return { records: found, ...(place > NOWHERE && { cursor: String(place) }) };
    },

    deleteExpired,

    onExpired: (listener) => cleanup.listen(listener),

    async subscribe(listener) {
      const entry = { listener };
      listeners.add(entry);
      queueMicrotask(() => listeners.has(entry) && listener.status(true));
      return async () => void listeners.delete(entry);
    },

    async close() {
      listeners.clear();
      cleanup.stop();
    },
  };
}

/** Returns the place at which a scan continues. */
function parseCursor(cursor: string): number {
  if (/^\d{1,10}$/.test(cursor)) return Number(cursor);
  throw new TypeError("cursor must be the cursor of the scan's previous step.");
}

/** Whether a session comes after another one in a list. */
function isOlder(session: SessionCursor, other: SessionCursor | undefined): boolean {
  if (!other) return false;
  const time = session.createdAt - other.createdAt;
  return time < 0 || (time === 0 && session.id < other.id);
}
