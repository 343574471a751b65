import { roundsOf, spreadText, table } from "../report.mjs";
import { alternate, Worker } from "../rounds.mjs";
import { spreadOf } from "../statistics.mjs";

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const steps = {
  name: "steps",

  run: ({ quick }) =>
    alternate({
      contenders: ["steps"],
      generations: quick ? 1 : 3,
      warmUps: 100,
      rounds: 50,
      start: async () => new Worker("workers/steps.mjs"),
      measure: (worker) => worker.ask("measure"),
      stop: (worker) => worker.stop(),
    }),

  text(samples) {
    const rows = Object.entries(samples.steps ?? {}).map(([name, each]) => [
      name,
      spreadText(spreadOf(each)),
    ]);
    return [
      `## Steps of sessionup's \`auth\`, each measured separately, µs, ${roundsOf(samples)} rounds`,
      table(["", "µs"], rows),
    ].join("\n\n");
  },
};
