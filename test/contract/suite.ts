import { storeContract } from "sessionup/testing";
import { afterAll, beforeAll, beforeEach, describe, it, onTestFinished } from "vitest";
import { adminTests } from "./_admin.ts";
import { endedOnceTests } from "./_ended-once.ts";
import { limitTests } from "./_limits.ts";
import { losslessTests } from "./_lossless.ts";
import { managerEnds } from "./_manager-ends.ts";
import { modelTests } from "./_model.ts";
import { raceTests } from "./_races.ts";
import { timeoutTests } from "./_timeouts.ts";
import type { Backend, OpenStore } from "./backend.ts";

/** Runs all tests of a store with one of its clients. The summary of a run shows the suite's title. */
export function storeSuite(backend: Backend): void {
  describe(`${backend.store} × ${backend.client}`, () => {
    let version: string | undefined;
    let shared: OpenStore | undefined;
    beforeAll(async () => {
      await backend.start();
      version = await backend.version?.();
    }, 300_000);
    // The summary needs the version after the server has stopped.
    beforeEach(({ task }) => void Object.assign(task.meta, { version }));
    afterAll(async () => {
      await shared?.close();
      await backend.stop();
    }, 60_000);

    const create = async () => {
      // Connecting takes longer than most tests of the contract, so they share a client.
      if (shared?.another) return shared.another();
      const open = await backend.open();
      if (open.another) shared = open;
      else onTestFinished(() => open.close());
      return open.store;
    };
    storeContract(
      { describe, it },
      {
        ...(backend.skip && { skip: backend.skip }),
        create,
        ...(backend.subscribes && { another: create }),
      },
    );
    if (backend.contractOnly) return;
    if (backend.racesRunOn) it.skip(`races (skipped: they run on ${backend.racesRunOn})`, () => {});
    else raceTests(backend);
    managerEnds(backend);
    endedOnceTests(backend);
    adminTests(backend);
    timeoutTests(backend);
    limitTests(backend);
    losslessTests(backend);
    modelTests(backend);
  });
}
