import { storeContract } from "sessionup/testing";
import { afterAll, beforeAll, beforeEach, describe, it, onTestFinished } from "vitest";
import { limitTests } from "./_limits.ts";
import { losslessTests } from "./_lossless.ts";
import { managerEnds } from "./_manager-ends.ts";
import { modelTests } from "./_model.ts";
import { raceTests } from "./_races.ts";
import { timeoutTests } from "./_timeouts.ts";
import type { Backend } from "./backend.ts";

/** Runs all tests of a store with one of its clients. The summary of a run shows the suite's title. */
export function storeSuite(backend: Backend): void {
  describe(`${backend.store} × ${backend.client}`, () => {
    let version: string | undefined;
    beforeAll(async () => {
      await backend.start();
      version = await backend.version?.();
    }, 300_000);
    // The summary needs the version after the server has stopped.
    beforeEach(({ task }) => void Object.assign(task.meta, { version }));
    afterAll(() => backend.stop(), 60_000);

    storeContract(
      { describe, it },
      {
        ...(backend.skip && { skip: backend.skip }),
        async create() {
          const open = await backend.open();
          // Without this, the connections of all tests would exceed the server's limit.
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
