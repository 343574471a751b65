import { readFileSync } from "node:fs";
import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { beforeAll, describe, expect, it } from "vitest";
import { METRICS, type Metric } from "../../src/telemetry/metrics.ts";
import { Browser, testSessions } from "../support/browser.ts";
import { ROOT } from "../support/entries.ts";
import { startSdk } from "./sdk.ts";

interface Rules {
  readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<Readonly<Record<string, unknown>>> }>;
}

const FOLDER = `${ROOT}docs/public/monitoring/`;
const DASHBOARD = readFileSync(`${FOLDER}grafana-dashboard.json`, "utf8");
const RULES = readFileSync(`${FOLDER}prometheus-rules.yml`, "utf8");

/** The series that Prometheus would read: their names, and the labels of each. */
const series = new Map<string, Set<string>>();
let rules: Rules;

beforeAll(async () => {
  const sdk = await startSdk();
  rules = (await import("yaml")).parse(RULES) as Rules;
  const manager = new Manager(memoryStore(), { telemetry: sdk.telemetry });
  const sessions = testSessions(manager);
  const browser = new Browser();
  await browser.visit((request) => sessions.init(request, "ann"));
  await browser.visit(sessions.authorize);
  for (const line of (await sdk.prometheus()).split("\n")) {
    const [, name, labels = ""] = /^([a-z_]+)(?:\{(.*)\})? \S/.exec(line) ?? [];
    if (name === undefined || !name.startsWith("sessionup_")) continue;
    const known = series.get(name) ?? new Set();
    for (const [, label = ""] of labels.matchAll(/(\w+)="/g)) known.add(label);
    series.set(name, known);
  }
  await manager.close();
}, 600_000);

/** Collects the values of a property, at any depth. */
function collect(value: unknown, wanted: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === wanted && typeof member === "string" ? [member] : collect(member, wanted),
  );
}

const queries = () => [
  ...collect(JSON.parse(DASHBOARD), "expr"),
  ...collect(JSON.parse(DASHBOARD), "definition"),
  ...collect(rules, "expr"),
];

/** Names that begin like a metric are metrics, labels, or the values of labels. */
const namesIn = (text: string) =>
  [...text.replaceAll("(_seconds)?", "").matchAll(/\bsessionup_\w+/g)].map(([name]) => name);

/** The label of an attribute that only failures have. */
const LABELS_OF_FAILURES = ["error_type"];

describe("docs/public/monitoring", () => {
  it("the dashboard and the alerts use only metrics and labels that the exporter for Prometheus produces", () => {
    const labels = new Set([...series.values()].flatMap((each) => [...each]));
    const used = [...new Set(queries().flatMap(namesIn))];
    expect(used.length).toBeGreaterThan(20);
    expect(used.filter((name) => !series.has(name) && !labels.has(name))).toEqual([]);
  });

  it("each metric has the labels by which a query selects or groups it", () => {
    const wrong = queries().flatMap((query) => {
      const names = namesIn(query).filter((name) => series.has(name));
      const known = new Set([
        "__name__",
        "job",
        "le",
        ...LABELS_OF_FAILURES,
        ...names.flatMap((name) => [...(series.get(name) ?? [])]),
      ]);
      const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", "));
      const selected = [...query.matchAll(/[{,] ?(\w+)=/g)].map(([, label = ""]) => label);
      return [...grouped, ...selected]
        .filter((label) => !known.has(label))
        .map((label) => `${label}: ${query}`);
    });
    expect(wrong).toEqual([]);
  });

  it("the values in the queries are values of their attributes", () => {
    const values = Object.values(METRICS).flatMap(({ attributes }: Metric) =>
      Object.entries(attributes).flatMap(([name, all]) =>
        all === "open" ? [] : all.map((value) => `${name.replaceAll(".", "_")}=${value}`),
      ),
    );
    const used = queries().flatMap((query) =>
      [...query.matchAll(/(sessionup_[a-z_]+)=~?"([^"]+)"/g)].flatMap(([, label, text = ""]) =>
        text.split("|").map((value) => `${label}=${value}`),
      ),
    );
    expect(used.length).toBeGreaterThan(5);
    const open = (value: string) => value.startsWith("sessionup_store_operation=");
    expect(used.filter((value) => !values.includes(value) && !open(value))).toEqual([]);
  });

  it("the dashboard shows every metric", () => {
    const shown = collect(JSON.parse(DASHBOARD), "expr").join();
    const missing = Object.values(METRICS).filter(({ name }) => !shown.includes(name.replaceAll(".", "_")));
    expect(missing).toEqual([]);
  });

  it("each panel and each alert says what it shows", () => {
    const panels = (JSON.parse(DASHBOARD).panels as Record<string, string>[]).filter(
      ({ type }) => type !== "row",
    );
    expect(panels.filter(({ title, description }) => !title || !description)).toEqual([]);
    const all = rules.groups.flatMap((group) => group.rules);
    expect(all.length).toBeGreaterThan(5);
    for (const rule of all) {
      expect(rule).toMatchObject({
        alert: expect.stringMatching(/^Sessionup[A-Z]/),
        labels: { severity: expect.stringMatching(/^(warning|critical)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      });
    }
  });

  it("docs/guides/monitoring.md names each metric as Prometheus shows it", () => {
    const page = readFileSync(`${ROOT}docs/guides/monitoring.md`, "utf8");
    const names = [...series.keys()].filter((name) => !/_(bucket|sum)$/.test(name));
    const missing = names.filter((name) => !page.includes(`\`${name.replace(/_count$/, "")}`));
    expect(missing).toEqual([]);
  });
});
