import { child } from "../child.mjs";
import { table } from "../report.mjs";
import { spreadOf } from "../statistics.mjs";

const MEMORY = ["--max-old-space-size=14336"];

/** The sizes of the tasks of workers/stalls.mjs. */
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
      idle: "idle",
      expire: `a tenth of ${many(sessions)} sessions expires`,
      revoke: `${many(own)} of ${many(sessions)} sessions, all of one user, are revoked`,
      grow: `each single insert up to ${many(inserts)}`,
    });
    const median = (/** @type {any[]} */ samples, /** @type {string} */ figure) => {
      const known = samples.map((sample) => sample[figure]).filter((value) => value !== undefined);
      return known.length === 0 ? "" : spreadOf(known).median.toFixed(2);
    };
    return [
      `## Event-loop stalls in ms: medians of ${rounds} runs, inserts of one run`,
      table(
        [
          "",
          "store",
          "p99.9",
          "longest",
          "the call",
          "longest without collections",
          "longest collection",
          "target",
        ],
        rows.map(({ what, store, target, samples }) => [
          titles[what] ?? what,
          store,
          median(samples, "p999"),
          median(samples, "max"),
          median(samples, "call"),
          median(samples, "withoutGc"),
          median(samples, "longestGc"),
          target ? `≤ ${target}` : "",
        ]),
      ),
      "The figures exclude the time for which the process waited for a processor because of other programs.",
    ].join("\n\n");
  },
};

async function measure(/** @type {typeof PLAN.whole} */ plan) {
  const { sessions, own, inserts, rounds } = plan;
  const rows = [
    { what: "idle", store: "", task: {} },
    { what: "expire", store: "sessionup", target: 10, task: { sessions } },
    { what: "expire", store: "memorystore", task: { sessions } },
    { what: "revoke", store: "sessionup", target: 20, task: { sessions, own } },
    { what: "grow", store: "sessionup", target: 20, once: true, task: { sessions: inserts } },
    // The objects of all of them would fill the machine's memory.
    { what: "grow", store: "one Map, a fifth of them", once: true, task: { sessions: inserts / 5 } },
  ].map((row) => ({ ...row, samples: /** @type {Record<string, number>[]} */ ([]) }));
  for (let round = 0; round < rounds; round++)
    for (const { what, store, task, once, samples } of rows)
      if (round === 0 || !once) samples.push(await child("stalls.mjs", { what, store, ...task }, MEMORY));
  return { plan, rows };
}
