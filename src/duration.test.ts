import { describe, expect, it } from "vitest";
import { duration, milliseconds } from "./duration.ts";

describe("milliseconds", () => {
  it.each([
    ["1s", 1_000],
    ["15m", 900_000],
    ["24h", 86_400_000],
    ["30d", 2_592_000_000],
  ])("makes %s %i", (text, result) => {
    expect(milliseconds(text, "x")).toBe(result);
  });

  // Some of these compile as a template type.
  it.each([
    "",
    "0s",
    "-5m",
    "1e3d",
    "1.5h",
    "5",
    "m",
    "5 m",
    " 5m",
    "5M",
    "05m",
    "5mm",
    "Infinityd",
    "99999999999d",
    5,
    null,
  ])("refuses %j, and names the option", (text) => {
    expect(() => milliseconds(text, "idleTimeout")).toThrow(
      /^idleTimeout: needs a whole number above zero and/,
    );
  });
});

describe("duration", () => {
  it("gives back what it has checked", () => {
    expect(duration("30d")).toBe("30d");
    expect(() => duration("soon")).toThrow(TypeError);
  });
});
