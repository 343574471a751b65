import { Target } from "../load.mjs";
import { divide, roundsOf, spreadText, table } from "../report.mjs";
import { alternate } from "../rounds.mjs";
import { paired, spreadOf } from "../statistics.mjs";

/** The files of the contenders, and their names in the table. */
const CONTENDERS = {
  bare: "",
  sessionup: "without telemetry",
  "sessionup-metrics": "metrics",
  "sessionup-traces": "metrics and traces, every request sampled",
};

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const telemetry = {
  name: "telemetry",

  run({ quick }) {
    const logins = new Map();
    return alternate({
      contenders: Object.keys(CONTENDERS),
      ...(quick ? { generations: 1, warmUps: 4, rounds: 5 } : { generations: 3, warmUps: 12, rounds: 15 }),
      async start(contender) {
        const target = await new Target("node", contender).start();
        logins.set(target, await target.logins(quick ? 100 : 1_000));
        return target;
      },
      measure: async (target) => ({
        cpu: await target.ask("measure", { chunks: quick ? 4 : 8, logins: logins.get(target) }),
      }),
      stop: (target) => target.stop(),
    });
  },

  text(samples) {
    const above = (/** @type {string} */ name) =>
      (samples[name]?.cpu ?? []).map((sample, round) => sample - (samples.bare?.cpu?.[round] ?? Number.NaN));
    const own = above("sessionup");
    const rows = Object.entries(CONTENDERS)
      .slice(1)
      .map(([name, title]) => [
        title,
        spreadText(spreadOf(above(name))),
        name === "sessionup" ? "" : spreadText(paired(above(name), own, divide)),
      ]);
    return [
      `## Telemetry: µs of CPU per request above the bare handler, in process on node:http, ${roundsOf(samples)} rounds`,
      table(["", "µs", "÷ without"], rows),
    ].join("\n\n");
  },
};
