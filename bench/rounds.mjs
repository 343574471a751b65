import { fork } from "node:child_process";
import { once } from "node:events";

/** The parent's end of a process that answers questions, one at a time. */
export class Worker {
  #child;
  /** Rejects when it has failed: whoever is asking hears of it, and can end what else was started. @type {Promise<never>} */
  #failure;

  /** @param {string} file  beside this one */
  constructor(file, /** @type {readonly string[]} */ ...args) {
    // Nothing of how this process was started, such as a loader, is in what is measured.
    this.#child = fork(new URL(file, import.meta.url), args, { execArgv: [] });
    this.#failure = new Promise((_resolve, reject) => {
      this.#child.once("exit", (code, signal) => {
        if (code !== 0) reject(new Error(`${[file, ...args].join(" ")} ended with ${signal ?? code}`));
      });
    });
    this.#failure.catch(() => {});
  }

  async ask(/** @type {string} */ question, /** @type {unknown} */ value) {
    const message = once(this.#child, "message");
    if (this.#child.connected) this.#child.send({ question, value });
    const [{ answer }] = await Promise.race([message, this.#failure]);
    return answer;
  }

  async stop() {
    const exit = once(this.#child, "exit");
    this.#child.disconnect();
    await exit;
  }
}

/** The worker's end. What an answer throws ends the process, and the run with it. */
export function answerParent(/** @type {Record<string, (value: any) => unknown>} */ answers) {
  process.on("message", async (/** @type {{ question: string, value: unknown }} */ { question, value }) => {
    const answer = await answers[question]?.(value);
    process.send?.({ answer });
  });
  process.on("disconnect", () => process.exit());
}

/**
 * Measures the contenders in turn, round after round, each in a process of its own, and that several times with fresh
 * processes: two runs of one program differ by how the engine happened to compile it. Who is first changes from round
 * to round, and from generation to generation. The first rounds, in which all get warm, do not count; they take turns
 * in these too: whoever was warmed up first and then waited for the others was up to 5 µs a request faster.
 *
 * @template Runner
 * @param {object} plan
 * @param {readonly string[]} plan.contenders
 * @param {number} plan.generations  of processes
 * @param {number} plan.warmUps  rounds of each generation that do not count
 * @param {number} plan.rounds  and those that do
 * @param {(contender: string) => Promise<Runner>} plan.start
 * @param {(runner: Runner) => Promise<void>} [plan.warmUp]  before the first round, all of them side by side
 * @param {(runner: Runner) => Promise<Record<string, number>>} plan.measure
 * @param {(runner: Runner) => Promise<void>} plan.stop
 * @returns {Promise<Record<string, Record<string, number[]>>>} by contender and figure, one sample a round
 */
export async function alternate({ contenders, generations, warmUps, rounds, start, warmUp, measure, stop }) {
  /** @type {Record<string, Record<string, number[]>>} */
  const samples = Object.fromEntries(contenders.map((contender) => [contender, {}]));
  for (let generation = 0; generation < generations; generation++) {
    // Starting costs more than measuring where there are few rounds: all cores have something to do.
    const running = await Promise.all(
      inTurn(contenders, generation).map(async (contender) => {
        /** @type {[string, Runner]} */
        const pair = [contender, await start(contender)];
        return pair;
      }),
    );
    if (warmUp) await Promise.all(running.map(([, runner]) => warmUp(runner)));
    for (let round = 0; round < warmUps + rounds; round++) {
      for (const [contender, runner] of inTurn(running, round)) {
        const figures = await measure(runner);
        if (round < warmUps) continue;
        for (const [figure, sample] of Object.entries(figures)) {
          const own = samples[contender] ?? {};
          own[figure] = [...(own[figure] ?? []), sample];
        }
      }
    }
    for (const [, runner] of running) await stop(runner);
    process.stderr.write(".");
  }
  return samples;
}

/**
 * The same, with another one first each time.
 *
 * @template Item
 * @param {readonly Item[]} items
 */
function inTurn(items, /** @type {number} */ turn) {
  const first = turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
