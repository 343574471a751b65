import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { METRICS, type Metric } from "../../src/telemetry/metrics.ts";
import { OPERATIONS, toSnakeCase } from "../../src/telemetry/operations.ts";
import { ROOT } from "../support/entries.ts";

const PAGE = readFileSync(`${ROOT}docs/guides/monitoring.md`, "utf8");

const KINDS: Readonly<Record<Metric["kind"], string>> = {
  counter: "counter",
  upDownCounter: "up-down counter",
  histogram: "histogram",
};

/** The suffixes of OpenTelemetry's Prometheus exporter. */
const SUFFIXES: Readonly<Record<Metric["kind"], string>> = {
  counter: "_total",
  upDownCounter: "",
  histogram: "_bucket",
};

function toRow({ name, kind, unit, description, attributes }: Metric): string {
  const listed = Object.entries(attributes).map(([attribute, values]) =>
    values === "open"
      ? `\`${attribute}\``
      : `\`${attribute}\`: ${values.map((value) => `\`${value}\``).join(", ")}`,
  );
  const prometheus = name.replaceAll(".", "_") + SUFFIXES[kind];
  const names = `\`${name}\`<br>\`${prometheus}\``;
  return `| ${names} | ${KINDS[kind]} | \`${unit}\` | ${description} | ${listed.join("<br>")} |`;
}

describe("docs/guides/monitoring.md", () => {
  it("has one row for each metric of the code", () => {
    const [, table = ""] = /<!-- metrics -->\n(.*)<!-- \/metrics -->/s.exec(PAGE) ?? [];
    const rows = [
      "| Metric, in Prometheus | Kind | Unit | Meaning | Attributes |",
      "|---|---|---|---|---|",
      ...Object.values(METRICS).map(toRow),
    ];
    expect(`${table.trim()}\n`).toBe(`${rows.join("\n")}\n`);
  });

  it("names the span of each operation", () => {
    const missing = OPERATIONS.filter(
      (operation) => !PAGE.includes(`\`sessionup.${toSnakeCase(operation)}\``),
    );
    expect(missing).toEqual([]);
  });
});
