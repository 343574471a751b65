import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DATABASE_SWEEP, Sweeper, type SweeperOptions } from "./_sweeper.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A sweeper over so many dead records, told that it is five minutes past zero, and what it did at what time. */
function sweeping({ dead = 0, ...options }: Partial<SweeperOptions> & { readonly dead?: number } = {}) {
  const begun = performance.now();
  const swept: Array<readonly [at: number, deadBy: number, count: number]> = [];
  const errors: unknown[] = [];
  const sweeper = new Sweeper({
    ...DATABASE_SWEEP,
    batch: 10,
    sweep: async (deadBy, limit) => {
      const count = Math.min(dead, limit);
      dead -= count;
      swept.push([performance.now() - begun, deadBy, count]);
      return count;
    },
    onError: (error) => errors.push(error),
    ...options,
  });
  sweeper.tell(300_000);
  return { sweeper, swept, errors };
}

describe("Sweeper", () => {
  it("sweeps once a minute, by the latest time it was told and how long ago that was, less the slack", async () => {
    const { sweeper, swept } = sweeping();
    sweeper.start();
    sweeper.start();
    sweeper.tell(299_000);
    await vi.advanceTimersByTimeAsync(60_000);
    sweeper.tell(1_000_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(swept).toEqual([
      [60_000, 300_000, 0],
      [120_000, 1_000_000, 0],
    ]);
    sweeper.stop();
  });

  it("goes on after a full batch, with a pause, until one is not full", async () => {
    const { sweeper, swept } = sweeping({ dead: 25 });
    sweeper.start();
    await vi.advanceTimersByTimeAsync(119_999);
    expect(swept).toEqual([
      [60_000, 300_000, 10],
      [60_010, 300_010, 10],
      [60_020, 300_020, 5],
    ]);
    sweeper.stop();
  });

  it("stops between two batches when it is told to, and has no timer then", async () => {
    const { sweeper, swept } = sweeping({ dead: 1_000 });
    sweeper.start();
    await vi.advanceTimersByTimeAsync(60_015);
    expect(swept).toHaveLength(2);
    sweeper.stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(swept).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not sweep when it was stopped while it asked for its turn", async () => {
    const { sweeper, swept } = sweeping({
      claim: async () => {
        sweeper.stop();
        return true;
      },
    });
    sweeper.start();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(swept).toEqual([]);
  });

  it("does not begin anew when it was stopped", async () => {
    const { sweeper, swept } = sweeping();
    sweeper.stop();
    sweeper.start();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(swept).toEqual([]);
  });

  it("begins anew when it rested", async () => {
    const { sweeper, swept } = sweeping();
    sweeper.start();
    sweeper.rest();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(100_000);
    sweeper.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(swept.map(([at]) => at)).toEqual([160_000]);
    sweeper.stop();
  });

  it("sweeps in its own turn alone, for which it asks each time", async () => {
    const turns = [false, true, false];
    const asked: number[] = [];
    const claim = async (now: number) => {
      asked.push(now);
      return turns.shift() ?? false;
    };
    const { sweeper, swept } = sweeping({ dead: 15, claim });
    sweeper.start();
    await vi.advanceTimersByTimeAsync(180_000);
    expect(asked).toEqual([300_000, 360_000, 420_000]);
    expect(swept.map(([at]) => at)).toEqual([120_000, 120_010]);
    sweeper.stop();
  });

  it("ends its turn after forty seconds, before another's can begin, and leaves the rest to that", async () => {
    const { sweeper, swept } = sweeping({ dead: 1_000, pause: 15_000 });
    sweeper.start();
    await vi.advanceTimersByTimeAsync(140_000);
    expect(swept.map(([at]) => at)).toEqual([60_000, 75_000, 90_000, 120_000, 135_000]);
    sweeper.stop();
  });

  it("is not joined by another when it takes longer than the time between two", async () => {
    let running = 0;
    let most = 0;
    const sweep = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 150_000));
      return running--;
    };
    const { sweeper } = sweeping({ sweep });
    sweeper.start();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(most).toBe(1);
    sweeper.stop();
  });

  it.each(["claim", "sweep"])("tells of a %s that failed, and tries again at its time", async (step) => {
    const failing = async () => {
      throw new Error("no database");
    };
    const { sweeper, errors } = sweeping({ [step]: failing });
    sweeper.start();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(errors.map(String)).toEqual(["Error: no database", "Error: no database"]);
    sweeper.stop();
  });
});
