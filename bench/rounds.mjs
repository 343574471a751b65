import { fork } from "node:child_process";
import { once } from "node:events";

/** The parent's side of a process that answers questions, one at a time. */
export class Worker {
  #child;
  /** Rejects when the process fails, so that a pending `ask` rejects too and the run can stop. @type {Promise<never>} */
  #failure;

  /** @param {string} file  relative to this folder */
  constructor(file, /** @type {readonly string[]} */ ...args) {
    // The measured process must not inherit this process's flags, such as a loader.
    this.#child = fork(new URL(file, import.meta.url), args, { execArgv: [] });
    this.#failure = new Promise((_resolve, reject) => {
      this.#child.once("exit", (code, signal) => {
        if (code !== 0) reject(new Error(`${[file, ...args].join(" ")} exited with ${signal ?? code}`));
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

/** The worker's side. An error in an answer ends the process, and with it the run. */
export function answerParent(/** @type {Record<string, (value: any) => unknown>} */ answers) {
  process.on("message", async (/** @type {{ question: string, value: unknown }} */ { question, value }) => {
    const answer = await answers[question]?.(value);
    process.send?.({ answer });
  });
  process.on("disconnect", () => process.exit());
}

/**
 * Measures the contenders in turn, round after round, each in a separate process. Repeats this for several generations of
 * processes, because two runs of one program differ by how the engine compiled it. The order changes with every round and
 * generation. The first rounds are a warm-up and do not count. The contenders also take turns during the warm-up: a contender that
 * was warmed up first and then waited for the others was up to 5 µs per request faster.
 *
 * @template Runner
 * @param {object} plan
 * @param {readonly string[]} plan.contenders
 * @param {number} plan.generations  the number of generations of processes
 * @param {number} plan.warmUps  the rounds of each generation that do not count
 * @param {number} plan.rounds  the rounds of each generation that count
 * @param {(contender: string) => Promise<Runner>} plan.start
 * @param {(runner: Runner) => Promise<void>} [plan.warmUp]  runs before the first round, for all contenders at the same time
 * @param {(runner: Runner) => Promise<Record<string, number>>} plan.measure
 * @param {(runner: Runner) => Promise<void>} plan.stop
 * @returns {Promise<Record<string, Record<string, number[]>>>} by contender and figure, one sample per round
 */
export async function alternate({ contenders, generations, warmUps, rounds, start, warmUp, measure, stop }) {
  /** @type {Record<string, Record<string, number[]>>} */
  const samples = Object.fromEntries(contenders.map((contender) => [contender, {}]));
  for (let generation = 0; generation < generations; generation++) {
    // Start all at the same time: with few rounds, starting takes longer than measuring.
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
 * Returns the items with a different one first in each turn.
 *
 * @template Item
 * @param {readonly Item[]} items
 */
function inTurn(items, /** @type {number} */ turn) {
  const first = turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
