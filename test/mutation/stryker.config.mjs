import { tmpdir } from "node:os";
import { join } from "node:path";

/** The files whose every line decides who gets in. */
export const FILES = [
  "src/wire/token.ts",
  "src/wire/cookie.ts",
  "src/identity/trust-proxy.ts",
  "src/manager.ts",
];

/** Where Stryker writes what it found, from the project's root. */
export const REPORT = "test/mutation/.report.json";

export default {
  testRunner: "vitest",
  vitest: { configFile: "test/mutation/vitest.config.ts" },
  coverageAnalysis: "perTest",
  concurrency: Number(process.env.CONCURRENCY ?? 2),
  // In the copy that it works on, what none of the tests reads.
  ignorePatterns: [
    "/bench",
    "/dist",
    "/docs",
    "/examples",
    "/test/{adapters,demo,docs,engines,examples,frameworks,packaging,stores,types}",
  ],
  // Not in here, where the project's own tools would take the copies of tests for tests.
  tempDirName: join(tmpdir(), "sessionup-mutation"),
  // It would rewrite paths in it by the TypeScript of the old API; in a copy of the whole none changes.
  tsconfigFile: "none",
  reporters: ["progress-append-only", "json"],
  jsonReporter: { fileName: REPORT },
};
