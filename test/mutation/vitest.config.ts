import { defineConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

/** The quick tests that can kill a mutant of these files: without servers, browsers and builds. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: [
      "src/*.test.ts",
      "src/{cookie,federation,http,lifecycle,options,recognition,report,rules,signed}/*.test.ts",
      "src/client-info/{address,trust-proxy}.test.ts",
      "test/security/*.test.ts",
      "test/http/context.test.ts",
    ],
    // These tests concern other files or the documentation.
    exclude: [
      "src/{duration,cookie/shard,options/options}.test.ts",
      "test/security/{asvs,long-inputs,rotation,witness}.test.ts",
    ],
    reporters: [],
    // Instrumented code is slow.
    testTimeout: 120_000,
    // The fuzz tests need at least this many runs to kill their mutants.
    env: { FUZZ_RUNS: "20000" },
  },
});
