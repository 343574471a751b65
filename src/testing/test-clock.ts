import { type Duration, parseDuration } from "../duration.ts";

/**
 * A clock that stands still until the test moves it.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { TestClock } from "sessionup/testing";
 *
 * const clock = new TestClock();
 * const manager = new Manager(memoryStore(), { idleTimeout: "30m", clock: clock.now });
 * clock.advance("31m"); // every session of the manager has now exceeded its idle timeout
 * ```
 */
export class TestClock {
  #now: number;

  /** Starts the clock at `start`, in milliseconds since 1970. Default: noon of 1 January 2026, UTC. */
  constructor(start: number = Date.UTC(2026, 0, 1, 12)) {
    this.#now = start;
  }

  /** The option `clock` of a manager. */
  readonly now = (): number => this.#now;

  /** Moves the clock forward by a duration such as `"31m"`. */
  advance(duration: Duration): void {
    this.#now += parseDuration(duration, "advance");
  }

  /** Moves the clock to a time in milliseconds since 1970, which may be in the past. */
  set(now: number): void {
    this.#now = now;
  }
}
