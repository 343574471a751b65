import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, it } from "vitest";
import { ROOT } from "../contract/programs.ts";
import { runToEnd, WITH_PROGRESS } from "./_run-vitest.ts";
import { ENGINES, installEngines, type Program, program, unsupported } from "./packages.ts";

const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");

/** The arguments with which a runtime runs a JavaScript file. */
const ARGUMENTS: Readonly<Partial<Record<Program, readonly string[]>>> = {
  Bun: ["--bun"],
  Deno: ["run", "--allow-all"],
};

/** A test in vitest's JSON report. */
interface Test {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: "passed" | "failed" | "skipped" | "pending" | "todo";
  readonly failureMessages: readonly string[] | null;
}

interface Outcome {
  readonly files: ReadonlyArray<{ readonly name: string; readonly assertionResults: readonly Test[] }>;
  readonly end: string;
}

export interface RuntimeOptions {
  /** The title of the run. Default: the program's name. */
  readonly title?: string;
  readonly config?: "runtimes.config.ts" | "workerd/vitest.config.ts";
  /** The SQLite drivers that the runtime has. */
  readonly drivers?: readonly string[];
}

/**
 * Runs vitest in another runtime and reports each of its tests as a test of this run. Await it at a test
 * file's top level.
 */
export async function runtimeSuite(name: Program, options: RuntimeOptions = {}): Promise<void> {
  const { title = name, config = "runtimes.config.ts", drivers = [] } = options;
  const reason = unsupported(name);
  if (reason) return void it.skip(`the tests in ${title} (skipped: ${reason})`);
  await installEngines();
  const { files, end } = await runVitest(name, config, drivers);
  describe(title, () => {
    it("all test files run to their end", () => {
      if (end) throw new Error(end);
    });
    for (const { name: file, assertionResults } of files) {
      const suites = new Set(assertionResults.map(({ ancestorTitles: [first] }) => first));
      for (const suite of suites) {
        describe(suite ? `${suite}, ${title}` : relative(ROOT, file), () => {
          for (const test of assertionResults) if (test.ancestorTitles[0] === suite) reportTest(test);
        });
      }
    }
  });
}

function reportTest({ ancestorTitles, title, status, failureMessages }: Test): void {
  const whole = [...ancestorTitles.slice(1), title].join(" > ");
  if (status === "skipped") it.skip(whole);
  else
    it(whole, () => {
      if (status !== "passed") throw new Error(failureMessages?.join("\n") || status);
    });
}

async function runVitest(name: Program, config: string, drivers: readonly string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "sessionup-runtime-"));
  try {
    const file = join(folder, "outcome.json");
    const report = ["--reporter=json", `--outputFile=${file}`, ...WITH_PROGRESS];
    const args = [...(ARGUMENTS[name] ?? []), VITEST, "run", "--config", join(ENGINES, config), ...report];
    const end = await runToEnd(program(name), args, { ...process.env, DRIVERS: drivers.join() });
    const { testResults: files = [] } = JSON.parse(await readFile(file, "utf8").catch(() => "{}"));
    if (files.length === 0) return { files, end: `no test ran\n${end}` };
    return { files, end };
  } finally {
    await rm(folder, { recursive: true });
  }
}
