import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

/** The maximum length of an error message, in characters. */
const LONGEST_REASON = 300;

/**
 * Prints the summary of a run:
 *
 * - each skipped test, whose title contains the reason
 * - each store and client without a failed test
 * - each failure with its reason
 * - one line of counts
 *
 * Failures come late because CI may keep only the end of a long log.
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
    const failed = unhandledErrors.map((error) => `failed: outside of any test: ${formatReason([error])}`);
    for (const module of modules) {
      // A file that does not load and a failed hook belong to no test.
      const withErrors = [module, ...module.children.allSuites()].filter(hasErrors);
      counts.failed += withErrors.length;
      for (const task of withErrors) {
        const title = task.type === "suite" ? ` > ${task.fullName}` : "";
        failed.push(`failed: ${module.relativeModuleId}${title}: ${formatReason(task.errors())}`);
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        counts[state === "pending" ? "failed" : state]++;
        if (state === "failed" || state === "pending") {
          failed.push(
            `failed: ${module.relativeModuleId} > ${formatTitle(test)}: ${formatReason(errors ?? [])}`,
          );
        }
        if (state === "skipped") skipped.push(`skipped: ${module.relativeModuleId} > ${formatTitle(test)}`);
      }
      for (const suite of module.children.allSuites()) ran.push(...formatSuite(suite));
    }
    for (const line of [...skipped, ...ran, ...failed]) this.#print(line);
    this.#print(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

/** Returns the line of a suite for a store and a client. Returns none when a test failed or no test ran. */
function formatSuite(suite: TestSuite): readonly string[] {
  if (!/^[a-z][0-9a-z-]* × /.test(suite.name)) return [];
  const tests = [...suite.children.allTests()];
  const passed = tests.filter((test) => test.result().state === "passed");
  const skipped = tests.filter((test) => test.result().state === "skipped");
  const failed =
    [suite, ...suite.children.allSuites()].some(hasErrors) || passed.length + skipped.length < tests.length;
  const [first] = passed;
  if (failed || !first) return [];
  const meta: object = first.meta();
  const version = "version" in meta && meta.version ? `, ${meta.version}` : "";
  return [`ran: ${suite.name}${version} (${passed.length} ${passed.length === 1 ? "test" : "tests"})`];
}

function hasErrors(task: TestModule | TestSuite): boolean {
  return task.errors().length > 0;
}

/** Formats the first error as one line. */
function formatReason(errors: readonly unknown[]): string {
  if (errors.length === 0) return "the test did not end";
  const [error] = errors;
  const text =
    typeof error === "object" && error && "message" in error ? String(error.message) : String(error);
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}...` : line;
}

function formatTitle(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return note ? `${test.fullName} (${note})` : test.fullName;
}
