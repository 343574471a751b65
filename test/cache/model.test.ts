import { it } from "vitest";
import { History } from "./_model.ts";

/** The number of steps. `CACHE_MODEL_STEPS` sets more for a long run, and `CACHE_MODEL_SEED` another beginning. */
const STEPS = Number(process.env.CACHE_MODEL_STEPS ?? 40_000);
const SEED = Number(process.env.CACHE_MODEL_SEED ?? 1);
const STEPS_PER_HISTORY = 1_000;

it(`the cache keeps its promises in ${STEPS} random steps of 3 instances`, async () => {
  for (let seed = SEED; (seed - SEED) * STEPS_PER_HISTORY < STEPS; seed++) {
    const history = new History(seed);
    await history.run(STEPS_PER_HISTORY).catch((error) => {
      throw new Error(`seed ${seed}: ${error.message}\n${history.trace.slice(-60).join("\n")}`, {
        cause: error,
      });
    });
  }
}, 3_600_000);
