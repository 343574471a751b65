import { startRedis } from "../../test/support/servers/redis.ts";
import { child } from "../child.mjs";
import { table } from "../report.mjs";

/** Activity is due once a minute, so a run has to be longer than that. */
const PLAN = {
  quick: { users: 100, rate: 500, warmUp: 1, seconds: 2 },
  whole: { users: 10_000, rate: 5_000, warmUp: 75, seconds: 60 },
};

/** @type {import("../section.d.ts").Section<Awaited<ReturnType<typeof measure>>>} */
export const activity = {
  name: "activity",
  run: ({ quick }) => measure(quick ? PLAN.quick : PLAN.whole),
  text({ plan: { users, rate, seconds }, rows }) {
    const many = (/** @type {number} */ number) => number.toLocaleString("en", { maximumFractionDigits: 1 });
    return [
      `## Activity: calls of the store per second, ${many(rate)} requests per second of ${many(users)} users, for ${seconds} s`,
      table(
        ["store", "requests", "reads", "writes"],
        Object.entries(rows).map(([name, { requests, reads, writes }]) => [
          name,
          many(requests),
          many(reads),
          many(writes),
        ]),
      ),
    ].join("\n\n");
  },
};

/** @param {typeof PLAN.whole} plan */
async function measure(plan) {
  const rows = /** @type {Record<string, { requests: number, reads: number, writes: number }>} */ ({});
  const server = await startRedis();
  try {
    for (const isCached of [false, true])
      rows[isCached ? "Redis with the cache" : "Redis"] = await child("activity.mjs", {
        url: server.url,
        isCached,
        ...plan,
      });
  } finally {
    await server.stop();
  }
  return { plan, rows };
}
