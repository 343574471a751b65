import { SessionError } from "../errors.ts";
import { checkOptionNames } from "../options/parsers.ts";
import type {
  CreateOptions,
  End,
  ExpiredSession,
  SessionChange,
  SessionPage,
  SessionRecord,
  Store,
  UpdateOptions,
} from "../store.ts";
import { ExpiryWheel } from "./memory/expiry-wheel.ts";
import { NOWHERE } from "./memory/links.ts";
import { RecordTable } from "./memory/record-table.ts";
import { byLastCharacters, SpreadMap } from "./memory/spread-map.ts";
import { Tombstones } from "./memory/tombstones.ts";
import { compare, UserIndex } from "./memory/user-index.ts";
import { CLEANUP_OPTIONS, Cleanup, type CleanupOptions } from "./shared/cleanup.ts";
import { duplicateError } from "./shared/errors.ts";
import { applyChange, selectEvicted, toTombstone } from "./shared/records.ts";

/** Options of `memoryStore`. */
export interface MemoryStoreOptions extends CleanupOptions {
  /**
   * The largest number of records that the store holds, sessions and tombstones. At the limit, a login removes the oldest
   * tombstone; without tombstones it fails with `ERR_STORE` (503). Default: no limit. A client that can log in without end can
   * then fill the memory.
   */
  readonly maxRecords?: number;
}

/** The cleanup's default interval, in milliseconds. */
const TICK = 1_000;
/** So many records at a time, so long apart. Among a million, whose memory no cache holds, so many take some milliseconds. */
const BATCH = 500;
const PAUSE = 5;
/** As many as a user has unless the manager is told otherwise; of more, most of the work is left to the cleanup. */
const AT_ONCE = 1_000;
/** So long after its end a record may still be there: the manager's clock may be a little behind. */
const SLACK = 60_000;

/**
 * Keeps sessions in this process's memory: for one process, for tests, and as the measure of every other store. They
 * are gone when the process ends.
 *
 * Throws `TypeError` for wrong options.
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
  checkOptionNames(options, "memoryStore", ["maxRecords", ...CLEANUP_OPTIONS]);
  const { maxRecords = Number.POSITIVE_INFINITY } = options;
  if (typeof maxRecords !== "number" || !(maxRecords >= 1))
    throw new TypeError("maxRecords: needs a number above zero");
  return new MemoryStore(maxRecords, options);
}

// Every method runs to its end in one turn of the event loop: that is what makes it one atomic step.
class MemoryStore implements Store {
  readonly #maxRecords: number;
  readonly #cleanup: Cleanup;
  readonly #table = new RecordTable();
  readonly #byId = new SpreadMap(byLastCharacters);
  readonly #byUserKey = new UserIndex(this.#table);
  readonly #tombstones = new Tombstones(this.#table);
  readonly #byLink = new Map<string, Set<number>>();
  readonly #wheel = new ExpiryWheel((place) => this.#table.expiresAt(place));
  /** Places of hidden records, and some that were taken away since. */
  readonly #leaving: number[][] = [];

  constructor(maxRecords: number, options: CleanupOptions) {
    this.#maxRecords = maxRecords;
    this.#cleanup = new Cleanup(options, {
      every: TICK,
      batch: BATCH,
      pause: PAUSE,
      slack: SLACK,
      remove: async (now, limit) => this.deleteExpired(now, limit),
    });
  }

  async create(
    record: SessionRecord,
    { now, limit, replaces, tombstones }: CreateOptions,
  ): Promise<{ evicted: readonly string[] }> {
    this.#cleanup.tell(now);
    if (this.#find(record.id)) throw duplicateError("memoryStore");
    const replaced = replaces === undefined ? NOWHERE : this.#findOwn(replaces, record.userKey);
    // Most users are far below their limit: their records are not looked at.
    const others = limit ? this.#live(record.userKey, now).filter((place) => place !== replaced) : [];
    const evicted =
      limit && others.length >= limit.max
        ? selectEvicted(
            others.map((place) => this.#table.record(place)),
            limit,
          )
        : [];
    this.#makeRoom(tombstones ? 0 : evicted.length + (replaced ? 1 : 0));
    const end = { now, ...(tombstones && { tombstones }) };
    if (replaced) this.#end(replaced, { ...end, reason: "logout" });
    for (const { id } of evicted) this.#end(this.#find(id), { ...end, reason: "evicted" });
    this.#insert(record);
    return { evicted: evicted.map(({ id }) => id) };
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    return this.#fetch(id);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    return ids.map((id) => this.#fetch(id));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#cleanup.tell(now);
    const page: SessionRecord[] = [];
    let place = this.#byUserKey.newest(userKey);
    for (; place && page.length < limit; place = this.#byUserKey.older(place)) {
      if (!this.#table.isLive(place, now)) continue;
      const record = this.#table.record(place);
      if (!before || compare(record, before) < 0) page.push(record);
    }
    return page;
  }

  async update(
    id: string,
    change: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#cleanup.tell(now);
    const place = this.#find(id);
    if (!place || !this.#table.isLive(place, now)) return "not_found";
    if (ifRevision !== undefined && this.#table.revision(place) !== ifRevision) return "conflict";
    const end = this.#table.expiresAt(place);
    this.#table.set(place, applyChange(this.#table.record(place), change));
    // Ends that move outwards are found when the wheel comes to the old one: most requests move one.
    if (this.#table.expiresAt(place) < end) this.#wheel.move(place);
    return "updated";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#cleanup.tell(end.now);
    const place = this.#find(id);
    if (!place || this.#table.isTombstone(place)) return "not_found";
    if (owner !== undefined && this.#table.userKey(place) !== owner) return "not_owner";
    this.#end(place, end);
    return "deleted";
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#cleanup.tell(end.now);
    const except = exceptIds.length > 0 ? new Set(exceptIds) : undefined;
    const ids: string[] = [];
    const ending: number[] = [];
    const staying: number[] = [];
    for (let place = this.#byUserKey.newest(userKey); place; place = this.#byUserKey.older(place)) {
      const id = this.#table.id(place);
      if (except?.has(id)) {
        staying.push(place);
        continue;
      }
      ids.push(id);
      ending.push(place);
    }
    // From the oldest on, so that the newest sessions keep their tombstones.
    if (ending.length <= AT_ONCE || end.tombstones)
      for (const place of ending.reverse()) this.#end(place, end);
    else this.#hide(userKey, ending, staying);
    return ids;
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    const linked = [...(this.#byLink.get(link) ?? [])].filter((place) => !this.#table.isTombstone(place));
    return linked.slice(0, limit).map((place) => this.#table.record(place));
  }

  async *deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#cleanup.tell(end.now);
    let ended: string[] = [];
    // Whatever comes while others have their turn was created since.
    for (let place = this.#table.last; place > NOWHERE; place--) {
      const shows = this.#table.shows(place) && !this.#table.isTombstone(place);
      if (shows && this.#table.createdAt(place) < createdAt) {
        ended.push(this.#table.id(place));
        this.#end(place, end);
      }
      if (place % BATCH > 0) continue;
      yield ended;
      ended = [];
      // Others have their turn.
      await new Promise((resolve) => setTimeout(resolve));
    }
    yield ended;
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    const cleared = this.#clear(limit);
    const expired: ExpiredSession[] = [];
    const removed = this.#wheel.collect(now, limit - cleared, (place) => {
      if (!this.#table.isTombstone(place) && !this.#table.isHidden(place)) {
        const [id, userKey] = [this.#table.id(place), this.#table.userKey(place)];
        expired.push({
          id,
          userKey,
          expiresAt: this.#table.expiresAt(place),
          deadline: this.#table.deadline(place),
        });
      }
      this.#remove(place);
    });
    this.#cleanup.report(expired);
    return cleared + removed;
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#cleanup.stop();
  }

  #find(id: string): number {
    const place = this.#byId.get(id);
    return place === undefined || this.#table.isHidden(place) ? NOWHERE : place;
  }

  /** The place of a session of that user that has not ended. */
  #findOwn(id: string, userKey: string): number {
    const place = this.#find(id);
    const isOwn = place && this.#table.userKey(place) === userKey && !this.#table.isTombstone(place);
    return isOwn ? place : NOWHERE;
  }

  /** Throws if the store is full, unless tombstones can go; `leaving` records will be removed in the same step. */
  #makeRoom(leaving: number): void {
    const isFull = () => this.#byId.size - this.#table.hidden - leaving >= this.#maxRecords;
    while (isFull() && this.#tombstones.earliest !== NOWHERE) this.#remove(this.#tombstones.earliest);
    if (!isFull()) return;
    throw new SessionError(
      "ERR_STORE",
      `memoryStore is full: it holds maxRecords (${this.#maxRecords}) records.`,
    );
  }

  #fetch(id: string): SessionRecord | undefined {
    const place = this.#find(id);
    return place === NOWHERE ? undefined : this.#table.record(place);
  }

  /** Newest first. */
  #live(userKey: string, now: number): number[] {
    const places: number[] = [];
    for (let place = this.#byUserKey.newest(userKey); place; place = this.#byUserKey.older(place))
      if (this.#table.isLive(place, now)) places.push(place);
    return places;
  }

  #insert(record: SessionRecord): void {
    const hidden = this.#byId.get(record.id);
    if (hidden) this.#remove(hidden);
    const newest = this.#byUserKey.newest(record.userKey);
    const place = this.#table.add(record, newest ? this.#table.userKey(newest) : undefined);
    this.#byId.set(this.#table.id(place), place);
    if (record.ended) this.#tombstones.add(place);
    else this.#byUserKey.add(place);
    const { link } = record;
    if (link !== undefined) this.#byLink.set(link, (this.#byLink.get(link) ?? new Set()).add(place));
    this.#wheel.add(place);
    this.#cleanup.start();
  }

  #end(place: number, end: End): void {
    if (!end.tombstones) {
      this.#remove(place);
      return;
    }
    const { keepFor, max } = end.tombstones;
    this.#byUserKey.remove(place);
    this.#table.set(place, toTombstone(this.#table.record(place), end, keepFor));
    this.#tombstones.add(place);
    this.#wheel.move(place);
    for (const each of this.#tombstones.beyond(this.#table.userKey(place), max)) this.#remove(each);
  }

  #remove(place: number): void {
    if (!this.#table.isHidden(place)) {
      if (this.#table.isTombstone(place)) this.#tombstones.remove(place);
      else this.#byUserKey.remove(place);
      this.#unlink(place);
    }
    this.#byId.delete(this.#table.id(place));
    this.#wheel.remove(place);
    this.#table.remove(place);
    if (this.#byId.size === 0) this.#cleanup.rest();
  }

  /** They are over at once, and where they were is cleared away later: each takes a fifth of the time that removing it does. */
  #hide(userKey: string, ending: number[], staying: readonly number[]): void {
    this.#byUserKey.keep(userKey, staying);
    if (this.#byLink.size > 0) for (const place of ending) this.#unlink(place);
    this.#table.hide(ending);
    this.#leaving.push(ending);
  }

  #unlink(place: number): void {
    const link = this.#table.link(place);
    if (link === undefined) return;
    const linked = this.#byLink.get(link);
    linked?.delete(place);
    if (linked?.size === 0) this.#byLink.delete(link);
  }

  /** Removes up to `limit` hidden records; how many. */
  #clear(limit: number): number {
    const last = this.#leaving.at(-1);
    if (!last) return 0;
    const places = last.splice(-limit);
    if (last.length === 0) this.#leaving.pop();
    // Another record may be there by now.
    for (const place of places) if (this.#table.isHidden(place)) this.#remove(place);
    return places.length;
  }
}
