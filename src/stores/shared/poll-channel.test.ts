import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HeardEvents } from "../../../test/support/heard-events.ts";
import { memoryStore } from "../memory.ts";
import { addPolling, type EventLog, type EventPage } from "./poll-channel.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A log whose reads the test answers. A position is the number of events before it. */
class Log implements EventLog<number> {
  readonly positions: number[] = [];
  readonly #answers: Array<WaitingRead> = [];
  latestFails = false;

  async latest(): Promise<number> {
    if (this.latestFails) throw new Error("no answer");
    return 10;
  }

  readAfter(position: number): Promise<EventPage<number> | undefined> {
    this.positions.push(position);
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  }

  /** Answers the read that waits. */
  async answer(page: EventPage<number> | undefined): Promise<void> {
    this.#answers.shift()?.resolve(page);
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(): Promise<void> {
    this.#answers.shift()?.reject(new Error("no answer"));
    await vi.advanceTimersByTimeAsync(0);
  }
}

interface WaitingRead {
  resolve(page: EventPage<number> | undefined): void;
  reject(error: unknown): void;
}

const ended = (...ids: readonly string[]) => JSON.stringify(["revoked", "ann", ...ids]);
const page = (position: number, messages: readonly string[] = [], more = false) => ({
  messages,
  position,
  more,
});

async function subscribed() {
  const log = new Log();
  const store = addPolling(memoryStore(), log, 500, (userKey) => userKey);
  const heard = new HeardEvents();
  const stop = await store.subscribe?.(heard);
  await vi.advanceTimersByTimeAsync(0);
  return { log, store, heard, stop: async () => stop?.() };
}

describe("addPolling", () => {
  it("reads at the interval from the position that the previous read returned", async () => {
    const { log, heard, stop } = await subscribed();
    await vi.advanceTimersByTimeAsync(499);
    expect(log.positions).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(log.positions).toEqual([10]);
    await log.answer(page(12, [ended("a", "b"), ended("c")]));
    expect(heard.ids).toEqual(["a", "b", "c"]);
    await vi.advanceTimersByTimeAsync(500);
    expect(log.positions).toEqual([10, 12]);
    await stop();
  });

  it("starts no read while one is running", async () => {
    const { log, stop } = await subscribed();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log.positions).toEqual([10]);
    await log.answer(page(11));
    await vi.advanceTimersByTimeAsync(500);
    expect(log.positions).toEqual([10, 11]);
    await stop();
  });

  it("reads at once when there may be more events", async () => {
    const { log, heard, stop } = await subscribed();
    await vi.advanceTimersByTimeAsync(500);
    await log.answer(page(11, [ended("a")], true));
    expect(log.positions).toEqual([10, 11]);
    await log.answer(page(12, [ended("b")]));
    expect(log.positions).toEqual([10, 11]);
    expect(heard.ids).toEqual(["a", "b"]);
    await stop();
  });

  it("reports a read that fails, and begins at the latest event when the log answers again", async () => {
    const { log, heard, stop } = await subscribed();
    await vi.advanceTimersByTimeAsync(500);
    log.latestFails = true;
    await log.fail();
    expect(heard.states).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(heard.states).toEqual([true, false]);
    log.latestFails = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(heard.states).toEqual([true, false, true]);
    await vi.advanceTimersByTimeAsync(500);
    expect(log.positions).toEqual([10, 10]);
    await stop();
  });

  it("reports events that were removed before they were read", async () => {
    const { log, heard, stop } = await subscribed();
    await vi.advanceTimersByTimeAsync(500);
    await log.answer(undefined);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(heard.states).toEqual([true, false, true]);
    await stop();
  });

  it.each(["stop", "close"] as const)(
    "delivers nothing and reads no more after %s during a read",
    async (how) => {
      const { log, store, heard, stop } = await subscribed();
      await vi.advanceTimersByTimeAsync(500);
      await (how === "stop" ? stop() : store.close?.());
      await log.answer(page(11, [ended("a")], true));
      await vi.advanceTimersByTimeAsync(10_000);
      expect(log.positions).toEqual([10]);
      expect(heard.ids).toEqual([]);
      expect(heard.states).toEqual([true]);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("listeners share the reads, until the last one has left", async () => {
    const { log, store, heard, stop } = await subscribed();
    const second = new HeardEvents();
    const stopSecond = await store.subscribe?.(second);
    await stop();
    await vi.advanceTimersByTimeAsync(500);
    await log.answer(page(11, [ended("a")]));
    expect([heard.ids, second.ids]).toEqual([[], ["a"]]);
    await stopSecond?.();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ignores a message that is not an event, such as the table's first row", async () => {
    const { log, heard, stop } = await subscribed();
    await vi.advanceTimersByTimeAsync(500);
    await log.answer(page(13, ["", "{}", "[1]", ended("a")]));
    expect(heard.ids).toEqual(["a"]);
    expect(heard.states).toEqual([true]);
    await stop();
  });
});
