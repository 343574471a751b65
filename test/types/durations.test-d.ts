import { type Duration, duration, Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expectTypeOf, it } from "vitest";

declare const text: string;

describe("the type of a duration", () => {
  it("a duration is a number and a unit", () => {
    new Manager(memoryStore(), { expiresIn: "30d", idleTimeout: "15m" });
    expectTypeOf<"90s">().toExtend<Duration>();
    expectTypeOf<"12h">().toExtend<Duration>();
  });

  it("a bare number is not a duration, because it has no unit", () => {
    // @ts-expect-error a number
    new Manager(memoryStore(), { expiresIn: 30_000 });
    // @ts-expect-error a number
    new Manager(memoryStore(), { idleTimeout: 30_000 });
    // @ts-expect-error a number
    new TestClock().advance(30_000);
  });

  it("spelled-out and unknown units are not durations", () => {
    // @ts-expect-error a spelled-out unit
    new Manager(memoryStore(), { idleTimeout: "5 minutes" });
    // @ts-expect-error no unit
    new Manager(memoryStore(), { idleTimeout: "5" });
    // @ts-expect-error weeks
    new Manager(memoryStore(), { idleTimeout: "2w" });
    // @ts-expect-error milliseconds
    new Manager(memoryStore(), { idleTimeout: "500ms" });
  });

  it("duration() returns a duration for any string", () => {
    // @ts-expect-error any string
    new Manager(memoryStore(), { expiresIn: text });
    new Manager(memoryStore(), { expiresIn: duration(text) });
  });
});
