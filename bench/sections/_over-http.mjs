import { Target } from "../load.mjs";
import { aboveBare, divide, roundsOf, spreadText, table } from "../report.mjs";
import { alternate } from "../rounds.mjs";
import { paired, spreadOf } from "../statistics.mjs";

/** The bare handler runs twice, in two processes: what differs between those two is the error of all the others. */
export function overHttp(
  /** @type {string} */ framework,
  /** @type {readonly string[]} */ contenders,
  { generations = 0, warmUps = 0, rounds = 0, requests = 0, connections = 16, store = "" },
) {
  const fileOf = (/** @type {string} */ contender) => {
    const name = contender.replace(" again", "");
    return store && name !== "bare" ? `${store}-${name}` : name;
  };
  return alternate({
    contenders,
    generations,
    warmUps,
    rounds,
    start: (contender) => new Target(framework, fileOf(contender), connections).start(),
    measure: async (target) => ({ cpu: await target.burst(requests) }),
    stop: (target) => target.stop(),
  });
}

export function httpText(
  /** @type {string} */ framework,
  /** @type {import("../report.mjs").Samples} */ samples,
) {
  const above = aboveBare(samples);
  const cpu = (/** @type {string} */ name) => samples[name]?.cpu ?? [];
  // A quotient of two small differences has no quartiles worth printing: the medians are divided.
  const own = spreadOf(above("sessionup", "cpu")).median;
  const rows = Object.keys(samples).map((name) => {
    if (name === "bare") return [name, spreadText(spreadOf(cpu(name)), 1), "", "", ""];
    const extra = spreadOf(above(name, "cpu"));
    return [
      name,
      spreadText(spreadOf(cpu(name)), 1),
      spreadText(paired(cpu(name), cpu("bare"), divide)),
      spreadText(extra, 1),
      name === "bare again" ? "" : (extra.median / own).toFixed(1),
    ];
  });
  return [
    `## Over HTTP on ${framework}: µs of the server's CPU a request, ${roundsOf(samples)} rounds`,
    table(["", "a request", "÷ bare", "above bare", "that ÷ sessionup's"], rows),
  ].join("\n\n");
}
