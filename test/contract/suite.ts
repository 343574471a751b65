import { afterAll, beforeAll, beforeEach, describe, it, onTestFinished } from "vitest";
import { adminTests } from "./_admin.ts";
import { endedOnceTests } from "./_ended-once.ts";
import { limitTests } from "./_limits.ts";
import { losslessTests } from "./_lossless.ts";
import { managerEnds } from "./_manager-ends.ts";
import { modelTests } from "./_model.ts";
import { raceTests } from "./_races.ts";
import { timeoutTests } from "./_timeouts.ts";
import type { Backend, Group, OpenStore } from "./backend.ts";
import { runContract } from "./run-contract.ts";

const GROUPS: Readonly<Record<Group, (backend: Backend) => void>> = {
  operators: adminTests,
  races: raceTests,
  ends: managerEnds,
  "ended once": endedOnceTests,
  timeouts: timeoutTests,
  limits: limitTests,
  lossless: losslessTests,
  model: modelTests,
};

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
    const { operators, ...others } = GROUPS;
    // First, because its scans go through the sessions that other tests leave.
    runGroups(backend, { operators });
    const { skip = [], subscribes } = backend;
    runContract({ skip, create, ...(subscribes && { another: create }) });
    runGroups(backend, others);
  });
}

/** Runs the groups that run on this backend, and reports the others as skipped. */
function runGroups(backend: Backend, groups: Partial<typeof GROUPS>): void {
  if (backend.contractOnly) return;
  const names = Object.keys(groups) as Group[];
  const elsewhere = Object.entries(backend.elsewhere ?? {}).map(([title, some]) => {
    const skipped = names.filter((name) => some.includes(name));
    if (skipped.length > 0) it.skip(`${skipped.join(", ")} (skipped: they run on ${title})`, () => {});
    return skipped;
  });
  for (const name of names) if (!elsewhere.flat().includes(name)) groups[name]?.(backend);
}
