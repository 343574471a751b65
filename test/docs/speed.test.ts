import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SPEED_TABLES, withSpeedTable } from "../../bench/speed-table.ts";
import { ROOT } from "../support/entries.ts";

describe.each(Object.entries(SPEED_TABLES))("the speed table of %s", (page, write) => {
  const text = readFileSync(ROOT + page, "utf8");

  it("the speed table matches the benchmark's result files", () => {
    expect(withSpeedTable(text, write())).toBe(text);
  });

  it("the speed table changes with the results", () => {
    const cpu = (micros: number) => ({ cpu: [micros, micros, micros] });
    const peers = { "express-session": cpu(30), "better-auth": cpu(110) };
    const result = { bare: cpu(10), sessionup: cpu(12), ...peers };
    const inProcess = { "node bare": cpu(1), "node floor": cpu(2), "node sessionup": cpu(3) };
    const table = write((section) => ({
      date: "2026-01-02T03:04:05.678Z",
      machine: "1 × Abacus",
      load: [1.5, 1, 1],
      node: "v20.0.0 (V8 11)",
      result: section === "in-process" ? inProcess : result,
    }));
    expect(table).toMatch(
      page === "README.md"
        ? "| Redis | 2.0 | 20 | 100 |"
        : "| Koa, in memory |  | 2.0 | express-session 20 (10×), better-auth 100 (50×) |",
    );
    expect(withSpeedTable(text, table)).not.toBe(text);
  });
});
