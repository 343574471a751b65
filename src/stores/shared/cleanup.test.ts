import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hearMessages } from "../../../test/support/heard-messages.ts";
import { parseOptions } from "../../options/parsers.ts";
import {
  Cleanup,
  type CleanupMessage,
  type CleanupOptions,
  type CleanupPlan,
  cleanupOptions,
  DATABASE_CLEANUP,
} from "./cleanup.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Returns a cleanup over `expired` records whose clock reads 300 000 ms, and a log of its removals. */
function cleaning(
  { expired = 0, ...plan }: Partial<CleanupPlan> & { readonly expired?: number } = {},
  options: CleanupOptions = {},
) {
  const begun = performance.now();
  const removals: Array<readonly [at: number, endedBy: number, count: number]> = [];
  const errors: unknown[] = [];
  const cleanup = new Cleanup(
    parseOptions(
      { onCleanupError: (error: unknown) => errors.push(error), ...options },
      cleanupOptions("1m"),
      "store",
      "",
    ),
    {
      ...DATABASE_CLEANUP,
      batch: 10,
      remove: async (endedBy, limit) => {
        const count = Math.min(expired, limit);
        expired -= count;
        removals.push([performance.now() - begun, endedBy, count]);
        return count;
      },
      ...plan,
    },
  );
  cleanup.tell(300_000);
  return { cleanup, removals, errors };
}

describe("Cleanup", () => {
  it("runs once a minute by the latest reported time plus the time since, minus the slack", async () => {
    const { cleanup, removals } = cleaning();
    cleanup.start();
    cleanup.start();
    cleanup.tell(299_000);
    await vi.advanceTimersByTimeAsync(60_000);
    cleanup.tell(1_000_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(removals).toEqual([
      [60_000, 300_000, 0],
      [120_000, 1_000_000, 0],
    ]);
    cleanup.stop();
  });

  it("runs at the interval that cleanupEvery sets", async () => {
    const { cleanup, removals } = cleaning({}, { cleanupEvery: "5m" });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(900_000);
    expect(removals.map(([at]) => at)).toEqual([300_000, 600_000, 900_000]);
    cleanup.stop();
  });

  it("never runs and has no timer when cleanupEvery is false", async () => {
    const { cleanup, removals } = cleaning({ expired: 10 }, { cleanupEvery: false });
    cleanup.start();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(removals).toEqual([]);
  });

  it.each([
    [{ cleanupEvery: 60 as never }, "cleanupEvery"],
    [{ cleanupEvery: "0s" as const }, "cleanupEvery"],
    [{ cleanupEvery: "25d" as const }, "cleanupEvery must be at most"],
    [{ cleanupEvery: true as never }, "cleanupEvery"],
    [{ onCleanupError: "log" as never }, "onCleanupError must be a function"],
  ])("rejects the options %o", (options, message) => {
    expect(() => cleaning({}, options)).toThrow(TypeError);
    expect(() => cleaning({}, options)).toThrow(message);
  });

  it("continues after a pause until a batch is not full", async () => {
    const { cleanup, removals } = cleaning({ expired: 25 });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(119_999);
    expect(removals).toEqual([
      [60_000, 300_000, 10],
      [60_010, 300_010, 10],
      [60_020, 300_020, 5],
    ]);
    cleanup.stop();
  });

  it("stop ends a cleanup between two batches and removes the timer", async () => {
    const { cleanup, removals } = cleaning({ expired: 1_000 });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(60_015);
    expect(removals).toHaveLength(2);
    cleanup.stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(removals).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("removes nothing after a stop() during the claim of its turn", async () => {
    const { cleanup, removals } = cleaning({
      claim: async () => {
        cleanup.stop();
        return true;
      },
    });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(removals).toEqual([]);
  });

  it("does not start again after stop()", async () => {
    const { cleanup, removals } = cleaning();
    cleanup.stop();
    cleanup.start();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(removals).toEqual([]);
  });

  it("starts again after rest()", async () => {
    const { cleanup, removals } = cleaning();
    cleanup.start();
    cleanup.rest();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(100_000);
    cleanup.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(removals.map(([at]) => at)).toEqual([160_000]);
    cleanup.stop();
  });

  it("claims a turn at every interval and runs only when the claim succeeds", async () => {
    const turns = [false, true, false];
    const claims: Array<readonly [now: number, apart: number]> = [];
    const claim = async (now: number, apart: number) => {
      claims.push([now, apart]);
      return turns.shift() ?? false;
    };
    const { cleanup, removals } = cleaning({ expired: 15, claim });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(180_000);
    expect(claims).toEqual([
      [300_000, 50_000],
      [360_000, 50_000],
      [420_000, 50_000],
    ]);
    expect(removals.map(([at]) => at)).toEqual([120_000, 120_010]);
    cleanup.stop();
  });

  it("publishes each of its turns with the number of removed records, and the error that stopped it", async () => {
    const all = hearMessages<CleanupMessage>("sessionup:cleanup");
    // The stores of other tests in this process remove nothing meanwhile.
    const messages = () => all.filter(({ removed }) => removed > 0);
    const turns = [false, true, true];
    const lost = new Error("the connection was lost");
    const claim = async () => turns.shift() ?? true;
    const counts = [10, 5, 10];
    const remove = async () => {
      const count = counts.shift();
      if (count === undefined) throw lost;
      return count;
    };
    const { cleanup, errors } = cleaning({ claim, remove });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(messages()).toEqual([]);
    await vi.advanceTimersByTimeAsync(120_010);
    expect(messages()).toEqual([{ removed: 15 }, { removed: 10, error: lost }]);
    expect(errors).toEqual([lost]);
    cleanup.stop();
  });

  it("ends its turn after two thirds of the interval, before another process can claim one", async () => {
    const { cleanup, removals } = cleaning({ expired: 1_000, pause: 15_000 });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(140_000);
    expect(removals.map(([at]) => at)).toEqual([60_000, 75_000, 90_000, 120_000, 135_000]);
    cleanup.stop();
  });

  it("does not overlap with itself when a run takes longer than the interval", async () => {
    let running = 0;
    let most = 0;
    const remove = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 150_000));
      return running--;
    };
    const { cleanup } = cleaning({ remove });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(most).toBe(1);
    cleanup.stop();
  });

  it.each(["claim", "remove"])("reports a failed %s and retries at the next interval", async (step) => {
    const failing = async () => {
      throw new Error("no database");
    };
    const { cleanup, errors } = cleaning({ [step]: failing });
    cleanup.start();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(errors.map(String)).toEqual(["Error: no database", "Error: no database"]);
    cleanup.stop();
  });
});
