import { channel } from "node:diagnostics_channel";
import type { Duration } from "../../duration.ts";
import { aFunction, type DefaultOption, parseInterval } from "../../options/parsers.ts";
import type { ExpiredSession } from "../../store.ts";

/** The options of stores that remove expired records themselves. */
export interface CleanupOptions {
  /**
   * How often the store removes expired records in the background, such as `"5m"`. Default `"1m"`, in memory `"1s"`.
   * `false` turns the background cleanup off: call `deleteExpired` from a cron job instead, or expired records stay forever.
   */
  readonly cleanupEvery?: Duration | false;
  /** Called when a background cleanup fails. The store tries again at the next interval. Default: `console.warn`. */
  readonly onCleanupError?: (error: unknown) => void;
}

/** How one store cleans up. Times are in milliseconds. */
export interface CleanupPlan {
  /** The number of records that are removed at a time. */
  readonly batch: number;
  /** The time between two batches, so that other work gets its turn. */
  readonly pause: number;
  /** How long after its end a record may stay: the clocks of several managers differ a little. */
  readonly slack: number;
  /**
   * Whether it is this process's turn. Returns true in one process and in no other until `apart` milliseconds have passed.
   * Default: always.
   */
  readonly claim?: (now: number, apart: number) => Promise<boolean>;
  /** Removes up to `limit` records that had ended by `now`. Returns the number of removed records. */
  readonly remove: (now: number, limit: number) => Promise<number>;
}

/** A message of the channel `sessionup:cleanup`: one cleanup of this process has ended. */
export interface CleanupMessage {
  /** The number of removed records. */
  readonly removed: number;
  /** The error that stopped it. */
  readonly error?: unknown;
}

const CHANNEL = /* @__PURE__ */ channel("sessionup:cleanup");

/** The plan of database stores: batches too small to delay other queries. */
export const DATABASE_CLEANUP = { batch: 1_000, pause: 10, slack: 60_000 } as const;

/** Returns the entries of these options in a store's table. `every` is the store's default interval. @internal */
export function cleanupOptions(every: Duration): {
  readonly cleanupEvery: DefaultOption<number | undefined>;
  readonly onCleanupError: DefaultOption<(error: unknown) => void>;
} {
  return {
    cleanupEvery: {
      parse: (value, name) => (value === false ? undefined : parseInterval(value, name)),
      default: every,
    },
    onCleanupError: { parse: aFunction(), default: warn },
  };
}

/** The parsed options. */
export interface ParsedCleanup {
  /** The interval in milliseconds. Undefined if the app cleans up itself. */
  readonly cleanupEvery: number | undefined;
  readonly onCleanupError: (error: unknown) => void;
}

/**
 * Removes expired records in the background, batch by batch, by a timer that does not keep the process alive. Stores have
 * no clock: the cleanup uses the latest time that the store has received, plus the time that has passed since.
 */
export class Cleanup {
  readonly #plan: CleanupPlan;
  /** Undefined if the app cleans up itself, and once the cleanup was stopped. */
  #every: number | undefined;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<(sessions: readonly ExpiredSession[]) => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The latest time that an operation of the store received, and when. */
  #told = Number.NEGATIVE_INFINITY;
  #toldAt = 0;
  #running = false;

  constructor({ cleanupEvery, onCleanupError }: ParsedCleanup, plan: CleanupPlan) {
    this.#plan = plan;
    this.#every = cleanupEvery;
    this.#onError = onCleanupError;
  }

  /** Takes note of the time that an operation of the store received. */
  tell(now: number): void {
    if (now <= this.#told) return;
    this.#told = now;
    this.#toldAt = performance.now();
  }

  /** Starts the timer unless it runs or was stopped. Call it when there is something to remove one day. */
  start(): void {
    if (this.#every !== undefined) this.#timer ??= unrefed(setInterval(() => void this.#run(), this.#every));
  }

  /** Stops the timer until `start` is called. A cleanup that is running ends with its current batch. */
  rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Stops the timer for good, when the store is closed: the app is about to close its database. */
  stop(): void {
    this.#every = undefined;
    this.rest();
  }

  /** Registers a listener that `report` calls. Returns a function that removes it. */
  listen(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Whether `report` has a listener. */
  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Reports sessions that had expired and were removed, without tombstones. */
  report(sessions: readonly ExpiredSession[]): void {
    if (sessions.length > 0) for (const listener of this.#listeners) listener(sessions);
  }

  async #run(): Promise<void> {
    // A cleanup that takes longer than the interval is not joined by another.
    if (this.#running) return;
    this.#running = true;
    const { batch, pause, claim, remove } = this.#plan;
    const every = this.#every ?? 0;
    // One process cleans up for two thirds of the interval; another one's turn begins after five sixths of it.
    const end = performance.now() + (every * 2) / 3;
    let removed = 0;
    try {
      if (claim && !(await claim(this.#endedBy(), (every * 5) / 6))) return;
      let count = batch;
      while (count >= batch && this.#timer && performance.now() < end) {
        count = await remove(this.#endedBy(), batch);
        removed += count;
        if (count >= batch) await new Promise((resolve) => void unrefed(setTimeout(resolve, pause)));
      }
      CHANNEL.publish({ removed });
    } catch (error) {
      CHANNEL.publish({ removed, error });
      this.#onError(error);
    } finally {
      this.#running = false;
    }
  }

  #endedBy(): number {
    return Math.floor(this.#told + (performance.now() - this.#toldAt)) - this.#plan.slack;
  }
}

function warn(error: unknown): void {
  console.warn("sessionup: the cleanup failed and runs again at the next interval.", error);
}

/** A timer of a store must not keep a process alive. The timers of some platforms have no `unref`. */
export function unrefed<Timer extends ReturnType<typeof setInterval>>(timer: Timer): Timer {
  if (typeof timer === "object") timer.unref();
  return timer;
}
