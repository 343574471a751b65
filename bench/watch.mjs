import { readFileSync } from "node:fs";
import { createHistogram, monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";

/**
 * Returns how long this process's main thread has waited for a processor since it started, in milliseconds. Other programs cause
 * this time. Returns 0 where the system does not report it.
 */
export function processorWait() {
  try {
    return Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

/**
 * Measures how long the event loop was blocked, with Node's monitor and with the gaps of a timer, and how long garbage collections
 * took. The gaps exclude the time for which the process waited for a processor.
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
    let lastWait = processorWait();
    const check = () => {
      const now = performance.now();
      const wait = processorWait();
      // The timer is due after one millisecond. Any more is delay.
      const gap = now - last - 1;
      this.#gaps.record(Math.max(1, Math.round((gap - (wait - lastWait)) * 1e6)));
      last = now;
      lastWait = wait;
      this.#timer = setTimeout(check, 1);
    };
    this.#timer = setTimeout(check, 1);
    return this;
  }

  /** Stops and returns the delays in milliseconds. */
  async stop() {
    // Wait for pending entries of the observer.
    await new Promise((resolve) => setTimeout(resolve, 20));
    clearTimeout(this.#timer);
    this.#delay.disable();
    this.#observer.disconnect();
    return {
      p999: this.#gaps.percentile(99.9) / 1e6,
      max: this.#gaps.max / 1e6,
      // These include delays that other programs cause.
      monitorP999: this.#delay.percentile(99.9) / 1e6,
      monitorMax: this.#delay.max / 1e6,
      longestGc: Math.max(0, ...this.#collections.map(({ duration }) => duration)),
    };
  }

  /** Returns the time spent on garbage collection between two moments. */
  gcTime(/** @type {number} */ from, /** @type {number} */ to) {
    let sum = 0;
    for (const { startTime, duration } of this.#collections)
      sum += Math.max(0, Math.min(to, startTime + duration) - Math.max(from, startTime));
    return sum;
  }

  #note(/** @type {import("node:perf_hooks").PerformanceObserverEntryList} */ list) {
    for (const { startTime, duration } of list.getEntries()) this.#collections.push({ startTime, duration });
  }
}
