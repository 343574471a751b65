import { deepFreeze } from "../rules/deep-freeze.ts";
import type {
  CreateOptions,
  CreateResult,
  End,
  MaybePromise,
  SessionChange,
  SessionPage,
  SessionRecord,
  Store,
  StoreListener,
  UpdateOptions,
} from "../store.ts";
import { ActivityBuffer } from "./activity.ts";
import { type CacheMessage, publish } from "./channel.ts";
import { type CacheClock, isYounger, type Moment, readClock } from "./clock.ts";
import { Entries } from "./entries.ts";
import type { ParsedCache } from "./options.ts";
import { Subscription } from "./subscription.ts";

/** A store that has `subscribe`. @internal */
export type PushedStore = Store & Required<Pick<Store, "subscribe">>;

// Created once: a hit publishes one.
const HIT: CacheMessage = { read: "hit" };
const MISS: CacheMessage = { read: "miss" };
const JOINED: CacheMessage = { read: "joined" };
const DEFERRED: CacheMessage = { touch: "deferred" };

/** A read under way, whose result is kept unless the id is dropped meanwhile. */
interface Read extends Moment {
  readonly found: Promise<SessionRecord | undefined>;
}

/**
 * Keeps what `fetchById` returns, while the store reports every end and change. An entry is as old as the beginning of its
 * read, and no older than `maxAge` when it is served.
 *
 * Whatever could change a record drops its entry, and drops reads under way: their result may be from before the change. A
 * dropped read still answers its own caller, is not kept, and gets no further callers.
 *
 * @internal
 */
export class CachedStore implements Store {
  readonly maxStaleness: number;
  readonly subscribe: PushedStore["subscribe"];
  readonly fetchByLink?: NonNullable<Store["fetchByLink"]>;
  readonly deleteCreatedBefore?: NonNullable<Store["deleteCreatedBefore"]>;
  readonly scan?: NonNullable<Store["scan"]>;
  readonly count?: NonNullable<Store["count"]>;
  readonly deleteTombstones?: NonNullable<Store["deleteTombstones"]>;
  readonly inspect?: NonNullable<Store["inspect"]>;
  readonly deleteExpired?: NonNullable<Store["deleteExpired"]>;
  readonly onExpired?: NonNullable<Store["onExpired"]>;
  readonly audit?: NonNullable<Store["audit"]>;
  readonly #store: PushedStore;
  readonly #clock: CacheClock;
  readonly #entries: Entries;
  readonly #reads = new Map<string, Read>();
  readonly #activity: ActivityBuffer;
  readonly #subscription: Subscription;
  readonly #ignoreExpired: (() => void) | undefined;
  #isUp = false;
  #isClosed = false;

  constructor(
    store: PushedStore,
    { maxAge, maxEntries, writeEvery, onError }: ParsedCache,
    clock: CacheClock,
  ) {
    this.#store = store;
    this.maxStaleness = maxAge;
    this.#entries = new Entries(maxEntries);
    this.#clock = clock;
    const plan = {
      every: writeEvery,
      max: maxEntries,
      onLost: (id: string) => this.#drop(id),
      onError,
    };
    this.#activity = new ActivityBuffer(store, plan, clock);
    const listener: StoreListener = {
      ended: ({ ids }) => this.#forget(ids),
      changed: ({ id, revision }) => {
        // Whether a read under way will see the change is unknown.
        if (this.#entries.get(id)?.record.revision !== revision) this.#drop(id);
      },
      status: (isUp) => {
        this.#isUp = isUp && !this.#isClosed;
        // Events may have been missed.
        this.#dropAll();
      },
    };
    this.#subscription = new Subscription(store, listener, clock, onError);
    this.subscribe = store.subscribe.bind(store);
    this.#ignoreExpired = store.onExpired?.((sessions) => this.#forget(sessions.map(({ id }) => id)));
    if (store.fetchByLink) this.fetchByLink = store.fetchByLink.bind(store);
    if (store.onExpired) this.onExpired = store.onExpired.bind(store);
    if (store.count) this.count = store.count.bind(store);
    if (store.deleteTombstones) this.deleteTombstones = store.deleteTombstones.bind(store);
    if (store.audit) this.audit = store.audit;
    if (store.inspect) this.inspect = store.inspect.bind(store);
    const { deleteCreatedBefore, deleteExpired, scan } = store;
    if (scan)
      this.scan = async (page) => {
        await this.#activity.writeAll();
        return scan.call(store, page);
      };
    if (deleteExpired)
      this.deleteExpired = async (now, limit) => {
        await this.#activity.writeAll();
        return deleteExpired.call(store, now, limit);
      };
    if (deleteCreatedBefore)
      this.deleteCreatedBefore = (createdAt, end) =>
        this.#forgetSteps(deleteCreatedBefore.call(store, createdAt, end));
  }

  /** The number of records that the cache holds. */
  get size(): number {
    return this.#entries.size;
  }

  fetchById(id: string): MaybePromise<SessionRecord | undefined> {
    const entry = this.#entries.get(id);
    if (entry) {
      if (this.#isFresh(entry)) {
        entry.isUsed = true;
        publish(HIT);
        return entry.record;
      }
      this.#entries.delete(id);
    }
    this.#subscription.begin();
    const read = this.#reads.get(id);
    const isJoined = read !== undefined && this.#isFresh(read);
    publish(isJoined ? JOINED : MISS);
    return isJoined ? read.found : this.#read(id);
  }

  /** Whether `fetchById` would answer from memory. */
  holds(id: string): boolean {
    const entry = this.#entries.get(id);
    return entry !== undefined && this.#isFresh(entry);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    await this.#activity.write(ids);
    return this.#store.fetchByIds(ids);
  }

  async fetchByUserKey(userKey: string, page: SessionPage): Promise<readonly SessionRecord[]> {
    await this.#activity.writeOfUser(userKey);
    return this.#store.fetchByUserKey(userKey, page);
  }

  async create(record: SessionRecord, options: CreateOptions): Promise<CreateResult> {
    const { id, userKey } = record;
    // The limit may choose by activity.
    await this.#activity.writeOfUser(userKey);
    try {
      const created = await this.#store.create(record, options);
      this.#forget(created.evicted);
      // A read under way may have found nothing. The replaced session may be another user's, and then stays.
      this.#drop(id);
      if (options.replaces !== undefined) this.#drop(options.replaces);
      return created;
    } catch (error) {
      this.#dropUser(userKey);
      throw error;
    }
  }

  async update(
    id: string,
    change: SessionChange,
    options: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    const { activity, data } = change;
    if (data) await this.#activity.write([id]);
    else if (activity && this.#touch(id, activity, options)) return "updated";
    try {
      return await this.#store.update(id, change, options);
    } finally {
      this.#drop(id);
    }
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    try {
      const outcome = await this.#store.deleteById(id, end, owner);
      if (outcome !== "not_owner") this.#activity.drop(id);
      return outcome;
    } finally {
      // A failed write may have been executed, here and in the other operations.
      this.#drop(id);
    }
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds?: readonly string[],
  ): Promise<readonly string[]> {
    try {
      const ids = await this.#store.deleteByUserKey(userKey, end, exceptIds);
      this.#forget(ids);
      return ids;
    } finally {
      // Another instance may have ended some of them, and its event may be on its way.
      this.#dropUser(userKey);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    // Without entries, no more activity is taken.
    this.#dropAll();
    await this.#activity.writeAll();
    this.#ignoreExpired?.();
    await this.#subscription.end();
    await this.#store.close?.();
  }

  #isFresh(moment: Moment): boolean {
    return isYounger(moment, this.maxStaleness, this.#clock);
  }

  #read(id: string): Promise<SessionRecord | undefined> {
    const moment = readClock(this.#clock);
    const addActivity = this.#activity.overlay(id);
    const found = this.#fetch(id).then(addActivity);
    if (!this.#isUp) return found;
    const read = { ...moment, found };
    this.#reads.set(id, read);
    const settle = (record?: SessionRecord) => {
      if (this.#reads.get(id) !== read) return;
      this.#reads.delete(id);
      // An id that does not exist must not evict a session: an attacker can invent any number of them.
      if (record && !record.ended) this.#entries.keep(deepFreeze(record), moment);
    };
    found.then(settle, () => settle());
    return found;
  }

  /** Reads from the store. Rejects where the store throws. */
  async #fetch(id: string): Promise<SessionRecord | undefined> {
    return this.#store.fetchById(id);
  }

  /** Whether activity was taken to be written later. */
  #touch(id: string, activity: NonNullable<SessionChange["activity"]>, options: UpdateOptions): boolean {
    const entry = this.#entries.get(id);
    if (!entry || !this.#isFresh(entry)) return false;
    const touched = this.#activity.take(entry.record, activity, options);
    if (!touched) return false;
    entry.record = touched;
    publish(DEFERRED);
    return true;
  }

  #drop(id: string): void {
    this.#entries.delete(id);
    this.#reads.delete(id);
  }

  /** Drops ended sessions, and what would be written about them. */
  #forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#drop(id);
      this.#activity.drop(id);
    }
  }

  /** Drops the entries of a user, and all reads: whose sessions they return is unknown. */
  #dropUser(userKey: string): void {
    for (const { record } of this.#entries.ofUser(userKey)) this.#entries.delete(record.id);
    this.#reads.clear();
  }

  #dropAll(): void {
    this.#entries.clear();
    this.#reads.clear();
  }

  async *#forgetSteps(steps: AsyncIterable<readonly string[]>): AsyncGenerator<readonly string[], void> {
    try {
      for await (const ids of steps) {
        this.#forget(ids);
        yield ids;
      }
    } finally {
      // A step that failed may have ended sessions.
      this.#dropAll();
    }
  }
}
