/** What a sweeper is made with; times in milliseconds. */
export interface SweeperOptions {
  readonly every: number;
  /** So many dead records go at a time. */
  readonly batch: number;
  /** Between two batches, where one is not enough: others have their turn. */
  readonly pause: number;
  /** So long after its end a record may still be there: the managers' clocks may be a little apart. */
  readonly slack: number;
  /** Whether it is this process's turn: true for one process, and for no other for `SWEEPS_APART`. Unset: always. */
  readonly claim?: (now: number) => Promise<boolean>;
  /** Removes up to `limit` records that were dead by `now`; how many. */
  readonly sweep: (now: number, limit: number) => Promise<number>;
  /** Hears of a sweep that failed; the next one is tried at its time. */
  readonly onError: (error: unknown) => void;
}

/** What every store over a database does unless it has a reason: seldom, in batches that nobody notices. */
export const DATABASE_SWEEP = { every: 60_000, batch: 1_000, pause: 10, slack: 60_000 } as const;

/** Another process may sweep when none has for so long: a little less than the time between two sweeps. */
export const SWEEPS_APART = 50_000;
/** So long one process sweeps at most; its last batch is over before another's turn. What is left waits for the next. */
const SWEEP_LASTS = 40_000;

/** Where a failed sweep is told of unless the app listens itself: a store that never sweeps fills its disk. */
export function warnOfSweep(error: unknown): void {
  console.warn("sessionup: dead sessions could not be cleared away; the next try is in a minute", error);
}

/**
 * Clears the dead away in the background, batch by batch until none is left, by a timer that keeps no process alive. A
 * store has no clock of its own: it goes by the latest time that it was told, and by how long ago that was.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #told = { now: Number.NEGATIVE_INFINITY, at: 0 };
  #sweeping = false;
  #stopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  tell(now: number): void {
    if (now > this.#told.now) this.#told = { now, at: performance.now() };
  }

  /** Begins, unless it has begun or was stopped. Call it when there is something to clear away one day. */
  start(): void {
    if (!this.#stopped) this.#timer ??= unrefed(setInterval(() => void this.#sweep(), this.#options.every));
  }

  /** Until it is started again; what is being swept away is its last batch. */
  rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** For good: when the store is closed, the app is about to close its database. */
  stop(): void {
    this.#stopped = true;
    this.rest();
  }

  async #sweep(): Promise<void> {
    // One that takes longer than the time between two is not joined by another.
    if (this.#sweeping) return;
    this.#sweeping = true;
    const { batch, pause, claim, sweep, onError } = this.#options;
    const end = performance.now() + SWEEP_LASTS;
    try {
      let more = !claim || (await claim(this.#deadBy()));
      while (more && this.#timer && performance.now() < end) {
        more = (await sweep(this.#deadBy(), batch)) >= batch;
        if (more) await new Promise((resolve) => void unrefed(setTimeout(resolve, pause)));
      }
    } catch (error) {
      onError(error);
    } finally {
      this.#sweeping = false;
    }
  }

  #deadBy(): number {
    return Math.floor(this.#told.now + (performance.now() - this.#told.at)) - this.#options.slack;
  }
}

/** A process must not stay alive for its dead sessions. Not every platform's timers know that. */
function unrefed<Timer extends ReturnType<typeof setInterval>>(timer: Timer): Timer {
  if (typeof timer === "object") timer.unref();
  return timer;
}
