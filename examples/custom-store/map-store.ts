import {
  CLAIM_PREFIX,
  type End,
  type ExpiredSession,
  type SessionCursor,
  SessionError,
  type SessionLimit,
  type SessionRecord,
  type Store,
  type TimeRange,
} from "sessionup";

/**
 * A complete store over a `Map`, as a model for your own. It passes the whole store contract. It reads every record to find
 * those of one user, where a database has an index. docs/extend/write-a-store.md explains each operation.
 *
 * No operation contains an `await`, so each one runs in a single turn of the event loop. That makes it atomic here. In a
 * database, use one statement, one script or one transaction for each operation.
 */
export function mapStore(): Store {
  const records = new Map<string, SessionRecord>();
  const listeners = new Set<(sessions: readonly ExpiredSession[]) => void>();

  /** Returns the user's sessions and tombstones, newest first. */
  const findByUserKey = (userKey: string) =>
    [...records.values()].filter((record) => record.userKey === userKey).sort(newestFirst);

  /** Ends sessions. With tombstones, each record stays for a while and remembers why the session ended. */
  const endAll = (sessions: readonly SessionRecord[], { reason, now, tombstones }: End) => {
    for (const session of sessions) {
      const { id, revision } = session;
      if (!tombstones) records.delete(id);
      else {
        const until = now + tombstones.keepFor;
        const ended = { at: now, reason };
        records.set(id, { ...session, revision: revision + 1, expiresAt: until, deadline: until, ended });
      }
    }
    if (!tombstones) return;
    // Without a bound, a user who logs in and out again and again would fill the store.
    for (const userKey of new Set(sessions.map((session) => session.userKey))) {
      const kept = findByUserKey(userKey).filter(({ ended }) => ended);
      kept.sort((a, b) => (b.ended?.at ?? 0) - (a.ended?.at ?? 0));
      for (const { id } of kept.slice(tombstones.max)) records.delete(id);
    }
  };

  return {
    async create(record, { now, limit, replaces, tombstones }) {
      if (records.has(record.id))
        throw new SessionError("ERR_DUPLICATE_ID", "mapStore: a record with this id exists already.");
      // The replaced session may have expired: another client's clock may still consider it live.
      const own = findByUserKey(record.userKey);
      const replaced = own.filter(({ id, ended }) => id === replaces && !ended);
      const others = own.filter((other) => isLive(other, now) && !replaced.includes(other));
      // Decide before the first change: a rejected login changes nothing.
      const evicted = limit ? selectEvicted(others, limit) : [];
      endAll(replaced, { reason: "logout", now, ...(tombstones && { tombstones }) });
      endAll(evicted, { reason: "evicted", now, ...(tombstones && { tombstones }) });
      records.set(record.id, structuredClone(record));
      return { evicted: evicted.map(({ id }) => id), replaced: replaced.length > 0 };
    },

    // Records go in and come out as copies. A caller that changes its copy changes nothing in the store.
    async fetchById(id) {
      return structuredClone(records.get(id));
    },

    async fetchByIds(ids) {
      return ids.map((id) => structuredClone(records.get(id)));
    },

    async fetchByUserKey(userKey, { now, limit, before }) {
      const live = findByUserKey(userKey).filter((record) => isLive(record, now));
      // The session of the cursor may have ended, so compare with the cursor instead of searching for its id.
      const page = live.filter((record) => !before || newestFirst(before, record) < 0);
      return structuredClone(page.slice(0, limit));
    },

    async update(id, { activity, data }, { now, ifRevision, isTombstone }) {
      const record = records.get(id);
      // An update never creates a record and never revives a session.
      if (!record || !(isTombstone ? record.ended : isLive(record, now))) return "not_found";
      if (ifRevision !== undefined && ifRevision !== record.revision) return "conflict";
      records.set(id, {
        ...record,
        // Requests overtake each other. The latest activity counts.
        ...(activity && activity.lastSeenAt > record.lastSeenAt && activity),
        // Activity alone keeps the revision, so it never makes another update conflict.
        ...(data && { data: structuredClone(data), revision: record.revision + 1 }),
      });
      return "updated";
    },

    async deleteById(id, end, owner) {
      const record = records.get(id);
      if (!record || record.ended) return "not_found";
      if (owner !== undefined && record.userKey !== owner) return "not_owner";
      endAll([record], end);
      return "deleted";
    },

    async deleteByUserKey(userKey, end, exceptIds = []) {
      const ending = findByUserKey(userKey).filter(({ id, ended }) => !ended && !exceptIds.includes(id));
      endAll(ending, end);
      return ending.map(({ id }) => id);
    },

    // Optional operations.

    async fetchByLink(link, { limit }) {
      const linked = [...records.values()].filter((record) => record.link === link && !record.ended);
      return structuredClone(linked.slice(0, limit));
    },

    // May take several steps, each of them atomic. Each step yields the ids that ended in it.
    async *deleteCreatedBefore(createdAt, end) {
      const ending = [...records.values()].filter(
        (record) => record.createdAt < createdAt && !record.ended && !record.userKey.startsWith(CLAIM_PREFIX),
      );
      endAll(ending, end);
      yield ending.map(({ id }) => id);
    },

    async deleteTombstones(userKey) {
      const tombstones = findByUserKey(userKey).filter(({ ended }) => ended);
      for (const { id } of tombstones) records.delete(id);
      return tombstones.length;
    },

    // For operators. The cursor has the id of the last session that a step has looked at: ids never change.
    async scan({ now, limit, filter = {}, cursor = "after:~" }) {
      const [, last] = /^after:([0-9A-Za-z]{4,128}|~)$/.exec(cursor) ?? [];
      if (last === undefined)
        throw new TypeError("mapStore: cursor must be the cursor of the previous step.");
      const { userKey, createdAt = {}, lastSeenAt = {}, ended } = filter;
      const isWanted = (record: SessionRecord) =>
        ended
          ? record.ended && record.expiresAt > now && isWithin(record.ended.at, ended)
          : isLive(record, now);
      const matching = [...records.values()].filter(
        (record) =>
          isWanted(record) &&
          record.id < last &&
          // The manager's own notes are no sessions.
          !record.userKey.startsWith(CLAIM_PREFIX) &&
          (userKey === undefined || record.userKey === userKey) &&
          isWithin(record.createdAt, createdAt) &&
          isWithin(record.lastSeenAt, lastSeenAt),
      );
      matching.sort((a, b) => (a.id < b.id ? 1 : -1));
      const page = matching.slice(0, limit);
      const next = matching.length > limit ? page.at(-1)?.id : undefined;
      return { records: structuredClone(page), ...(next && { cursor: `after:${next}` }) };
    },

    async count(now) {
      const isSession = (record: SessionRecord) =>
        isLive(record, now) && !record.userKey.startsWith(CLAIM_PREFIX);
      return { count: [...records.values()].filter(isSession).length, isExact: true };
    },

    // Leave this out where the engine expires records itself, as Redis does. Then leave out `onExpired` too.
    async deleteExpired(now, limit) {
      const expired = [...records.values()].filter(({ expiresAt }) => expiresAt <= now).slice(0, limit);
      for (const { id } of expired) records.delete(id);
      const sessions = expired.filter(({ ended }) => !ended);
      if (sessions.length > 0) for (const listener of listeners) listener(sessions.map(toExpiredSession));
      return expired.length;
    },

    onExpired(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function isLive({ expiresAt, ended }: SessionRecord, now: number): boolean {
  return expiresAt > now && !ended;
}

function isWithin(time: number, { from = time, before = Number.POSITIVE_INFINITY }: TimeRange): boolean {
  return time >= from && time < before;
}

/** Sorts by `createdAt` and then by `id`, both descending. Ids are compared by code unit, never by locale. */
function newestFirst(a: SessionCursor, b: SessionCursor): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/** Returns the sessions that must end before one more begins. `live` is sorted newest first. */
function selectEvicted(live: readonly SessionRecord[], { max, onExceed }: SessionLimit): SessionRecord[] {
  const excess = live.length + 1 - max;
  if (excess <= 0) return [];
  if (onExceed === "reject") throw new SessionError("ERR_LIMIT", `The user already has ${max} sessions.`);
  // Sorting is stable: of sessions with the same `lastSeenAt`, the oldest stays last.
  const order = onExceed === "evict-oldest" ? live : live.toSorted((a, b) => b.lastSeenAt - a.lastSeenAt);
  return order.slice(-excess);
}

function toExpiredSession({ id, userKey, expiresAt, deadline }: SessionRecord): ExpiredSession {
  return { id, userKey, expiresAt, deadline };
}
