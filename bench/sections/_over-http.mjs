import { Target } from "../load.mjs";
import { aboveBare, divide, roundsOf, spreadText, table } from "../report.mjs";
import { alternate } from "../rounds.mjs";
import { paired, spreadOf } from "../statistics.mjs";

/**
 * `users`: of a connection. `together`: for so many seconds all get warm side by side. `slow`: whoever takes longer for a
 * request, in microseconds, gets fewer of them, since its own figure needs no more; what is not warm is slow.
 */
const PLAN = {
  quick: {
    requests: 400,
    users: 2,
    slow: 1_000,
    together: 2,
    times: { generations: 1, warmUps: 1, rounds: 2 },
  },
  whole: {
    requests: 3_000,
    users: 8,
    slow: 300,
    together: 0,
    times: { generations: 2, warmUps: 15, rounds: 12 },
  },
};

/**
 * The bare handler runs twice, but in the quick form, in two processes: what differs between those two is the error of all
 * the others.
 *
 * @param {object} plan
 * @param {string} plan.framework
 * @param {readonly string[]} plan.contenders
 * @param {boolean} plan.quick
 * @param {number} [plan.connections]
 * @param {import("../round-trips.mjs").CountingDatabase} [plan.database]
 */
export function overHttp({ framework, contenders, quick, connections = 16, database }) {
  const { requests, users, slow, together, times } = quick ? PLAN.quick : PLAN.whole;
  const takes = new Map();
  return alternate({
    contenders: ["bare", ...(quick ? [] : ["bare again"]), ...contenders],
    ...times,
    async start(contender) {
      const target = await new Target(framework, contender, database).start();
      return target.prepare(connections, users);
    },
    ...(together > 0 && { warmUp: (/** @type {Target} */ target) => target.warmUp(together) }),
    async measure(target) {
      const amount = takes.get(target) > slow ? Math.max(connections, Math.round(requests / 5)) : requests;
      const before = await database?.roundTrips();
      const cpu = await target.burst(amount);
      const after = await database?.roundTrips();
      takes.set(target, cpu);
      return { cpu, ...(database && { roundTrips: (after - before) / amount }) };
    },
    stop: (target) => target.stop(),
  });
}

export function httpText(
  /** @type {string} */ framework,
  /** @type {import("../report.mjs").Samples} */ samples,
) {
  const above = aboveBare(samples);
  const cpu = (/** @type {string} */ name) => samples[name]?.cpu ?? [];
  const counted = Object.values(samples).some(({ roundTrips }) => roundTrips);
  // A quotient of two small differences has no quartiles worth printing: the medians are divided.
  const own = spreadOf(above("sessionup", "cpu")).median;
  const rows = Object.entries(samples).map(([name, { roundTrips }]) => {
    const trips = roundTrips ? [spreadOf(roundTrips).median.toFixed(2)] : [];
    if (name === "bare") return [name, spreadText(spreadOf(cpu(name)), 1), "", "", "", ...trips];
    const extra = spreadOf(above(name, "cpu"));
    return [
      name,
      spreadText(spreadOf(cpu(name)), 1),
      spreadText(paired(cpu(name), cpu("bare"), divide)),
      spreadText(extra, 1),
      name === "bare again" ? "" : (extra.median / own).toFixed(1),
      ...trips,
    ];
  });
  const head = ["", "a request", "÷ bare", "above bare", "that ÷ sessionup's"];
  return [
    `## Over HTTP on ${framework}: µs of the server's CPU a request, ${roundsOf(samples)} rounds`,
    table(counted ? [...head, "round trips"] : head, rows),
  ].join("\n\n");
}
