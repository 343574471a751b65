import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { shared } from "../../../vitest.config.ts";
import { CORE, FEW_INPUTS } from "../runtimes.config.ts";

/** Configures vitest in workerd. */
export default defineConfig({
  ...shared,
  root: new URL("../../..", import.meta.url).pathname,
  plugins: [
    cloudflareTest({
      main: "./test/runtimes/workerd/_worker.ts",
      miniflare: {
        compatibilityDate: "2026-01-01",
        compatibilityFlags: ["nodejs_compat"],
        d1Databases: ["DB"],
        durableObjects: {
          SESSIONS: { className: "PlainSessionsObject", useSQLite: true },
          OBJECTS: { className: "OwnSessionsObject", useSQLite: true },
          PUSHED: { className: "SessionsObject", useSQLite: true },
          SESSIONS_HUB: { className: "SessionsHub", useSQLite: true },
          OWN_PUSHED: { className: "OwnPushedObject", useSQLite: true },
          OWN_HUB: { className: "OwnHub", useSQLite: true },
          REPORTING: { className: "ReportingObject", useSQLite: true },
          SUBSCRIBER: { className: "Subscriber", useSQLite: true },
          BROKEN: { className: "BrokenObject", useSQLite: true },
          SILENT: { className: "SilentObject", useSQLite: true },
        },
      },
    }),
  ],
  test: {
    ...shared.test,
    env: FEW_INPUTS,
    // One Worker for all files: a Worker for each would take twice as long.
    maxWorkers: 1,
    isolate: false,
    include: [...CORE, "test/stores/**/*.workerd.ts"],
  },
});
