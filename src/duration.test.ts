import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns } from "../test/support/fuzz.ts";
import { duration, formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  it.each([
    ["1s", 1_000],
    ["15m", 900_000],
    ["24h", 86_400_000],
    ["30d", 2_592_000_000],
  ])("parses %s to %i milliseconds", (text, result) => {
    expect(parseDuration(text, "x")).toBe(result);
  });

  // Some of these satisfy the template type `Duration`.
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
  ])("rejects %j and names the option", (text) => {
    expect(() => parseDuration(text, "idleTimeout")).toThrow(
      /^idleTimeout must be a duration such as "15m" or "30d"\. Received /,
    );
  });

  it.each([
    ["soon", 'Received "soon".'],
    [3_600, "Received 3600."],
    [["5m"], 'Received ["5m"].'],
    [undefined, "Received undefined."],
  ])("shows the rejected value %j", (value, received) => {
    expect(() => parseDuration(value, "expiresIn")).toThrow(received);
  });

  it("returns a positive integer or throws TypeError for any value", () => {
    const number = fc.oneof(fc.nat().map(String), fc.bigInt().map(String), fc.double().map(String));
    const text = fc.oneof(
      fc.tuple(number, fc.constantFrom("s", "m", "h", "d", "S", "ms", "")).map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
      fc.anything(),
    );
    fc.assert(
      fc.property(text, (value) => {
        let result: unknown;
        try {
          result = parseDuration(value, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        expect(Number.isInteger(result) && Number(result) > 0).toBe(true);
      }),
      fuzzRuns(2_000),
    );
  });
});

describe("formatDuration", () => {
  it.each([
    [1_500, "1.5 seconds"],
    [1_000, "1 second"],
    [60_000, "1 minute"],
    [90_000, "90 seconds"],
    [900_000, "15 minutes"],
    [3_600_000, "1 hour"],
    [86_400_000, "24 hours"],
    [30 * 86_400_000, "30 days"],
  ])("formats %d milliseconds as %s", (length, words) => {
    expect(formatDuration(length)).toBe(words);
  });
});

describe("duration", () => {
  it("returns a valid duration and throws on an invalid one", () => {
    expect(duration("30d")).toBe("30d");
    expect(() => duration("soon")).toThrow(TypeError);
  });
});
