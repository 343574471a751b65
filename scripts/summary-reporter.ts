import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

/** How much of an error's message is said, in characters. */
const LONGEST_REASON = 300;

/**
 * The last words of a run: each skipped test by its title, which has the reason in it, each store with one of its
 * clients of which all tests that ran have passed, what has failed and why, and one line of counts. What failed comes
 * last, since of a long run in CI the end alone may be kept.
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
    const failed = unhandledErrors.map((error) => `failed: outside of any test: ${reasonOf([error])}`);
    for (const module of modules) {
      // A file that does not load, or a hook that fails, has no test to its name.
      const brokenHere = [module, ...module.children.allSuites()].filter(broken);
      counts.failed += brokenHere.length;
      for (const task of brokenHere) {
        const title = task.type === "suite" ? ` > ${task.fullName}` : "";
        failed.push(`failed: ${module.relativeModuleId}${title}: ${reasonOf(task.errors())}`);
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        counts[state === "pending" ? "failed" : state]++;
        if (state === "failed" || state === "pending") {
          failed.push(`failed: ${module.relativeModuleId} > ${titleOf(test)}: ${reasonOf(errors ?? [])}`);
        }
        if (state === "skipped") skipped.push(`skipped: ${module.relativeModuleId} > ${titleOf(test)}`);
      }
      for (const suite of module.children.allSuites()) ran.push(...lineOf(suite));
    }
    for (const line of [...skipped, ...ran, ...failed]) this.#print(line);
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

/** The first error, in one line. */
function reasonOf(errors: readonly unknown[]): string {
  if (errors.length === 0) return "it has not ended";
  const [error] = errors;
  const text =
    typeof error === "object" && error && "message" in error ? String(error.message) : String(error);
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}...` : line;
}

function titleOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return note ? `${test.fullName} (${note})` : test.fullName;
}
