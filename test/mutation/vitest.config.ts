import { defineConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

/** The tests that can kill a mutant of the four files and are quick: no servers, no browsers, no builds. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: [
      "src/*.test.ts",
      "src/{cookie,http,lifecycle,options,report,rules,signed}/*.test.ts",
      "src/client-info/{address,trust-proxy}.test.ts",
      "test/security/*.test.ts",
      "test/http/context.test.ts",
    ],
    // What is about other files or about the documents.
    exclude: [
      "src/{duration,cookie/shard,options/options}.test.ts",
      "test/security/{asvs,long-inputs,rotation,witness}.test.ts",
    ],
    reporters: [],
    // What counts the lines that run is slow.
    testTimeout: 120_000,
    // The fewest with which the fuzzed tests find what they must.
    env: { FUZZ_RUNS: "20000" },
  },
});
