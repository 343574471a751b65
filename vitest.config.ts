import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig, type ViteUserConfig } from "vitest/config";
import { SlowFirst } from "./scripts/slow-first.ts";
import { SummaryReporter } from "./scripts/summary-reporter.ts";
import { NEST_11 } from "./test/frameworks/nest/nest-11.ts";

/** Returns aliases from `sessionup` and its subpaths to the sources, derived from the exports of package.json. */
function sourceAliases(): Array<{ find: RegExp; replacement: string }> {
  const { name, exports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  return Object.entries<{ default?: string }>(exports).flatMap(([subpath, { default: built }]) => {
    if (!built) return [];
    const source = built.replace("./dist/", "./src/").replace(/\.js$/, ".ts");
    const find = new RegExp(`^${subpath.replace(/^\./, name)}$`);
    return [{ find, replacement: fileURLToPath(new URL(source, import.meta.url)) }];
  });
}

/** The configuration of every test run: this package, other runtimes and mutation tests. */
export const shared = {
  resolve: { alias: sourceAliases() },
  test: {
    // Generous limits, so that only hanging tests exceed them on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 40_000 } },
    // Two more workers than cores, because many tests wait for a server, an outage or a lock. Vitest's default is one fewer.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: SlowFirst },
    // The output of a test matters only when the test fails.
    silent: "passed-only",
  },
} satisfies ViteUserConfig;

/** Small test files, which share a process. None of them loads a native driver or replaces a global object. */
const SMALL = [
  "src/**/*.test.ts",
  "test/{docs,http,mutation,packaging,security,support,testing}/*.test.ts",
  "test/frameworks/{express,express-session,fastify,fetch,koa,lambda,nest,sveltekit,ws}/!(app|many|packages).test.ts",
  "test/frameworks/{h3,koa,next,node}/{app,contract,options,responses,types}.test.ts",
  "test/frameworks/{dpop-url,origin-scheme,private-responses,synchronous,wrong-manager}.test.ts",
  "test/frameworks/pocket/servers.test.ts",
  "test/{migrate,pocket,recipes,telemetry}/{pages,types}.test.ts",
  "test/stores/{custom,memory}/*.test.ts",
];

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    reporters: [["default", { summary: false }], new SummaryReporter()],
    projects: [
      { extends: true, test: { name: "small", include: SMALL, isolate: false } },
      // Repeats these tests on the previous major, which is installed in a separate folder.
      {
        extends: true,
        test: {
          name: "nest-11",
          include: ["test/frameworks/nest/{contract,gateways}.test.ts"],
          setupFiles: "test/frameworks/nest/nest-11-setup.ts",
        },
        resolve: { alias: [{ find: /^@nestjs\/.*$/, replacement: `${NEST_11}node_modules/$&` }] },
      },
      // One process per file, because a crash in a native driver ends the whole process.
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
