import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

/**
 * The last words of a run: each skipped test by its title, which has the reason in it, each store with one of its
 * clients of which all tests that ran have passed, and one line of counts.
 */
export class SummaryReporter implements Reporter {
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void = console.log) {
    this.#print = print;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const skipped: string[] = [];
    const ran: string[] = [];
    for (const module of modules) {
      // A file that does not load, or a hook that fails, has no test to its name.
      counts.failed += [module, ...module.children.allSuites()].filter(broken).length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === "pending" ? "failed" : state]++;
        if (state === "skipped") skipped.push(`skipped: ${module.relativeModuleId} > ${titleOf(test)}`);
      }
      for (const suite of module.children.allSuites()) ran.push(...lineOf(suite));
    }
    for (const line of [...skipped, ...ran]) this.#print(line);
    this.#print(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

/** What can be said of a suite whose title has a store and a client: nothing unless some of it has run, and well. */
function lineOf(suite: TestSuite): readonly string[] {
  if (!/^[a-z][0-9a-z-]* × /.test(suite.name)) return [];
  const tests = [...suite.children.allTests()];
  const passed = tests.filter((test) => test.result().state === "passed");
  const skipped = tests.filter((test) => test.result().state === "skipped");
  const failed =
    [suite, ...suite.children.allSuites()].some(broken) || passed.length + skipped.length < tests.length;
  const [first] = passed;
  if (failed || !first) return [];
  const meta: object = first.meta();
  const version = "version" in meta && meta.version ? `, ${meta.version}` : "";
  return [`ran: ${suite.name}${version} (${passed.length} ${passed.length === 1 ? "test" : "tests"})`];
}

function broken(task: TestModule | TestSuite): boolean {
  return task.errors().length > 0;
}

function titleOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return note ? `${test.fullName} (${note})` : test.fullName;
}
