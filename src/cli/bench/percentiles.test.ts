import { expect, it } from "vitest";
import { formatMilliseconds, summarize } from "./percentiles.ts";

it("summarizes times by values that were measured", () => {
  const times = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(summarize(times)).toEqual({ p50: 100, p95: 190, p99: 198, max: 200 });
  expect(summarize([3])).toEqual({ p50: 3, p95: 3, p99: 3, max: 3 });
});

it.each([
  [0.0123, "0.012 ms"],
  [1.234, "1.23 ms"],
  [12.34, "12.3 ms"],
  [123.4, "123 ms"],
])("formats %f ms with three digits", (time, text) => {
  expect(formatMilliseconds(time)).toBe(text);
});
