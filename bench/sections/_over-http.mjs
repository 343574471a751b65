import { Target } from "../load.mjs";
import { aboveBare, divide, roundsOf, spreadText, table } from "../report.mjs";
import { alternate } from "../rounds.mjs";
import { paired, spreadOf } from "../statistics.mjs";

const USERS_OF_A_CONNECTION = 8;
/** In the quick form all get warm side by side, for so many seconds. */
const WARM_UP = 2;
/** Whoever takes longer for a request, in microseconds, gets fewer of them: its own figure needs no more. What is not warm is slow. */
const SLOW = { whole: 300, quick: 1_000 };

/**
 * The bare handler runs twice, in two processes: what differs between those two is the error of all the others.
 *
 * @param {object} plan
 * @param {string} plan.framework
 * @param {readonly string[]} plan.contenders
 * @param {boolean} plan.quick
 * @param {number} [plan.connections]
 * @param {import("../round-trips.mjs").CountingDatabase} [plan.database]
 */
export function overHttp({ framework, contenders, quick, connections = 16, database }) {
  const requests = quick ? 400 : 3_000;
  const takes = new Map();
  return alternate({
    contenders: ["bare", ...(quick ? [] : ["bare again"]), ...contenders],
    ...(quick ? { generations: 1, warmUps: 1, rounds: 2 } : { generations: 2, warmUps: 15, rounds: 12 }),
    async start(contender) {
      const target = await new Target(framework, contender, database).start();
      return target.prepare(connections, quick ? 2 : USERS_OF_A_CONNECTION);
    },
    ...(quick && { warmUp: (/** @type {Target} */ target) => target.warmUp(WARM_UP) }),
    async measure(target) {
      const amount =
        takes.get(target) > (quick ? SLOW.quick : SLOW.whole)
          ? Math.max(connections, Math.round(requests / 5))
          : requests;
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
