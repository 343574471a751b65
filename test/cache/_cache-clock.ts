import type { CacheClock } from "../../src/cache/clock.ts";
import { NOW } from "../support/record.ts";

/** The clocks and timers of a cache, which a test moves. */
export class TestCacheClock implements CacheClock {
  #elapsed = 0;
  #wall = NOW;
  #timers: Array<{ readonly at: number; readonly callback: () => void }> = [];

  elapsed(): number {
    return this.#elapsed;
  }

  wall(): number {
    return this.#wall;
  }

  schedule(callback: () => void, delay: number): void {
    this.#timers.push({ at: this.#elapsed + delay, callback });
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Lets time pass on both clocks, runs the timers that are due, and waits for what they do. */
  async pass(time: number): Promise<void> {
    this.#elapsed += time;
    this.#wall += time;
    const due = this.#timers.filter(({ at }) => at <= this.#elapsed);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { callback } of due) callback();
    await new Promise((resolve) => setTimeout(resolve));
  }

  /** Turns the wall clock. */
  turn(time: number): void {
    this.#wall += time;
  }
}
