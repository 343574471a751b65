import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { speedTable, withSpeedTable } from "../../bench/speed-table.ts";
import { ROOT } from "../support/entries.ts";

const readme = readFileSync(`${ROOT}README.md`, "utf8");

describe("the speed table of the README", () => {
  it("the speed table matches the benchmark's result files", () => {
    expect(withSpeedTable(readme, speedTable())).toBe(readme);
  });

  it("the speed table changes with the results", () => {
    const cpu = (micros: number) => ({ cpu: [micros, micros, micros] });
    const result = { bare: cpu(10), sessionup: cpu(12), other: cpu(30) };
    const inProcess = { "node bare": cpu(1), "node floor": cpu(2), "node sessionup": cpu(3) };
    const table = speedTable((section) => ({
      date: "2026-01-02T03:04:05.678Z",
      machine: "1 × Abacus",
      load: [1.5, 1, 1],
      node: "v20.0.0 (V8 11)",
      result: section === "in-process" ? inProcess : result,
    }));
    expect(table).toContain("| in process, in memory | 1.0 | 2.0 |  |");
    expect(table).toContain("| Koa, in memory |  | 2.0 | other 20 (10×) |");
    expect(withSpeedTable(readme, table)).not.toBe(readme);
  });
});
