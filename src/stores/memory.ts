import { SessionError } from "../errors.ts";
import { known } from "../known-options.ts";
import type {
  CreateOptions,
  End,
  SessionChange,
  SessionPage,
  SessionRecord,
  Store,
  UpdateOptions,
} from "../store.ts";
import { duplicateError } from "./_errors.ts";
import { ExpiryWheel } from "./_expiry-wheel.ts";
import { NOWHERE } from "./_links.ts";
import { RecordTable } from "./_record-table.ts";
import { changed, exceeding, tombstoneOf } from "./_records.ts";
import { byLastCharacters, SpreadMap } from "./_spread-map.ts";
import { Sweeper } from "./_sweeper.ts";
import { compare, UserIndex } from "./_user-index.ts";

/** What a memory store can be told. */
export interface MemoryStoreOptions {
  /**
   * How many records it holds at most; one more is refused with `ERR_STORE` (503). Default: no ceiling. Whoever can
   * log in without end can otherwise fill the memory.
   */
  readonly maxRecords?: number;
}

/** How often the dead are cleared away, in milliseconds. */
const TICK = 1_000;
/** So many records at a time, so long apart. Among a million, whose memory no cache holds, so many take some milliseconds. */
const BATCH = 500;
const PAUSE = 5;
/** As many as a user has unless the manager is told otherwise; of more, most of the work is left to the sweeper. */
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
  known(options, "memoryStore", ["maxRecords"]);
  const { maxRecords = Number.POSITIVE_INFINITY } = options;
  if (typeof maxRecords !== "number" || !(maxRecords >= 1))
    throw new TypeError("maxRecords: needs a number above zero");
  return new MemoryStore(maxRecords);
}

// Every method runs to its end in one turn of the event loop: that is what makes it one atomic step.
class MemoryStore implements Store {
  readonly #maxRecords: number;
  readonly #table = new RecordTable();
  readonly #byId = new SpreadMap(byLastCharacters);
  readonly #byUserKey = new UserIndex(this.#table);
  readonly #byLink = new Map<string, Set<number>>();
  readonly #wheel = new ExpiryWheel((place) => this.#table.expiresAt(place));
  /** Places of hidden records, and some that were taken away since. */
  readonly #leaving: number[][] = [];
  readonly #sweeper = new Sweeper({
    every: TICK,
    batch: BATCH,
    pause: PAUSE,
    slack: SLACK,
    sweep: async (now, limit) => {
      const left = this.#clear(limit);
      return left + (await this.deleteExpired(now, limit - left));
    },
    onError: (error) => {
      throw error;
    },
  });

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  async create(
    record: SessionRecord,
    { now, limit, replaces, tombstone }: CreateOptions,
  ): Promise<{ evicted: readonly string[] }> {
    this.#sweeper.tell(now);
    if (this.#find(record.id)) throw duplicateError("memoryStore");
    const live = limit || replaces ? this.#live(record.userKey, now) : [];
    const replaced = replaces ? live.find((place) => this.#table.id(place) === replaces) : undefined;
    const others = live.length - (replaced ? 1 : 0);
    // Most users are far below their limit: nothing is looked at.
    const evicted =
      limit && others >= limit.max
        ? exceeding(
            live.filter((place) => place !== replaced).map((place) => this.#table.record(place)),
            limit,
          )
        : [];
    const leaving = tombstone ? 0 : evicted.length + (replaced ? 1 : 0);
    if (this.#byId.size - this.#table.hidden - leaving >= this.#maxRecords) {
      throw new SessionError(
        "ERR_STORE",
        `memoryStore: full, it holds its maxRecords of ${this.#maxRecords}`,
      );
    }
    const end = { now, ...(tombstone !== undefined && { tombstone }) };
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
    this.#sweeper.tell(now);
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
    this.#sweeper.tell(now);
    const place = this.#find(id);
    if (!place || !this.#table.isLive(place, now)) return "not_found";
    if (ifRevision !== undefined && this.#table.revision(place) !== ifRevision) return "conflict";
    const end = this.#table.expiresAt(place);
    this.#table.set(place, changed(this.#table.record(place), change));
    // Ends that move outwards are found when the wheel comes to the old one: most requests move one.
    if (this.#table.expiresAt(place) < end) this.#wheel.move(place);
    return "updated";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#sweeper.tell(end.now);
    const place = this.#find(id);
    if (!place || !this.#table.isLive(place, end.now)) return "not_found";
    if (owner !== undefined && this.#table.userKey(place) !== owner) return "not_owner";
    this.#end(place, end);
    return "deleted";
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#sweeper.tell(end.now);
    const except = exceptIds.length > 0 ? new Set(exceptIds) : undefined;
    const ids: string[] = [];
    const ending: number[] = [];
    const staying: number[] = [];
    for (let place = this.#byUserKey.newest(userKey); place; place = this.#byUserKey.older(place)) {
      const id = this.#table.liveId(place, end.now);
      if (id === undefined || except?.has(id)) {
        staying.push(place);
        continue;
      }
      ids.push(id);
      ending.push(place);
    }
    if (ending.length <= AT_ONCE || end.tombstone) for (const place of ending) this.#end(place, end);
    else this.#hide(userKey, ending, staying);
    return ids;
  }

  async fetchByLink(
    link: string,
    { now, limit }: { readonly now: number; readonly limit: number },
  ): Promise<readonly SessionRecord[]> {
    const linked = [...(this.#byLink.get(link) ?? [])].filter((place) => this.#table.isLive(place, now));
    return linked.slice(0, limit).map((place) => this.#table.record(place));
  }

  async *deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#sweeper.tell(end.now);
    let ended: string[] = [];
    // Whatever comes while others have their turn was created since.
    for (let place = this.#table.last; place > NOWHERE; place--) {
      const shows = this.#table.shows(place);
      if (shows && this.#table.createdAt(place) < createdAt && this.#table.isLive(place, end.now)) {
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
    return this.#wheel.collect(now, limit, (place) => this.#remove(place));
  }

  async close(): Promise<void> {
    this.#sweeper.stop();
  }

  #find(id: string): number {
    const place = this.#byId.get(id);
    return place === undefined || this.#table.isHidden(place) ? NOWHERE : place;
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
    this.#byUserKey.add(place);
    const { link } = record;
    if (link !== undefined) this.#byLink.set(link, (this.#byLink.get(link) ?? new Set()).add(place));
    this.#wheel.add(place);
    this.#sweeper.start();
  }

  #end(place: number, end: End): void {
    if (!end.tombstone) {
      this.#remove(place);
      return;
    }
    this.#table.set(place, tombstoneOf(this.#table.record(place), end, end.tombstone));
    this.#wheel.move(place);
  }

  #remove(place: number): void {
    if (!this.#table.isHidden(place)) {
      this.#byUserKey.remove(place);
      this.#unlink(place);
    }
    this.#byId.delete(this.#table.id(place));
    this.#wheel.remove(place);
    this.#table.remove(place);
    if (this.#byId.size === 0) this.#sweeper.rest();
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
