import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

/** The last words of a run: each skipped test by its title, which has the reason in it, and one line of counts. */
export class SummaryReporter implements Reporter {
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void = console.log) {
    this.#print = print;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      // A file that does not load, or a hook that fails, has no test to its name.
      counts.failed += [module, ...module.children.allSuites()].filter(broken).length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === "pending" ? "failed" : state]++;
        if (state === "skipped") skipped.push(`skipped: ${module.relativeModuleId} > ${titleOf(test)}`);
      }
    }
    for (const line of skipped) this.#print(line);
    this.#print(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

function broken(task: TestModule | TestSuite): boolean {
  return task.errors().length > 0;
}

function titleOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return note ? `${test.fullName} (${note})` : test.fullName;
}
