import { child } from "../child.mjs";
import { table } from "../report.mjs";
import { spreadOf } from "../statistics.mjs";

const MEMORY = ["--max-old-space-size=14336"];

/** What is watched; the tasks of workers/stalls.mjs. `aim`: of its longest stall, in milliseconds. */
const PLAN = {
  quick: { sessions: 10_000, own: 2_000, inserts: 20_000, rounds: 1 },
  whole: { sessions: 1_000_000, own: 100_000, inserts: 10_000_000, rounds: 3 },
};

/** @type {import("../section.d.ts").Section<Awaited<ReturnType<typeof measure>>>} */
export const stalls = {
  name: "stalls",
  run: ({ quick }) => measure(quick ? PLAN.quick : PLAN.whole),
  text({ plan: { sessions, own, inserts, rounds }, rows }) {
    const many = (/** @type {number} */ number) => number.toLocaleString("en");
    const titles = /** @type {Record<string, string>} */ ({
      idle: "nothing happens",
      expire: `a tenth of ${many(sessions)} sessions ends`,
      revoke: `a user's ${many(own)} of ${many(sessions)} sessions are ended`,
      grow: `each single insert until there are ${many(inserts)}`,
    });
    const median = (/** @type {any[]} */ samples, /** @type {string} */ figure) => {
      const known = samples.map((sample) => sample[figure]).filter((value) => value !== undefined);
      return known.length === 0 ? "" : spreadOf(known).median.toFixed(2);
    };
    return [
      `## Stalls of the event loop, ms: medians of ${rounds} runs, inserts of one`,
      table(
        [
          "",
          "who",
          "p99.9",
          "longest",
          "the call alone",
          "longest but for collections",
          "longest collection",
          "aim",
        ],
        rows.map(({ what, who, aim, samples }) => [
          titles[what] ?? what,
          who,
          median(samples, "p999"),
          median(samples, "max"),
          median(samples, "call"),
          median(samples, "withoutGc"),
          median(samples, "longestGc"),
          aim ? `≤ ${aim}` : "",
        ]),
      ),
      "The time for which the process was ready and waited for a processor is taken out: other programs' doing.",
    ].join("\n\n");
  },
};

async function measure(/** @type {typeof PLAN.whole} */ plan) {
  const { sessions, own, inserts, rounds } = plan;
  const rows = [
    { what: "idle", who: "", task: {} },
    { what: "expire", who: "sessionup", aim: 10, task: { sessions } },
    { what: "expire", who: "memorystore", task: { sessions } },
    { what: "revoke", who: "sessionup", aim: 20, task: { sessions, own } },
    { what: "grow", who: "sessionup", aim: 20, once: true, task: { sessions: inserts } },
    // Its objects would fill the machine's memory at as many.
    { what: "grow", who: "one Map, a fifth of them", once: true, task: { sessions: inserts / 5 } },
  ].map((row) => ({ ...row, samples: /** @type {Record<string, number>[]} */ ([]) }));
  for (let round = 0; round < rounds; round++)
    for (const { what, who, task, once, samples } of rows)
      if (round === 0 || !once) samples.push(await child("stalls.mjs", { what, who, ...task }, MEMORY));
  return { plan, rows };
}
