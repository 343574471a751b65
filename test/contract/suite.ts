import { storeContract } from "sessionup/testing";
import { afterAll, beforeAll, beforeEach, describe, it, onTestFinished } from "vitest";
import { limitTests } from "./_limits.ts";
import { losslessTests } from "./_lossless.ts";
import { managerEnds } from "./_manager-ends.ts";
import { modelTests } from "./_model.ts";
import { raceTests } from "./_races.ts";
import { timeoutTests } from "./_timeouts.ts";
import type { Backend } from "./backend.ts";

/** All that a store has to keep, with one of its clients. Its title is what the summary says has run. */
export function storeSuite(backend: Backend): void {
  describe(`${backend.store} × ${backend.client}`, () => {
    let version: string | undefined;
    beforeAll(async () => {
      await backend.start();
      version = await backend.version?.();
    }, 300_000);
    // The summary has it from here: by then the server is long gone.
    beforeEach(({ task }) => void Object.assign(task.meta, { version }));
    afterAll(() => backend.stop(), 60_000);

    storeContract(
      { describe, it },
      {
        ...(backend.skip && { skip: backend.skip }),
        async create() {
          const open = await backend.open();
          // Else the connections of all tests would be open at once: more than a server allows.
          onTestFinished(() => open.close());
          return open.store;
        },
      },
    );
    if (backend.contractOnly) return;
    if (backend.racesRunOn) it.skip(`races (skipped: they run on ${backend.racesRunOn})`, () => {});
    else raceTests(backend);
    managerEnds(backend);
    timeoutTests(backend);
    limitTests(backend);
    losslessTests(backend);
    modelTests(backend);
  });
}
