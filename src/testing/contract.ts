/** What a test runner has to have: vitest, node:test, mocha, jest and bun:test do. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown;
  it: {
    (title: string, body: () => Promise<void>): unknown;
    skip(title: string, body: () => Promise<void>): unknown;
  };
}

/** Tests of a contract that an implementation cannot pass, and why. They show up as skipped, with the reason. */
export interface ContractSkip {
  readonly reason: string;
  /** Their titles. */
  readonly tests: readonly string[];
}

/** Groups of tests: what is tested → what it does → how that is shown. @internal */
export type ContractTests<Fixture> = Readonly<
  Record<string, Readonly<Record<string, (fixture: Fixture) => Promise<void>>>>
>;

/** Hands the tests to the runner, each with a fixture of its own. @internal */
export function runContract<Fixture>(
  { describe, it }: TestRunner,
  tests: ContractTests<Fixture>,
  skips: readonly ContractSkip[],
  withFixture: (use: (fixture: Fixture) => Promise<void>) => Promise<void>,
): void {
  const reasons = new Map(
    skips.flatMap(({ reason, tests: titles }) => titles.map((title) => [title, reason])),
  );
  for (const title of reasons.keys()) {
    const known = Object.values(tests).some((members) => title in members);
    if (!known) throw new TypeError(`skip: the contract has no test ${JSON.stringify(title)}`);
  }
  for (const [group, members] of Object.entries(tests)) {
    describe(group, () => {
      for (const [title, test] of Object.entries(members)) {
        const reason = reasons.get(title);
        if (reason === undefined) it(title, () => withFixture(test));
        else it.skip(`${title} (skipped: ${reason})`, () => withFixture(test));
      }
    });
  }
}
