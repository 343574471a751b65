import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../scripts/check-node.cjs", import.meta.url));

function runWithVersion(version: string): { status: number | null; stderr: string } {
  const pretend = `Object.defineProperty(process, "versions", { value: { node: "${version}" } });`;
  return spawnSync(process.execPath, ["-e", `${pretend} require(${JSON.stringify(script)})`], {
    encoding: "utf8",
  });
}

describe("check-node", () => {
  it.each(["20.19.0", "20.20.2", "22.0.0", "24.1.0", "100.0.0"])(
    "check-node accepts Node %s without output",
    (version) => {
      expect(runWithVersion(version)).toMatchObject({ status: 0, stderr: "" });
    },
  );

  it.each(["20.18.3", "18.20.4", "8.17.0"])("check-node rejects Node %s with one line", (version) => {
    const needs = `sessionup: needs Node 20.19 or newer, this is Node ${version}\n`;
    expect(runWithVersion(version)).toMatchObject({ status: 1, stderr: needs });
  });

  it("check-node runs before the tests and the demo", () => {
    const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect([scripts.pretest, scripts.predemo]).toEqual(Array(2).fill("node scripts/check-node.cjs"));
  });
});
