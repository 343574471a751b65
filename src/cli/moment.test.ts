import { describe, expect, it } from "vitest";
import { formatMoment, formatSpan, parseMoment } from "./moment.ts";

const NOW = Date.UTC(2026, 0, 31, 12);

describe("parseMoment", () => {
  it.each([
    ["now", "2026-01-31T12:00:00.000Z"],
    ["90m", "2026-01-31T10:30:00.000Z"],
    ["7d", "2026-01-24T12:00:00.000Z"],
    ["2026-01-30", "2026-01-30T00:00:00.000Z"],
    ["2026-01-30T08:15", "2026-01-30T08:15:00.000Z"],
    ["2026-01-30T08:15:30.250Z", "2026-01-30T08:15:30.250Z"],
    ["2026-01-30T08:15+02:00", "2026-01-30T06:15:00.000Z"],
  ])("parses %s", (text, moment) => {
    expect(parseMoment(text, "--created-after", NOW).toISOString()).toBe(moment);
  });

  it.each([
    "",
    "yesterday",
    "7",
    "7w",
    "0d",
    "2026-02-30",
    "2026-13-01",
    "2026-1-1",
    "2026-01-30 08:15",
    "1769860800000",
  ])("rejects %j and names the flag", (text) => {
    expect(() => parseMoment(text, "--created-after", NOW)).toThrow(
      /^--created-after must be a date or a time ago/,
    );
  });
});

describe("formatSpan", () => {
  it.each([
    [0, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [86_399_999, "23h"],
    [86_400_000, "1d"],
    [400 * 86_400_000, "1y"],
  ])("formats %i ms as %s", (milliseconds, text) => {
    expect(formatSpan(milliseconds)).toBe(text);
  });
});

describe("formatMoment", () => {
  it("says how far away a moment is", () => {
    expect(formatMoment(new Date(NOW - 3 * 3_600_000), NOW)).toBe("2026-01-31 09:00:00Z (3h ago)");
    expect(formatMoment(new Date(NOW + 60_000), NOW)).toBe("2026-01-31 12:01:00Z (in 1m)");
  });
});
