import { readFileSync } from "node:fs";
import { createHistogram, monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";

/**
 * How long this process's main thread was ready to run and waited for a processor, in milliseconds since it began: other
 * programs' doing. Where the system does not tell, 0.
 */
export function waited() {
  try {
    return Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

/**
 * How long the event loop kept everybody waiting, by Node's own monitor and by a timer's gaps, without the time that the
 * process waited for a processor; and the collections of garbage.
 */
export class Watch {
  #delay = monitorEventLoopDelay({ resolution: 1 });
  #gaps = createHistogram();
  /** @type {{ startTime: number, duration: number }[]} */
  #collections = [];
  #observer = new PerformanceObserver((list) => this.#note(list));
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  start() {
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#delay.enable();
    let last = performance.now();
    let lastWaited = waited();
    const look = () => {
      const now = performance.now();
      const nowWaited = waited();
      // A timer of a millisecond is due after one: what is more was waited for.
      const gap = now - last - 1;
      this.#gaps.record(Math.max(1, Math.round((gap - (nowWaited - lastWaited)) * 1e6)));
      last = now;
      lastWaited = nowWaited;
      this.#timer = setTimeout(look, 1);
    };
    this.#timer = setTimeout(look, 1);
    return this;
  }

  /** In milliseconds. */
  async stop() {
    // What is still to be told has been told by then.
    await new Promise((resolve) => setTimeout(resolve, 20));
    clearTimeout(this.#timer);
    this.#delay.disable();
    this.#observer.disconnect();
    return {
      p999: this.#gaps.percentile(99.9) / 1e6,
      max: this.#gaps.max / 1e6,
      // The machine's other work is in these.
      monitorP999: this.#delay.percentile(99.9) / 1e6,
      monitorMax: this.#delay.max / 1e6,
      longestGc: Math.max(0, ...this.#collections.map(({ duration }) => duration)),
    };
  }

  /** How long garbage was collected between two moments. */
  collecting(/** @type {number} */ from, /** @type {number} */ to) {
    let sum = 0;
    for (const { startTime, duration } of this.#collections)
      sum += Math.max(0, Math.min(to, startTime + duration) - Math.max(from, startTime));
    return sum;
  }

  #note(/** @type {import("node:perf_hooks").PerformanceObserverEntryList} */ list) {
    for (const { startTime, duration } of list.getEntries()) this.#collections.push({ startTime, duration });
  }
}
