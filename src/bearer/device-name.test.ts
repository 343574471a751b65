import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns } from "../../test/support/fuzz.ts";
import { toDeviceName } from "./device-name.ts";

describe("toDeviceName", () => {
  it.each<[given: unknown, name: string | undefined]>([
    ["Ana’s phone", "Ana’s phone"],
    ["  Ana's \t\r\n phone  ", "Ana's phone"],
    ["a\0b\u001b[31mc\u007fd\u0085e", "a b [31mc d e"],
    ["a\u2028b\u2029c", "a b c"],
    ["\u202egnp.exe\u2066", "gnp.exe"],
    ["x\ud800y", "x\ufffdy"],
    ["👩‍👧 tablet", "👩‍👧 tablet"],
    ["x".repeat(65), "x".repeat(64)],
    ["😀".repeat(65), "😀".repeat(64)],
    [`${"x".repeat(63)} y`, "x".repeat(63)],
    [" \u202e\n ", undefined],
    ["", undefined],
    [undefined, undefined],
    [null, undefined],
    [5, undefined],
    [{ toString: () => "phone" }, undefined],
    [["phone"], undefined],
  ])("turns %j into %j", (given, name) => {
    expect(toDeviceName(given)).toBe(name);
  });

  it("returns one line of well-formed text with at most 64 characters, or nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (given) => {
        const name = toDeviceName(given);
        if (name === undefined) return;
        expect(name.isWellFormed()).toBe(true);
        expect([...name].length).toBeLessThanOrEqual(64);
        expect(name).toBe(name.trim());
        expect(name).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      }),
      fuzzRuns(200),
    );
  });

  it("reads only the beginning of long text", () => {
    expect(toDeviceName(`${" ".repeat(1_024)}x`)).toBeUndefined();
    expect(toDeviceName("x".repeat(10_000_000))).toBe("x".repeat(64));
  });
});
