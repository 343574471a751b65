import { Target } from "../load.mjs";
import { divide, roundsOf, spreadText, table } from "../report.mjs";
import { alternate } from "../rounds.mjs";
import { paired, spreadOf } from "../statistics.mjs";

/** By framework. Each is compared with the framework's own bare handler. */
const CONTENDERS = {
  node: ["bare", "floor", "sessionup", "express-session"],
  fastify: ["bare", "sessionup", "fastify-session"],
  koa: ["bare", "sessionup", "koa-session"],
};

/** @type {import("../section.d.ts").Section<import("../report.mjs").Samples>} */
export const inProcess = {
  name: "in-process",

  run({ quick }) {
    const logins = new Map();
    return alternate({
      contenders: Object.entries(CONTENDERS).flatMap(([framework, names]) =>
        names.map((name) => `${framework} ${name}`),
      ),
      ...(quick ? { generations: 1, warmUps: 4, rounds: 5 } : { generations: 3, warmUps: 12, rounds: 15 }),
      async start(contender) {
        const [framework = "", name = ""] = contender.split(" ");
        const target = await new Target(framework, name).start();
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
    const above = (/** @type {string} */ framework, /** @type {string} */ name) =>
      (samples[`${framework} ${name}`]?.cpu ?? []).map(
        (sample, round) => sample - (samples[`${framework} bare`]?.cpu?.[round] ?? Number.NaN),
      );
    const rows = Object.entries(CONTENDERS).flatMap(([framework, [, ...names]]) => {
      const own = above(framework, "sessionup");
      return names.map((name) => [
        framework,
        name,
        spreadText(spreadOf(above(framework, name))),
        name === "sessionup" ? "" : spreadText(paired(above(framework, name), own, divide)),
      ]);
    });
    return [
      `## In process: µs of CPU per request above the framework's bare handler, ${roundsOf(samples)} rounds`,
      table(["framework", "", "µs", "÷ sessionup"], rows),
    ].join("\n\n");
  },
};
