import type { Store } from "../../src/store.ts";
import type { ContractSkip, TestRunner } from "../../src/testing/contract.ts";
import { storeContract } from "../../src/testing/store-contract.ts";

/** What became of one test in another runtime. */
export interface Outcome {
  readonly group: string;
  readonly title: string;
  /** What it failed with, if it did. */
  readonly error?: string;
}

/** Tests besides those of the contract: group → title → test. */
export type MoreTests = Readonly<Record<string, Readonly<Record<string, () => Promise<void>>>>>;

/** Runs the contract and more, one test after the other. It stands alone: no test runner is in every runtime. */
export async function* contractOutcomes(
  create: () => Store,
  more: MoreTests = {},
  skip: readonly ContractSkip[] = [],
): AsyncGenerator<Outcome> {
  const tests: Array<{ group: string; title: string; body: () => Promise<void> }> = [];
  let group = "";
  const runner: TestRunner = {
    describe(title, body) {
      group = title;
      body();
    },
    it: Object.assign((title: string, body: () => Promise<void>) => tests.push({ group, title, body }), {
      skip: () => undefined,
    }),
  };
  storeContract(runner, { create, skip });
  for (const [title, members] of Object.entries(more)) {
    runner.describe(title, () => {
      for (const [title, body] of Object.entries(members)) runner.it(title, body);
    });
  }
  for (const { group, title, body } of tests) {
    try {
      await body();
      yield { group, title };
    } catch (error) {
      yield { group, title, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  }
}
