import { aboveBare, divide, roundsOf, spreadText, table } from "../report.mjs";
import { alternate, Worker } from "../rounds.mjs";
import { paired, spreadOf } from "../statistics.mjs";

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const inProcess = {
  name: "in-process",

  run({ quick }) {
    const chunks = quick ? 8 : 12;
    return alternate({
      contenders: ["bare", "floor", "sessionup", "express-session"],
      ...(quick ? { generations: 2, warmUps: 12, rounds: 9 } : { generations: 4, warmUps: 20, rounds: 25 }),
      start: async (contender) => new Worker("workers/in-process.mjs", contender),
      measure: async (worker) => ({
        auth: await worker.ask("measure", { chunks, untilEnd: false }),
        whole: await worker.ask("measure", { chunks, untilEnd: true }),
      }),
      stop: (worker) => worker.stop(),
    });
  },

  text(samples) {
    const figures = ["auth", "whole"];
    const above = aboveBare(samples);
    const row = (/** @type {string} */ name) => [
      name,
      ...figures.map((figure) => spreadText(spreadOf(above(name, figure)))),
    ];
    const ratio = (/** @type {string} */ name, /** @type {string} */ other) => [
      `**${name} ÷ ${other}**`,
      ...figures.map((figure) => spreadText(paired(above(name, figure), above(other, figure), divide))),
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
  },
};
