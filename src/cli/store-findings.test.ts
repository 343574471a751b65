import { describe, expect, it } from "vitest";
import { judgeNode } from "./commands/doctor.ts";
import { judgeClock, judgeSchema, judgeSettings } from "./store-findings.ts";

describe("judgeNode", () => {
  it.each([
    ["20.19.0", "ok"],
    ["22.1.0", "ok"],
    ["20.18.3", "fail"],
    ["18.20.4", "fail"],
  ])("judges Node %s as %s", (version, status) => {
    expect(judgeNode(version).status).toBe(status);
  });
});

describe("judgeSchema", () => {
  it.each([
    [0, "fail", "Run: sessionup migrate"],
    [2, "fail", "Run: sessionup migrate"],
    [3, "ok", undefined],
    [4, "fail", "Upgrade sessionup: a later release has upgraded the tables."],
  ])("judges tables of version %i, where 3 is needed, as %s", (found, status, fix) => {
    const [finding] = judgeSchema({ schema: { found, needed: 3 } });
    expect([finding?.status, finding?.fix]).toEqual([status, fix]);
  });

  it("judges the tables of the audit trail too", () => {
    const schema = { found: 3, needed: 3 };
    const [tables, trail] = judgeSchema({ schema, auditSchema: { found: 0, needed: 1 } });
    expect(tables).toMatchObject({ status: "ok", name: "tables" });
    expect(trail).toEqual({
      status: "fail",
      name: "audit tables",
      text: "There are no tables of the audit trail.",
      fix: "Run: sessionup migrate",
    });
  });

  it("says nothing about a store without tables", () => {
    expect(judgeSchema({})).toEqual([]);
  });
});

describe("judgeClock", () => {
  it.each([
    [0, "ok"],
    [-1_000, "ok"],
    [1_010, "ok"],
    [1_011, "warn"],
    [-30_000, "warn"],
    [30_001, "fail"],
  ])("judges a difference of %i ms, asked within 10 ms, as %s", (skew, status) => {
    expect(judgeClock(skew, 10)[0]?.status).toBe(status);
  });

  it("says which clock is ahead", () => {
    expect(judgeClock(2_500, 0)[0]?.text).toBe("The store's clock is 2.5 s ahead of this machine's.");
    expect(judgeClock(-2_500, 0)[0]?.text).toBe("The store's clock is 2.5 s behind this machine's.");
  });
});

describe("judgeSettings", () => {
  it("turns each warning of the engine into a finding", () => {
    expect(judgeSettings({ warnings: ["a", "b"] }).map(({ status, text }) => [status, text])).toEqual([
      ["warn", "a"],
      ["warn", "b"],
    ]);
    expect(judgeSettings({})[0]?.status).toBe("ok");
  });
});
