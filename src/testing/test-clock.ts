import { type Duration, parseDuration } from "../duration.ts";

/**
 * A clock that stands still until it is turned.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { TestClock } from "sessionup/testing";
 *
 * const clock = new TestClock();
 * const manager = new Manager(memoryStore(), { idleTimeout: "30m", clock: clock.now });
 * clock.advance("31m"); // every session of it has now been idle for too long
 * ```
 */
export class TestClock {
  #now: number;

  /** Stands at `start`, in milliseconds since 1970. Default: noon of 1 January 2026, UTC. */
  constructor(start: number = Date.UTC(2026, 0, 1, 12)) {
    this.#now = start;
  }

  /** What a manager takes as its `clock`. */
  readonly now = (): number => this.#now;

  advance(duration: Duration): void {
    this.#now += parseDuration(duration, "advance");
  }

  /** To a moment in milliseconds since 1970, back in time too. */
  set(now: number): void {
    this.#now = now;
  }
}
