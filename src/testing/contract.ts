/** The functions of a test runner that the contracts call. vitest, node:test, mocha, jest and bun:test have them. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown;
  it: {
    (title: string, body: () => Promise<void>): unknown;
    skip(title: string, body: () => Promise<void>): unknown;
  };
}

/** Tests of a contract that an implementation cannot pass. The runner reports them as skipped, with the reason. */
export interface ContractSkip {
  readonly reason: string;
  /**
   * Their ids, such as `create/duplicate-id`, or a group such as `count` for all its tests. Each test prints its id in brackets
   * after its title.
   */
  readonly tests: readonly string[];
}

/** One test of a contract. @internal */
export interface ContractTest<Fixture> {
  /** `group/what` in kebab case. Stable: `skip` refers to it, while the title may change. */
  readonly id: string;
  readonly title: string;
  readonly run: (fixture: Fixture) => Promise<void>;
}

/** Defines one test of a contract. @internal */
export function test<Fixture>(
  id: string,
  title: string,
  run: (fixture: Fixture) => Promise<void>,
): ContractTest<Fixture> {
  return { id, title, run };
}

/** Registers the tests with the runner, grouped by the first part of their ids, each with its own fixture. @internal */
export function runContract<Fixture>(
  { describe, it }: TestRunner,
  tests: readonly ContractTest<Fixture>[],
  skips: readonly ContractSkip[],
  withFixture: (use: (fixture: Fixture) => Promise<void>) => Promise<void>,
): void {
  const ids = tests.map(({ id }) => id);
  const reasons = new Map(skips.flatMap(({ reason, tests }) => tests.map((id) => [id, reason])));
  const groups = new Set(ids.map(groupName));
  for (const id of reasons.keys())
    if (!ids.includes(id) && !groups.has(id)) throw new TypeError(unknownId(id, ids));
  for (const group of groups) {
    describe(group, () => {
      for (const { id, title, run } of tests) {
        if (groupName(id) !== group) continue;
        const reason = reasons.get(id) ?? reasons.get(group);
        const name = `${title} [${id}]`;
        if (reason === undefined) it(name, () => withFixture(run));
        else it.skip(`${name} (skipped: ${reason})`, () => withFixture(run));
      }
    });
  }
}

function groupName(id: string): string {
  return id.split("/", 1)[0] ?? id;
}

/** Lists the tests of the same group, or the groups when the id has none that exists. */
function unknownId(id: string, ids: readonly string[]): string {
  const group = groupName(id);
  const near = ids.filter((known) => groupName(known) === group);
  const hint = near.length
    ? `The tests of "${group}" are ${near.join(", ")}.`
    : `The groups are ${[...new Set(ids.map(groupName))].join(", ")}, and each test prints its id after its title.`;
  return `skip must name tests of the contract by their ids. Received ${JSON.stringify(id)}. ${hint}`;
}
