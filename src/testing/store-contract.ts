import type { Store } from "../store.ts";
import { StoreFixture } from "./_store-fixture.ts";
import { RACES } from "./_store-races.ts";
import { READS } from "./_store-reads.ts";
import { WRITES } from "./_store-writes.ts";
import { type ContractSkip, runContract, type TestRunner } from "./contract.ts";

/** What the contract needs of a store's author. */
export interface StoreContractOptions {
  /** A store, ready for use. The contract never asks for an empty one: each test has users of its own. */
  readonly create: () => Store | Promise<Store>;
  readonly skip?: readonly ContractSkip[];
}

/**
 * Turns every sentence of the store contract into a test, races included. Bound to no test runner.
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
  runContract(runner, { ...READS, ...WRITES, ...RACES }, skip, async (use) => {
    const store = await create();
    try {
      await use(new StoreFixture(store));
    } finally {
      await store.close?.();
    }
  });
}
