import { defineConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

/** The tests that can kill a mutant of the four files and are quick: no servers, no browsers, no builds. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: [
      "src/*.test.ts",
      "src/{policy,wire}/*.test.ts",
      "src/identity/{address,trust-proxy}.test.ts",
      "test/attacks/secrets.test.ts",
      "test/security/*.test.ts",
      "test/context.test.ts",
    ],
    // What is about other files, about the documents, or in a browser.
    exclude: ["src/{duration,shard,options}.test.ts", "test/security/{asvs,fetched-ahead}.test.ts"],
    reporters: [],
    // What counts the lines that run is slow.
    testTimeout: 120_000,
    // The fewest with which the fuzzed tests find what they must.
    env: { FUZZ_RUNS: "20000" },
  },
});
