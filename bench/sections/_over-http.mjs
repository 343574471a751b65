import { Target } from "../load.mjs";
import { aboveBare, divide, roundsOf, spreadText, table } from "../report.mjs";
import { alternate } from "../rounds.mjs";
import { paired, spreadOf } from "../statistics.mjs";

/**
 * - `users`: the number of users per connection.
 * - `together`: the seconds for which all contenders warm up at the same time.
 * - `slow`: a contender that takes more microseconds per request gets fewer requests, because its figure needs no more. A
 *   contender that is not warm is slow.
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
 * Measures contenders over HTTP. Except in a quick run, the bare handler runs twice, in two processes. The difference between the
 * two is the measurement error of all others.
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
  // The quartiles of a quotient of two small differences mean nothing, so divide the medians.
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
  const head = ["", "per request", "÷ bare", "above bare", "above bare ÷ sessionup"];
  return [
    `## Over HTTP on ${framework}: µs of server CPU per request, ${roundsOf(samples)} rounds`,
    table(counted ? [...head, "round trips"] : head, rows),
  ].join("\n\n");
}
