import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";
import { paired, spreadOf } from "./statistics.mjs";

/** @typedef {Record<string, Record<string, number[]>>} Samples  by contender and figure, one for each round */

/** What the figures depend on. */
export function environment() {
  const [cpu] = cpus();
  const version = (/** @type {string} */ path) =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")).version;
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()} ${arch()}`,
    load: loadavg().map((load) => Math.round(load * 10) / 10),
    node: `${process.version} (V8 ${process.versions.v8})`,
    versions: {
      sessionup: version("../package.json"),
      express: version("node_modules/express/package.json"),
      "express-session": version("node_modules/express-session/package.json"),
      autocannon: version("node_modules/autocannon/package.json"),
    },
  };
}

export function environmentText(
  /** @type {ReturnType<typeof environment>} */ { date, machine, load, node, versions },
) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${date} · ${machine} · load before the run ${load.join(" ")}`,
    `Node ${node} · ${packages.join(" · ")}`,
    "Figures are medians, with the quartiles in brackets.",
  ].join("\\\n");
}

export function inProcessText(/** @type {Samples} */ samples) {
  const figures = ["auth", "whole"];
  const above = aboveBare(samples);
  const row = (/** @type {string} */ name) => [
    name,
    ...figures.map((figure) => text(spreadOf(above(name, figure)))),
  ];
  const ratio = (/** @type {string} */ name, /** @type {string} */ other) => [
    `**${name} ÷ ${other}**`,
    ...figures.map((figure) => text(paired(above(name, figure), above(other, figure), divide))),
  ];
  return [
    `## In process: µs of CPU a request above the bare handler, ${roundsOf(samples)} rounds`,
    table(
      ["", "until the handler runs", "until the response has ended"],
      [
        row("floor"),
        row("sessionup"),
        row("express-session"),
        ratio("sessionup", "floor"),
        ratio("express-session", "sessionup"),
      ],
    ),
  ].join("\n\n");
}

export function stepsText(/** @type {Samples} */ samples) {
  const rows = Object.entries(samples.steps ?? {}).map(([name, each]) => [name, text(spreadOf(each))]);
  return [
    `## The steps of sessionup's \`auth\`, each by itself, µs, ${roundsOf(samples)} rounds`,
    table(["", "µs"], rows),
  ].join("\n\n");
}

export function httpText(/** @type {string} */ framework, /** @type {Samples} */ samples) {
  const above = aboveBare(samples);
  const cpu = (/** @type {string} */ name) => samples[name]?.cpu ?? [];
  // A quotient of two small differences has no quartiles worth printing: the medians are divided.
  const own = spreadOf(above("sessionup", "cpu")).median;
  const rows = Object.keys(samples).map((name) => {
    if (name === "bare") return [name, text(spreadOf(cpu(name)), 1), "", "", ""];
    const extra = spreadOf(above(name, "cpu"));
    return [
      name,
      text(spreadOf(cpu(name)), 1),
      text(paired(cpu(name), cpu("bare"), divide)),
      text(extra, 1),
      name === "bare again" ? "" : (extra.median / own).toFixed(1),
    ];
  });
  return [
    `## Over HTTP on ${framework}: µs of the server's CPU a request, ${roundsOf(samples)} rounds`,
    table(["", "a request", "÷ bare", "above bare", "that ÷ sessionup's"], rows),
  ].join("\n\n");
}

/** What a contender costs that the bare handler does not, round by round. */
function aboveBare(/** @type {Samples} */ samples) {
  return (/** @type {string} */ name, /** @type {string} */ figure) =>
    (samples[name]?.[figure] ?? []).map(
      (sample, round) => sample - (samples.bare?.[figure]?.[round] ?? Number.NaN),
    );
}

const divide = (/** @type {number} */ sample, /** @type {number} */ other) => sample / other;

function roundsOf(/** @type {Samples} */ samples) {
  const [figures = {}] = Object.values(samples);
  const [rounds = []] = Object.values(figures);
  return rounds.length;
}

function text(/** @type {import("./statistics.mjs").Spread} */ { lower, median, upper }, digits = 2) {
  return `${median.toFixed(digits)} (${lower.toFixed(digits)}–${upper.toFixed(digits)})`;
}

function table(/** @type {readonly string[]} */ head, /** @type {readonly (readonly string[])[]} */ rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}
