/** What a sweeper is made with; times in milliseconds. */
export interface SweeperOptions {
  readonly every: number;
  /** So many dead records go at a time. */
  readonly batch: number;
  /** So long after its end a record may still be there: the managers' clocks may be a little apart. */
  readonly slack: number;
  /** Removes up to `limit` records that were dead by `now`; how many. */
  readonly sweep: (now: number, limit: number) => Promise<number>;
  /** Hears of a sweep that failed; the next one is tried at its time. */
  readonly onError: (error: unknown) => void;
}

/** What every store over a database does unless it has a reason: seldom, in batches that nobody notices. */
export const DATABASE_SWEEP = { every: 60_000, batch: 1_000, slack: 60_000 } as const;

/** Where a failed sweep is told of unless the app listens itself: a store that never sweeps fills its disk. */
export function warnOfSweep(error: unknown): void {
  console.warn("sessionup: dead sessions could not be cleared away; the next try is in a minute", error);
}

/**
 * Clears the dead away in the background, a batch at a time, by a timer that keeps no process alive. A store has no
 * clock of its own: it goes by the latest time that it was told, and by how long ago that was.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #told = { now: Number.NEGATIVE_INFINITY, at: 0 };
  #sweeping = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  tell(now: number): void {
    if (now > this.#told.now) this.#told = { now, at: performance.now() };
  }

  /** Begins, unless it has begun. Call it when there is something to clear away one day. */
  start(): void {
    this.#timer ??= unrefed(setInterval(() => void this.#tick(), this.#options.every));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #tick(): Promise<void> {
    // One that takes longer than the time between two is not joined by another.
    if (this.#sweeping) return;
    this.#sweeping = true;
    const { slack, batch, sweep, onError } = this.#options;
    try {
      const now = this.#told.now + (performance.now() - this.#told.at);
      await sweep(Math.floor(now) - slack, batch);
    } catch (error) {
      onError(error);
    } finally {
      this.#sweeping = false;
    }
  }
}

/** A process must not stay alive for its dead sessions. Not every platform's timers know that. */
function unrefed(timer: ReturnType<typeof setInterval>): ReturnType<typeof setInterval> {
  if (typeof timer === "object") timer.unref();
  return timer;
}
