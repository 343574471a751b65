import type { Store, StoreListener } from "../store.ts";
import type { CacheClock } from "./clock.ts";

/** The shortest and the longest pause between two attempts to subscribe, in milliseconds. */
const PAUSES = { first: 500, last: 30_000 } as const;

/** A subscription to a store that begins at the first use, and again after a failure. @internal */
export class Subscription {
  readonly #subscribe: () => Promise<() => Promise<void>>;
  readonly #clock: CacheClock;
  readonly #onError: (error: unknown) => void;
  #isBegun = false;
  #isOver = false;
  #stop: (() => Promise<void>) | undefined;
  #pause: number = PAUSES.first;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(
    store: Required<Pick<Store, "subscribe">>,
    listener: StoreListener,
    clock: CacheClock,
    onError: (error: unknown) => void,
  ) {
    this.#subscribe = () => store.subscribe(listener);
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Begins the subscription, unless it has begun or a failed attempt is too recent. No timer is needed: each miss asks again. */
  begin(): void {
    if (this.#isBegun || this.#isOver || this.#clock.elapsed() < this.#retryAt) return;
    this.#isBegun = true;
    void this.#begin();
  }

  async #begin(): Promise<void> {
    try {
      const stop = await this.#subscribe();
      if (this.#isOver) await stop();
      else this.#stop = stop;
    } catch (error) {
      if (this.#isOver) return;
      this.#isBegun = false;
      this.#retryAt = this.#clock.elapsed() + this.#pause;
      this.#pause = Math.min(2 * this.#pause, PAUSES.last);
      this.#onError(error);
    }
  }

  /** Ends the subscription for good. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#stop?.();
  }
}
