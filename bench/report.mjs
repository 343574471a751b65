import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";

/** @typedef {Record<string, Record<string, number[]>>} Samples  by contender and figure, one per round */

/** Describes what the figures depend on: the machine and the compared versions. */
export function environment() {
  const [cpu] = cpus();
  const json = (/** @type {string} */ path) =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
  const { dependencies } = json("package.json");
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()} ${arch()}`,
    load: loadavg().map((load) => Math.round(load * 10) / 10),
    node: `${process.version} (V8 ${process.versions.v8})`,
    versions: /** @type {Record<string, string>} */ ({
      sessionup: json("../package.json").version,
      ...Object.fromEntries(
        Object.keys(dependencies).map((name) => [name, json(`node_modules/${name}/package.json`).version]),
      ),
    }),
  };
}

export function environmentText(
  /** @type {ReturnType<typeof environment>} */ { date, machine, load, node, versions },
) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${date} · ${machine} · load before the run ${load.join(" ")}`,
    `Node ${node} · ${packages.join(" · ")}`,
    "Figures are medians, with the quartiles in parentheses.",
  ].join("\\\n");
}

/** Returns the cost of a contender above the bare handler, for each round. */
export function aboveBare(/** @type {Samples} */ samples) {
  return (/** @type {string} */ name, /** @type {string} */ figure) =>
    (samples[name]?.[figure] ?? []).map(
      (sample, round) => sample - (samples.bare?.[figure]?.[round] ?? Number.NaN),
    );
}

export const divide = (/** @type {number} */ sample, /** @type {number} */ other) => sample / other;

export function roundsOf(/** @type {Samples} */ samples) {
  const [figures = {}] = Object.values(samples);
  const [rounds = []] = Object.values(figures);
  return rounds.length;
}

export function spreadText(
  /** @type {import("./statistics.mjs").Spread} */ { lower, median, upper },
  digits = 2,
) {
  return `${median.toFixed(digits)} (${lower.toFixed(digits)}–${upper.toFixed(digits)})`;
}

export function table(
  /** @type {readonly string[]} */ head,
  /** @type {readonly (readonly string[])[]} */ rows,
) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}
