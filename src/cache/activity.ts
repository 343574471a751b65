import type { SessionChange, SessionRecord, Store, UpdateOptions } from "../store.ts";
import { publish } from "./channel.ts";
import { type CacheClock, type Moment, measureTime, readClock } from "./clock.ts";
import { UserMap } from "./user-map.ts";

type Activity = NonNullable<SessionChange["activity"]>;

/** Activity that the store does not have yet. */
interface Touch extends Moment {
  /** The record with this activity. */
  readonly record: SessionRecord;
  readonly activity: Activity;
  readonly options: UpdateOptions;
  /** The end of the session that the store knows. */
  readonly storedEnd: number;
  writing?: Promise<void> | undefined;
  next?: Touch | undefined;
}

/** How activity is written. @internal */
export interface ActivityPlan {
  /** The longest time that activity waits, in milliseconds. Undefined if it never waits. */
  readonly every: number | undefined;
  /** The largest number of sessions whose activity waits. */
  readonly max: number;
  /** Called with the id of a session that the store no longer has at the revision of its activity. */
  readonly onLost: (id: string) => void;
  readonly onError: (error: unknown) => void;
}

/** The number of writes at a time. More would keep requests waiting for a connection of the app's pool. */
const CONCURRENCY = 16;

/** Collects the activity of sessions, and writes it to the store once per interval. @internal */
export class ActivityBuffer {
  readonly #store: Store;
  readonly #plan: ActivityPlan;
  readonly #clock: CacheClock;
  readonly #waiting = new UserMap<Touch>();
  #isScheduled = false;

  constructor(store: Store, plan: ActivityPlan, clock: CacheClock) {
    this.#store = store;
    this.#plan = plan;
    this.#clock = clock;
  }

  /** Takes activity of a record as the cache has it. Returns the record with it, or `undefined` if it must be written at once. */
  take(record: SessionRecord, activity: Activity, options: UpdateOptions): SessionRecord | undefined {
    const { every, max } = this.#plan;
    const before = this.#waiting.get(record.id);
    if (every === undefined || (!before && this.#waiting.size >= max)) return undefined;
    const { now, ifRevision = record.revision } = options;
    const storedEnd = before?.storedEnd ?? record.expiresAt;
    // Otherwise the session could end, for other instances or after a crash, although it was used long before its end.
    const needed = Math.max(2 * every, (activity.expiresAt - now) / 2);
    if (ifRevision !== record.revision || storedEnd - now < needed || activity.expiresAt < storedEnd)
      return undefined;
    if (activity.lastSeenAt <= record.lastSeenAt) return record;
    const times = pickTimes(activity);
    const touched = Object.freeze({ ...record, ...times });
    this.#waiting.set({
      ...readClock(this.#clock),
      record: touched,
      activity: times,
      options: { ...options },
      storedEnd,
    });
    this.#schedule(every);
    return touched;
  }

  /** Returns a function that adds the activity which waits at this moment to a record of the store. */
  overlay(id: string): (record: SessionRecord | undefined) => SessionRecord | undefined {
    const touch = this.#waiting.get(id);
    return (record) => {
      if (!touch || !record || record.ended || touch.activity.lastSeenAt <= record.lastSeenAt) return record;
      const { ifRevision = record.revision } = touch.options;
      return ifRevision === record.revision ? { ...record, ...pickTimes(touch.activity) } : record;
    };
  }

  /** Forgets the activity of a session that has ended. */
  drop(id: string): void {
    this.#waiting.delete(id);
  }

  /** Writes the activity of these sessions. Never rejects: a failed write waits for the next interval. */
  async write(ids: readonly string[]): Promise<void> {
    if (this.#waiting.size > 0) await this.#write(ids.map((id) => this.#waiting.get(id)));
  }

  async writeOfUser(userKey: string): Promise<void> {
    await this.#write(this.#waiting.ofUser(userKey));
  }

  async writeAll(): Promise<void> {
    await this.#write([...this.#waiting.values()]);
  }

  #schedule(every: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.schedule(async () => {
      this.#isScheduled = false;
      await this.writeAll();
      if (this.#waiting.size > 0) this.#schedule(every);
    }, every);
  }

  async #write(touches: ReadonlyArray<Touch | undefined>): Promise<void> {
    if (touches.length === 0) return;
    let failure: { readonly error: unknown } | undefined;
    const queue = touches.values();
    const work = async () => {
      for (const touch of queue) {
        if (!touch) continue;
        touch.writing ??= this.#send(touch);
        await touch.writing.catch((error) => {
          failure ??= { error };
        });
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, touches.length) }, work));
    // An outage is one failure, not one for each session.
    if (failure) this.#plan.onError(failure.error);
  }

  async #send(touch: Touch): Promise<void> {
    const { record, activity, options } = touch;
    const now = options.now + measureTime(touch, this.#clock);
    try {
      const outcome = await this.#store.update(record.id, { activity }, { ...options, now });
      publish({ touch: "written" });
      if (this.#waiting.get(record.id) === touch) this.#waiting.delete(record.id);
      if (outcome !== "updated") this.#plan.onLost(record.id);
    } catch (error) {
      touch.writing = undefined;
      publish({ touch: "failed" });
      throw error;
    }
  }
}

function pickTimes({ lastSeenAt, expiresAt }: Activity): Activity {
  return { lastSeenAt, expiresAt };
}
