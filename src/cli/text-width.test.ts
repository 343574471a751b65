import { describe, expect, it } from "vitest";
import { measureWidth, pad, truncate, wrap } from "./text-width.ts";

describe("measureWidth", () => {
  it.each([
    ["abc", 3],
    ["日本", 4],
    ["한국", 4],
    ["ＡＢ", 4],
    ["e\u0301", 1],
    ["👍", 2],
    ["👍🏽", 2],
    ["👨‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤️", 2],
    ["©", 1],
    ["…", 1],
    ["", 0],
  ])("measures %s as %i columns", (text, width) => {
    expect(measureWidth(text)).toBe(width);
  });
});

describe("truncate", () => {
  it.each([
    ["abcdef", 6, "abcdef"],
    ["abcdef", 5, "abcd…"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 4, "👨‍👩‍👧…"],
  ])("shortens %s to %i columns", (text, columns, shortened) => {
    expect(truncate(text, columns)).toBe(shortened);
    expect(measureWidth(shortened)).toBeLessThanOrEqual(columns);
  });
});

describe("pad", () => {
  it("fills by columns rather than by characters", () => {
    expect(pad("日", 4)).toBe("日  ");
    expect(pad("abc", 2)).toBe("abc");
  });
});

describe("wrap", () => {
  it("breaks between words, and keeps a word that is too long", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("extraordinary fact", 5)).toEqual(["extraordinary", "fact"]);
  });
});
