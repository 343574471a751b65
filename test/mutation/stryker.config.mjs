/** The files in which every line matters for authentication. */
export const FILES = [
  "src/cookie/token.ts",
  "src/cookie/cookie-header.ts",
  "src/client-info/trust-proxy.ts",
  "src/lifecycle/authenticate.ts",
  "src/lifecycle/begin.ts",
  "src/lifecycle/end.ts",
  "src/lifecycle/refresh.ts",
  "src/lifecycle/repository.ts",
  "src/lifecycle/rotate.ts",
  "src/manager.ts",
  "src/previous-cookies/choose-token.ts",
  "src/rules/cross-origin.ts",
  "src/rules/expiry.ts",
  "src/rules/nist.ts",
  "src/rules/record.ts",
  "src/rules/rotation.ts",
  "src/rules/step-up.ts",
  "src/rules/verify-token.ts",
];

/** The path of Stryker's report, relative to the project's root. */
export const REPORT = "test/mutation/.report.json";

export default {
  testRunner: "vitest",
  // With `related`, Stryker would omit tests that import the file indirectly.
  vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
  coverageAnalysis: "perTest",
  concurrency: Number(process.env.CONCURRENCY ?? 2),
  // Stryker works on copies of the project, which do not need these folders.
  ignorePatterns: ["/bench", "/dist", "/examples"],
  // Inside the project, so that the copies find its packages. Outside test/, so that no tool treats the copies as tests.
  tempDirName: ".stryker-tmp",
  // Stryker would rewrite paths in it with TypeScript's old API. A full copy needs no rewritten paths.
  tsconfigFile: "none",
  reporters: ["progress-append-only", "json"],
  jsonReporter: { fileName: REPORT },
};
