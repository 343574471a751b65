import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig, type ViteUserConfig } from "vitest/config";
import { SlowFirst } from "./scripts/slow-first.ts";
import { SummaryReporter } from "./scripts/summary-reporter.ts";
import { NEST_11 } from "./test/frameworks/nest/nest-11.ts";

/** Where `sessionup` and its subpaths are while they are not built: one place names them, the exports of package.json. */
function sources(): Array<{ find: RegExp; replacement: string }> {
  const { name, exports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  return Object.entries<{ default?: string }>(exports).flatMap(([subpath, { default: built }]) => {
    if (!built) return [];
    const source = built.replace("./dist/", "./src/").replace(/\.js$/, ".ts");
    const find = new RegExp(`^${subpath.replace(/^\./, name)}$`);
    return [{ find, replacement: fileURLToPath(new URL(source, import.meta.url)) }];
  });
}

/** What holds for every run of tests: this package's, those in other runtimes, and the mutants'. */
export const shared = {
  resolve: { alias: sources() },
  test: {
    // Limits to what hangs, on a machine that has a bad minute too.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    // One more than there are cores: some wait for a server, an outage, a lock. By default vitest leaves a core alone.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: SlowFirst },
    // What a test prints is of interest when it fails.
    silent: "passed-only",
  },
} satisfies ViteUserConfig;

/** Tests of many small files, which share a process. */
const SMALL = ["src/**/*.test.ts", "test/{docs,http,packaging,security}/*.test.ts"];

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    reporters: [["default", { summary: false }], new SummaryReporter()],
    projects: [
      { extends: true, test: { name: "small", include: SMALL, isolate: false } },
      // Once more on the major before, which is installed in a folder of its own.
      {
        extends: true,
        test: {
          name: "nest-11",
          include: ["test/frameworks/nest/contract.test.ts"],
          setupFiles: "test/frameworks/nest/nest-11-setup.ts",
        },
        resolve: { alias: [{ find: /^(@nestjs\/.*|rxjs)$/, replacement: `${NEST_11}node_modules/$1` }] },
      },
      // A process for each file: drivers in native code take all that runs beside them with them when they crash.
      {
        extends: true,
        test: {
          name: "large",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...SMALL],
          isolate: true,
        },
      },
    ],
  },
});
