import assert from "node:assert/strict";
import { type MaybePromise, type SessionRecord, type Store, shardOf } from "sessionup";
import { CachedStore } from "../../src/cache/cached-store.ts";
import { parseCacheOptions } from "../../src/cache/options.ts";
import { Network, Node } from "./_network.ts";
import { Random } from "./_random.ts";

const START = Date.UTC(2026, 0, 1, 12);
const MAX_AGE = 10_000;
const MAX_ENTRIES = 4;
const IDLE = 120_000;
const HOUR = 3_600_000;
/** Mostly short, so that sessions are used more than once while they are cached. */
const PAUSES = [1, 10, 100, 100, 500, 500, 1_000, 1_000, 3_000, 5_000, MAX_AGE - 1, MAX_AGE];
const USERS = ["ann", "ben"] as const;

/** A session as the model knows it. */
interface Known {
  readonly id: string;
  readonly userKey: string;
  /** The last record that some instance returned. Steps are based on it, as requests are. */
  seen: SessionRecord;
  /** Whether an instance knows that the store has created it. */
  isStored: boolean;
  /** When the store ended it. */
  endedAt: number | undefined;
  /** When the store raised the revision to this one: index 0 is the creation. */
  readonly revisions: number[];
  /** The expiry that belongs to each activity, which no other activity shares. */
  readonly activities: Map<number, { readonly expiresAt: number; readonly now: number; readonly at: number }>;
}

/** The changes of a session that one instance has acknowledged. */
interface Acknowledged {
  ended: boolean;
  created: boolean;
  revision: number;
  /** The latest activity at each revision. */
  readonly lastSeenAt: Map<number, number>;
}

interface Instance {
  readonly node: Node;
  readonly store: CachedStore;
  readonly acknowledged: Map<string, Acknowledged>;
}

/**
 * One random history of several instances over one store. The network delays, reorders and loses operations and events, and
 * clocks are turned or machines suspended. After each read, the model checks what the cache promises.
 */
export class History {
  readonly trace: string[] = [];
  readonly #random: Random;
  readonly #network: Network;
  readonly #instances: Instance[] = [];
  readonly #known = new Map<string, Known>();
  readonly #errors: unknown[] = [];
  /** Clocks are turned or machines suspended, not both: together they can hide the age of an entry from both clocks. */
  readonly #clocks: "steady" | "turned" | "suspended";
  readonly #hasTimeouts: boolean;
  #now = 0;
  #made = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#network = new Network(this.#random);
    this.#clocks = this.#random.pick(["steady", "turned", "suspended"] as const) ?? "steady";
    this.#hasTimeouts = this.#random.chance(0.5);
  }

  async run(steps: number): Promise<void> {
    this.#network.onEnded = ({ ids }) => {
      for (const id of ids) {
        const known = this.#known.get(id);
        if (known) known.endedAt ??= this.#now;
      }
    };
    this.#network.onChanged = (id, revision) => {
      const { revisions } = this.#known.get(id) ?? assert.fail();
      assert.equal(revision, revisions.length);
      revisions.push(this.#now);
    };
    await this.#network.open();
    for (let count = 0; count < 3; count++) this.#instances.push(this.#open());
    for (let step = 0; step < steps && this.#errors.length === 0; step++) {
      await this.#step();
      await settle();
      for (const { store } of this.#instances)
        assert.ok(store.size <= MAX_ENTRIES, `${store.size} entries are more than maxEntries`);
    }
    this.#rethrow();
    await this.#finish();
    this.#rethrow();
  }

  #rethrow(): void {
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  #open(): Instance {
    const node = new Node(this.#network, this.#random, () => START + this.#now);
    const options = { maxAge: "10s", maxEntries: MAX_ENTRIES, writeEvery: "10s", onError: () => undefined };
    node.onUpdate = (id, { activity, data }, { now }) => {
      if (!activity || data) return;
      // Activity that waited is written with the time that has passed, or it would revive a session that expired meanwhile.
      const taken = this.#known.get(id)?.activities.get(activity.lastSeenAt) ?? assert.fail();
      this.#check(() =>
        assert.ok(now - taken.now >= this.#now - taken.at, "activity was written with an old time"),
      );
    };
    const acknowledged = new Map<string, Acknowledged>();
    const instance = {
      node,
      store: new CachedStore(node.store, parseCacheOptions(options), node),
      acknowledged,
    };
    // An event counts from the moment at which it arrives.
    node.onEnded = ({ ids }) => {
      for (const id of ids) this.#noteEnd(instance, this.#known.get(id));
    };
    node.onChanged = ({ id, revision }) => this.#noteRevision(instance, id, revision);
    return instance;
  }

  #check(claim: () => void): void {
    try {
      claim();
    } catch (error) {
      this.#errors.push(error);
    }
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const at = random.below(this.#instances.length);
    const instance = this.#instances[at] ?? assert.fail();
    const known = this.#pick();
    const note = (text: string) => void this.trace.push(`${this.#now} #${at} ${text}`);
    const dice = random.below(1_000);
    if (dice < 180) {
      for (let count = random.below(8); count >= 0; count--) await this.#network.execute();
      note("executes");
    } else if (dice < 340) {
      for (let count = random.below(8); count >= 0; count--) this.#network.answer();
      note("answers");
    } else if (dice < 350 && this.#hasTimeouts) {
      note("a timeout");
      this.#network.fail();
    } else if (dice < 430) {
      const isLost = random.chance(0.1);
      note(isLost ? "loses an event" : "receives an event");
      instance.node.deliver(isLost);
    } else if (dice < 440 && (dice < 432 || !instance.node.isWell)) this.#breakChannel(instance, note);
    else if (dice < 500) await this.#pass(random.pick(PAUSES) ?? 0, note);
    else if (dice < 508 && this.#clocks !== "steady") await this.#turnClock(instance, note);
    else if (dice < 520) {
      note("creates a session");
      this.#create(instance);
    } else if (known) {
      note(`uses ${known.id}`);
      this.#use(instance, known, dice, note);
    }
  }

  #use(instance: Instance, known: Known, dice: number, note: (text: string) => void): void {
    if (dice < 810 || !known.isStored) this.#read(instance, known);
    else if (dice < 900) {
      note("touches it");
      this.#touch(instance, known);
    } else if (dice < 930) {
      note("changes it");
      this.#change(instance, known);
    } else if (dice < 960) {
      note("ends it");
      this.#delete(instance, known);
    } else if (dice < 965) {
      note("ends all of the user");
      this.#deleteAll(instance, known);
    } else this.#list(instance, known);
  }

  #pick(): Known | undefined {
    const all = [...this.#known.values()].slice(-12);
    const live = all.filter(({ endedAt }) => endedAt === undefined).slice(-4);
    return this.#random.pick(this.#random.chance(0.8) ? live : all);
  }

  #breakChannel({ node }: Instance, note: (text: string) => void): void {
    if (node.isWell && this.#random.chance(0.5)) {
      note("the channel is silently dead");
      node.isDeaf = true;
    } else {
      note(node.isUp ? "the channel is down" : "the channel is up");
      node.setUp(!node.isUp);
    }
  }

  /** Lets time pass, in parts, so that no timer is late. */
  async #pass(time: number, note: (text: string) => void, suspended?: Node): Promise<void> {
    note(suspended ? `is suspended for ${time} ms` : `waits for ${time} ms`);
    for (let rest = time; rest > 0; rest -= 500) {
      const part = Math.min(rest, 500);
      this.#now += part;
      if (suspended) suspended.suspended += part;
      for (const { node } of this.#instances) node.tick();
      await settle();
    }
  }

  async #turnClock({ node, acknowledged }: Instance, note: (text: string) => void): Promise<void> {
    // By the new time, a session may have expired before its activity is written.
    for (const { lastSeenAt } of acknowledged.values()) lastSeenAt.clear();
    if (this.#clocks === "suspended") {
      const time = this.#random.pick([5_000, MAX_AGE, IDLE]) ?? 0;
      await this.#pass(time, note, node);
    } else {
      node.turned += this.#random.pick([-HOUR, -MAX_AGE, -1_000, 1_000, MAX_AGE, HOUR]) ?? 0;
      note(`has a clock that is ${node.turned} ms ahead`);
    }
  }

  #of(instance: Instance, id: string): Acknowledged {
    const found = instance.acknowledged.get(id);
    if (found) return found;
    const made = { ended: false, created: false, revision: 0, lastSeenAt: new Map<number, number>() };
    instance.acknowledged.set(id, made);
    return made;
  }

  #read(instance: Instance, known: Known): void {
    const { node, store } = instance;
    const before = { ...this.#of(instance, known.id), at: this.#now };
    const lastSeenAt = new Map(before.lastSeenAt);
    const sent = node.sentReads;
    const found: MaybePromise<SessionRecord | undefined> = store.fetchById(known.id);
    if (!node.isUp) assert.equal(node.sentReads, sent + 1, "the cache answered while the channel was down");
    const verify = (record: SessionRecord | undefined) =>
      this.#check(() => {
        this.#verify(known, record, before);
        // The activity of a session that expired before it was written is lost.
        if (!record || record.ended || record.expiresAt <= node.wall()) return;
        const seenAt = lastSeenAt.get(record.revision) ?? 0;
        assert.ok(record.lastSeenAt >= seenAt, `the activity of ${known.id} moved back`);
      });
    if (found instanceof Promise) found.then(verify, () => undefined);
    else {
      assert.ok(found, "the cache answered without a record");
      verify(found);
    }
  }

  /** Verifies the record that a read has returned. `before` is what the instance had acknowledged when the read began. */
  #verify(
    known: Known,
    record: SessionRecord | undefined,
    before: Acknowledged & { readonly at: number },
  ): void {
    const { id, endedAt, revisions, activities } = known;
    if (!record) {
      if (endedAt === undefined) assert.ok(!before.created, `${id} was created, and is not found`);
      return;
    }
    known.isStored = true;
    if (record.ended) return;
    assert.ok(!before.ended, `${id} passes on the instance that acknowledged its end`);
    assert.ok(endedAt === undefined || before.at < endedAt + MAX_AGE, `${id} passes after its end`);
    assert.ok(record.revision >= before.revision, `${id} is as before a change that was acknowledged`);
    const changedAt = revisions[record.revision + 1];
    assert.ok(changedAt === undefined || before.at < changedAt + MAX_AGE, `${id} is as before an old change`);
    assert.equal(
      record.expiresAt,
      activities.get(record.lastSeenAt)?.expiresAt,
      "activity came from nowhere",
    );
    if (record.revision >= known.seen.revision) known.seen = record;
  }

  #touch(instance: Instance, known: Known): void {
    const { id, seen } = known;
    const now = instance.node.wall();
    const activity = this.#createActivity(known, now);
    const { revision } = seen;
    const before = { ...this.#of(instance, id), at: this.#now };
    instance.store.update(id, { activity }, { now, ifRevision: revision }).then((outcome) => {
      const own = this.#of(instance, id);
      if (outcome !== "updated") return this.#noteMissing(instance, known, outcome);
      this.#check(() => this.#verify(known, seen, before));
      own.lastSeenAt.set(revision, Math.max(own.lastSeenAt.get(revision) ?? 0, activity.lastSeenAt));
    }, ignore);
  }

  /** Creates activity that differs from all other activity of the session, so that a record tells which it has. */
  #createActivity(known: Known, now: number) {
    let lastSeenAt = now;
    while (known.activities.has(lastSeenAt)) lastSeenAt++;
    const expiresAt = Math.min(known.seen.deadline, lastSeenAt + IDLE);
    known.activities.set(lastSeenAt, { expiresAt, now, at: this.#now });
    return { lastSeenAt, expiresAt };
  }

  #noteMissing(instance: Instance, known: Known, outcome: string): void {
    if (outcome === "not_found") this.#noteEnd(instance, known);
  }

  #noteRevision(instance: Instance, id: string, revision: number): void {
    const own = this.#of(instance, id);
    own.revision = Math.max(own.revision, revision);
  }

  /** Notes that an instance has acknowledged the end of a session, unless the store has not even created it yet. */
  #noteEnd(instance: Instance, known: Known | undefined): void {
    if (known?.endedAt !== undefined) this.#of(instance, known.id).ended = true;
  }

  #change(instance: Instance, known: Known): void {
    const { id, seen } = known;
    const now = instance.node.wall();
    const data = { v: 1, change: this.#made++ };
    const activity = this.#random.chance(0.5) && { activity: this.#createActivity(known, now) };
    const seenAt = this.#of(instance, id).lastSeenAt.get(seen.revision);
    instance.store.update(id, { data, ...activity }, { now, ifRevision: seen.revision }).then((outcome) => {
      if (outcome !== "updated") return this.#noteMissing(instance, known, outcome);
      this.#noteRevision(instance, id, seen.revision + 1);
      // A timeout of the earlier write makes the activity void.
      if (seenAt !== undefined && !this.#hasTimeouts)
        this.#of(instance, id).lastSeenAt.set(seen.revision + 1, seenAt);
    }, ignore);
  }

  #create(instance: Instance): void {
    const userKey = this.#random.pick(USERS) ?? "";
    const own = [...this.#known.values()].filter((known) => known.userKey === userKey);
    const now = instance.node.wall();
    const id = `${shardOf(userKey)}${String(this.#made++).padStart(6, "0")}`;
    const times = { createdAt: now, lastSeenAt: now, expiresAt: now + IDLE, deadline: now + HOUR };
    const record = { id, userKey, revision: 0, ...times, data: { v: 1 } };
    const known: Known = {
      id,
      userKey,
      seen: record,
      isStored: false,
      endedAt: undefined,
      revisions: [this.#now],
      activities: new Map([[now, { expiresAt: record.expiresAt, now, at: this.#now }]]),
    };
    this.#known.set(id, known);
    const replaced = this.#random.chance(0.3) ? own.at(-1) : undefined;
    const onExceed = this.#random.chance(0.5) ? "evict-oldest" : "evict-idlest";
    const options = { now, limit: { max: 2, onExceed }, ...(replaced && { replaces: replaced.id }) } as const;
    instance.store.create(record, options).then(
      ({ evicted }) => {
        this.#of(instance, id).created = true;
        known.isStored = true;
        for (const each of evicted) this.#of(instance, each).ended = true;
        this.#noteEnd(instance, replaced);
      },
      () => this.#noteEnds(instance, userKey),
    );
  }

  #delete(instance: Instance, known: Known): void {
    const end = { reason: "revoked", now: instance.node.wall(), ...this.#tombstones() } as const;
    const note = () => this.#noteEnd(instance, known);
    instance.store.deleteById(known.id, end).then(note, note);
  }

  #tombstones() {
    return this.#random.chance(0.5) ? { tombstones: { keepFor: HOUR, max: 5 } } : {};
  }

  #deleteAll(instance: Instance, { id, userKey }: Known): void {
    const except = this.#random.chance(0.5) ? [id] : [];
    const end = { reason: "revoked", now: instance.node.wall(), ...this.#tombstones() } as const;
    // Sessions that others had ended count too, and so do those that ended by an operation without an answer.
    const note = () => this.#noteEnds(instance, userKey);
    instance.store.deleteByUserKey(userKey, end, except).then(note, note);
  }

  #noteEnds(instance: Instance, userKey: string): void {
    for (const known of this.#known.values()) if (known.userKey === userKey) this.#noteEnd(instance, known);
  }

  #list(instance: Instance, { id, userKey }: Known): void {
    instance.store.fetchByIds([id]).catch(ignore);
    instance.store.fetchByUserKey(userKey, { now: instance.node.wall(), limit: 5 }).catch(ignore);
  }

  /** Lets everything arrive, and compares each instance with the store. */
  async #finish(): Promise<void> {
    const drain = async () => {
      while (!this.#network.isIdle) {
        await this.#network.execute();
        this.#network.answer();
        await settle();
      }
    };
    await drain();
    for (const { node } of this.#instances) while (node.deliver());
    await this.#pass(3 * MAX_AGE, () => undefined);
    await drain();
    for (const instance of this.#instances) {
      for (const known of this.#known.values()) this.#read(instance, known);
      await drain();
      const closing = instance.store.close();
      await settle();
      await drain();
      await closing;
    }
    for (const instance of this.#instances)
      for (const [id, { lastSeenAt }] of instance.acknowledged) await this.#verifyWritten(id, lastSeenAt);
  }

  /** Verifies that acknowledged activity has been written, unless a later change or the session's end made it void. */
  async #verifyWritten(id: string, lastSeenAt: ReadonlyMap<number, number>): Promise<void> {
    const stored = await this.#network.memory.fetchById(id);
    if (!stored || stored.ended || this.#isTimeless) return;
    assert.ok(stored.lastSeenAt >= (lastSeenAt.get(stored.revision) ?? 0), `the activity of ${id} was lost`);
  }

  /** Whether a session may have expired by a turned clock before its activity was written. */
  get #isTimeless(): boolean {
    return this.#clocks !== "steady";
  }
}

type Answer = Awaited<ReturnType<Store["update"]>>;
const ignore = (_error?: unknown): Answer | undefined => undefined;

/** Lets all promises settle. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
