// cspell:ignore Firef
import { describe, expect, it } from "vitest";
import { type Column, formatRow, formatTitles, layOut } from "./table.ts";
import { measureWidth } from "./text-width.ts";

const COLUMNS: readonly Column[] = [
  { title: "ID" },
  { title: "USER", min: 6 },
  { title: "CLIENT", min: 6, optional: true },
  { title: "AGE", right: true },
];

function table(rows: ReadonlyArray<readonly string[]>, width?: number): readonly string[] {
  const layout = layOut(COLUMNS, rows, width);
  return [formatTitles(layout), ...rows.map((row) => formatRow(layout, row))];
}

describe("a table", () => {
  it("aligns its columns, numbers at the right", () => {
    expect(
      table([
        ["a1", "ann", "Firefox", "12d"],
        ["b22", "日本", "", "3h"],
      ]),
    ).toEqual(["ID   USER  CLIENT   AGE", "a1   ann   Firefox  12d", "b22  日本            3h"]);
  });

  it("shortens optional columns first, then the others, until the lines fit", () => {
    const rows = [["a1", "a-very-long-user-key", "Firefox, macOS", "12d"]];
    expect(table(rows, 32)).toEqual(["ID  USER             CLIENT  AGE", "a1  a-very-long-us…  Firef…  12d"]);
    for (const line of table(rows, 32)) expect(measureWidth(line)).toBeLessThanOrEqual(32);
  });

  it("leaves out optional columns that do not fit, and never shortens an id", () => {
    expect(table([["abcdefghijkl", "ann@example.com", "Firefox", "12d"]], 25)).toEqual([
      "ID            USER    AGE",
      "abcdefghijkl  ann@e…  12d",
    ]);
  });

  it("aligns wide characters and emoji", () => {
    const rows = [
      ["a", "日本語ユーザー", "👨‍👩‍👧 home", "1d"],
      ["b", "ann", "Chrome", "2d"],
    ];
    const lines = table(rows, 30);
    const ends = lines.map((line) => measureWidth(line));
    expect(new Set(ends).size).toBe(1);
  });
});
