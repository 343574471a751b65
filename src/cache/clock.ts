/** The clocks and the timer of a cache. Tests have their own. @internal */
export interface CacheClock {
  /** Milliseconds that only increase. They stand still while a virtual machine is suspended. */
  elapsed(): number;
  /** Milliseconds of the wall clock, since any moment. It can be turned. */
  wall(): number;
  /** Calls back once, after some milliseconds. */
  schedule(callback: () => void, delay: number): void;
}

/** A moment on both clocks. @internal */
export interface Moment {
  readonly elapsed: number;
  readonly wall: number;
}

/** @internal */
export function createSystemClock(): CacheClock {
  const start = Date.now();
  return {
    elapsed: () => performance.now(),
    // Since the start, so that the engine keeps it as a small integer: a hit is faster, and an entry smaller.
    wall: () => Date.now() - start,
    schedule(callback, delay) {
      const timer = setTimeout(callback, delay);
      // Activity that waits must not keep a process alive. The timers of some platforms have no `unref`.
      if (typeof timer === "object") timer.unref();
    },
  };
}

/** Returns the present moment. It is at most a millisecond early, so that nothing seems younger than it is. @internal */
export function readClock(clock: CacheClock): Moment {
  return { elapsed: Math.floor(clock.elapsed()), wall: clock.wall() };
}

/** Whether less than `age` milliseconds have passed since a moment, by both clocks. A clock that was turned back hides its age. @internal */
export function isYounger(moment: Moment, age: number, clock: CacheClock): boolean {
  const passed = clock.wall() - moment.wall;
  return passed >= 0 && passed < age && clock.elapsed() - moment.elapsed < age;
}

/** Returns the milliseconds since a moment, rounded up: the longer time of both clocks. @internal */
export function measureTime(moment: Moment, clock: CacheClock): number {
  return Math.ceil(Math.max(clock.elapsed() - moment.elapsed, clock.wall() - moment.wall));
}
