/** The files whose every line decides who gets in. */
export const FILES = [
  "src/cookie/token.ts",
  "src/cookie/cookie-header.ts",
  "src/client-info/trust-proxy.ts",
  "src/manager.ts",
];

/** Where Stryker writes what it found, from the project's root. */
export const REPORT = "test/mutation/.report.json";

export default {
  testRunner: "vitest",
  // By itself it would leave out tests that import the file through others.
  vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
  coverageAnalysis: "perTest",
  concurrency: Number(process.env.CONCURRENCY ?? 2),
  // In the copy that it works on, what none of the tests reads.
  ignorePatterns: ["/bench", "/dist", "/examples"],
  // Inside of the project, so that the copies find its packages; outside of test/, where its tools would take them for tests.
  tempDirName: ".stryker-tmp",
  // It would rewrite paths in it by the TypeScript of the old API; in a copy of the whole none changes.
  tsconfigFile: "none",
  reporters: ["progress-append-only", "json"],
  jsonReporter: { fileName: REPORT },
};
