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
import { scanTests } from "./store/scan.ts";
import { subscribeTests } from "./store/subscribe.ts";
import { updateTests } from "./store/update.ts";

/** The title of the one test that stands for all tests of `subscribe` where they cannot run. */
const NOT_SUBSCRIBED = "all tests of subscribe (skipped: they need the option `another` of the contract)";

/** The options of `storeContract`. */
export interface StoreContractOptions {
  /** Returns a store that is ready for use. It need not be empty: each test has its own users. */
  readonly create: () => Store | Promise<Store>;
  /**
   * Returns a second store over the same database, as another process has it. Required for the tests of `subscribe`, which
   * are skipped without it. A store that lives in one process returns the given store.
   */
  readonly another?: (store: Store) => Store | Promise<Store>;
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
 * import type { Store } from "sessionup";
 * import { storeContract } from "sessionup/testing";
 * import { describe, it } from "vitest";
 *
 * declare function myStore(): Store;
 *
 * describe("myStore", () => {
 *   const skip = [{ reason: "myStore has no count", tests: ["count"] }];
 *   storeContract({ describe, it }, { create: () => myStore(), skip });
 * });
 * ```
 */
export function storeContract(
  runner: TestRunner,
  { create, another, skip = [] }: StoreContractOptions,
): void {
  const tests = [
    ...fetchTests,
    ...createTests,
    ...limitTests,
    ...updateTests,
    ...endTests,
    ...endByDateTests,
    ...cleanupTests,
    ...scanTests,
    ...(another ? subscribeTests : []),
    ...raceTests,
  ];
  if (!another) runner.describe("subscribe", () => runner.it.skip(NOT_SUBSCRIBED, async () => {}));
  runContract(runner, tests, skip, async (use) => {
    const store = await create();
    const opened = [store];
    try {
      if (another) opened.push(await another(store));
      await use(new StoreFixture(store, opened[1]));
    } finally {
      for (const each of opened) await each.close?.();
    }
  });
}
