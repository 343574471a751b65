import { defineConfig } from "vitest/config";
import { shared } from "../vitest.config.ts";

/** The tests to run after each change: units, the memory store and two adapters. No servers, no browsers, no builds. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    isolate: false,
    include: [
      "src/**/*.test.ts",
      "test/stores/memory/contract.test.ts",
      "test/frameworks/{express,fetch}/contract.test.ts",
      "test/security/{cookies,ending,policy-options,previous-cookie,sessions}.test.ts",
    ],
  },
});
