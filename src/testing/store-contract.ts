import type { Store } from "../store.ts";
import { type ContractSkip, runContract, type TestRunner } from "./contract.ts";
import { cleanupTests } from "./store/cleanup.ts";
import { createTests } from "./store/create.ts";
import { endTests } from "./store/end.ts";
import { endByDateTests } from "./store/end-by-date.ts";
import { fetchTests } from "./store/fetch.ts";
import { StoreFixture } from "./store/fixture.ts";
import { limitTests } from "./store/limit.ts";
import { raceTests } from "./store/races.ts";
import { updateTests } from "./store/update.ts";

/** The options of `storeContract`. */
export interface StoreContractOptions {
  /** Returns a store that is ready for use. It need not be empty: each test has its own users. */
  readonly create: () => Store | Promise<Store>;
  /** Tests that the store cannot pass, by their ids. Default: none. */
  readonly skip?: readonly ContractSkip[];
}

/**
 * Registers a test for each sentence of the store contract, races included. Works with every test runner.
 *
 * Throws `TypeError` when `skip` names a test that does not exist.
 *
 * @example
 * ```ts
 * import { memoryStore } from "sessionup/stores/memory";
 * import { storeContract } from "sessionup/testing";
 * import { describe, it } from "vitest";
 *
 * describe("memoryStore", () => {
 *   storeContract({ describe, it }, { create: () => memoryStore() });
 * });
 * ```
 */
export function storeContract(runner: TestRunner, { create, skip = [] }: StoreContractOptions): void {
  const tests = [
    ...fetchTests,
    ...createTests,
    ...limitTests,
    ...updateTests,
    ...endTests,
    ...endByDateTests,
    ...cleanupTests,
    ...raceTests,
  ];
  runContract(runner, tests, skip, async (use) => {
    const store = await create();
    try {
      await use(new StoreFixture(store));
    } finally {
      await store.close?.();
    }
  });
}
