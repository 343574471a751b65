import { deepFreeze } from "../deep-freeze.ts";
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
import { ExpiryWheel, type WheelEntry } from "./_expiry-wheel.ts";
import { changed, exceeding, isLive, tombstoneOf } from "./_records.ts";
import { Sweeper } from "./_sweeper.ts";
import { compare, type UserEntry, UserIndex } from "./_user-index.ts";

/** What a memory store can be told. */
export interface MemoryStoreOptions {
  /**
   * How many records it holds at most; one more is refused with `ERR_STORE` (503). Default: no ceiling. Whoever can
   * log in without end can otherwise fill the memory.
   */
  readonly maxRecords?: number;
}

/** How often the dead are cleared away, in milliseconds, and how many of them at a time. */
const TICK = 1_000;
const PER_TICK = 10_000;
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

interface Entry extends WheelEntry, UserEntry<Entry> {}

// Every method runs to its end in one turn of the event loop: that is what makes it one atomic step.
class MemoryStore implements Store {
  readonly #maxRecords: number;
  readonly #byId = new Map<string, Entry>();
  readonly #byUserKey = new UserIndex<Entry>();
  readonly #byLink = new Map<string, Set<Entry>>();
  readonly #wheel = new ExpiryWheel<Entry>();
  readonly #sweeper = new Sweeper({
    every: TICK,
    batch: PER_TICK,
    pause: TICK,
    slack: SLACK,
    sweep: (now, limit) => this.deleteExpired(now, limit),
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
    if (this.#byId.has(record.id)) throw duplicateError("memoryStore");
    const live = limit || replaces ? this.#live(record.userKey, now) : [];
    const replaced = live.find(({ id }) => id === replaces);
    const others = live.filter((each) => each !== replaced);
    const evicted = limit ? exceeding(others, limit) : [];
    const leaving = tombstone ? 0 : evicted.length + (replaced ? 1 : 0);
    if (this.#byId.size - leaving >= this.#maxRecords) {
      throw new SessionError(
        "ERR_STORE",
        `memoryStore: full, it holds its maxRecords of ${this.#maxRecords}`,
      );
    }
    const end = { now, ...(tombstone !== undefined && { tombstone }) };
    if (replaced) this.#endById(replaced.id, { ...end, reason: "logout" });
    for (const { id } of evicted) this.#endById(id, { ...end, reason: "evicted" });
    this.#insert(copyOf(record));
    return { evicted: evicted.map(({ id }) => id) };
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    return this.#byId.get(id)?.record;
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    return ids.map((id) => this.#byId.get(id)?.record);
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#sweeper.tell(now);
    const page: SessionRecord[] = [];
    for (const { record } of this.#byUserKey.newestFirst(userKey)) {
      if (page.length === limit) break;
      if (isLive(record, now) && (!before || compare(record, before) < 0)) page.push(record);
    }
    return page;
  }

  async update(
    id: string,
    { activity, data }: SessionChange,
    { now, ifRevision }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#sweeper.tell(now);
    const entry = this.#byId.get(id);
    if (!entry || !isLive(entry.record, now)) return "not_found";
    const { record } = entry;
    if (ifRevision !== undefined && record.revision !== ifRevision) return "conflict";
    const own = data && { data: deepFreeze(structuredClone(data)) };
    entry.record = Object.freeze(changed(record, { ...(activity && { activity }), ...own }));
    // Ends that move outwards are found when the wheel comes to the old one: most requests move one.
    if (entry.record.expiresAt < record.expiresAt) this.#wheel.move(entry);
    return "updated";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#sweeper.tell(end.now);
    const entry = this.#byId.get(id);
    if (!entry || !isLive(entry.record, end.now)) return "not_found";
    if (owner !== undefined && entry.record.userKey !== owner) return "not_owner";
    this.#end(entry, end);
    return "deleted";
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#sweeper.tell(end.now);
    const kept = new Set(exceptIds);
    const ending = this.#live(userKey, end.now).filter(({ id }) => !kept.has(id));
    for (const { id } of ending) this.#endById(id, end);
    return ending.map(({ id }) => id);
  }

  async fetchByLink(
    link: string,
    { now, limit }: { readonly now: number; readonly limit: number },
  ): Promise<readonly SessionRecord[]> {
    const linked = [...(this.#byLink.get(link) ?? [])].map(({ record }) => record);
    return linked.filter((record) => isLive(record, now)).slice(0, limit);
  }

  async *deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#sweeper.tell(end.now);
    let ended: string[] = [];
    let seen = 0;
    for (const entry of this.#byId.values()) {
      const { record } = entry;
      if (record.createdAt < createdAt && isLive(record, end.now)) {
        this.#end(entry, end);
        ended.push(record.id);
      }
      if (++seen % PER_TICK > 0) continue;
      yield ended;
      ended = [];
      // Others have their turn.
      await new Promise((resolve) => setTimeout(resolve));
    }
    yield ended;
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    return this.#wheel.collect(now, limit, (entry) => this.#remove(entry));
  }

  async close(): Promise<void> {
    this.#sweeper.stop();
  }

  /** Newest first. */
  #live(userKey: string, now: number): SessionRecord[] {
    return [...this.#byUserKey.newestFirst(userKey)].flatMap(({ record }) =>
      isLive(record, now) ? [record] : [],
    );
  }

  #insert(record: SessionRecord): void {
    const entry: Entry = { record, slot: 0, place: 0, older: undefined, newer: undefined };
    this.#byId.set(record.id, entry);
    this.#byUserKey.add(entry);
    const { link } = record;
    if (link !== undefined) this.#byLink.set(link, (this.#byLink.get(link) ?? new Set()).add(entry));
    this.#wheel.add(entry);
    this.#sweeper.start();
  }

  #endById(id: string, end: End): void {
    const entry = this.#byId.get(id);
    if (entry) this.#end(entry, end);
  }

  #remove(entry: Entry): void {
    this.#byId.delete(entry.record.id);
    this.#byUserKey.remove(entry);
    const { link } = entry.record;
    if (link !== undefined) {
      const linked = this.#byLink.get(link);
      linked?.delete(entry);
      if (linked?.size === 0) this.#byLink.delete(link);
    }
    this.#wheel.remove(entry);
    if (this.#byId.size === 0) this.#sweeper.rest();
  }

  #end(entry: Entry, end: End): void {
    if (!end.tombstone) {
      this.#remove(entry);
      return;
    }
    entry.record = Object.freeze(tombstoneOf(entry.record, end, end.tombstone));
    this.#wheel.move(entry);
  }
}

function copyOf(record: SessionRecord): SessionRecord {
  return deepFreeze(structuredClone(record));
}
