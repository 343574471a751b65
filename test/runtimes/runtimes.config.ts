import { defineConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

/**
 * The tests of the core, of the memory store and of the fetch adapter, which run unchanged in Bun, Deno and
 * workerd.
 */
export const CORE = [
  "src/*.test.ts",
  "src/{cache,client-info,cookie,dpop,federation,http,lifecycle,live,options,pocket,recognition,report,rules,signed,stores,telemetry}/**/*.test.ts",
  "src/adapters/fetch.test.ts",
];

/**
 * Other major versions of Node differ little from this one: they run the contracts and the tests of
 * cryptography.
 */
const ON_NODE = [
  "src/{cookie,dpop,pocket,signed}/*.test.ts",
  "src/stores/memory.test.ts",
  "test/frameworks/fetch/contract.test.ts",
];

/** Bun and Deno also run the contracts of the frameworks that support them. */
const IN_BUN_AND_DENO = ["test/frameworks/{express,fastify,fetch,h3,koa,node}/contract.test.ts"];

/** Hono's server replaces the platform's Response for all code in its process. */
const ALONE = ["test/frameworks/hono/contract.test.ts"];

/** WebSockets on the runtime's own server. */
const SOCKETS = `test/frameworks/sockets/${"Bun" in globalThis ? "bun" : "deno"}.ts`;

const SQLITE = "test/runtimes/sqlite.ts";

const isNode = !("Bun" in globalThis || "Deno" in globalThis);

/** Fuzz tests look for mistakes of this package, which the main run finds. Here a few inputs show that the runtime is the same. */
export const FEW_INPUTS: Readonly<Record<string, string>> = { FUZZ_RUNS: process.env.FUZZ_RUNS ?? "2000" };

/** Configures vitest in Node, Bun and Deno. */
export default defineConfig({
  ...shared,
  root: new URL("../..", import.meta.url).pathname,
  test: {
    ...shared.test,
    env: FEW_INPUTS,
    // Starting a process and loading the sources takes longer than most files, so files share one process.
    maxWorkers: 1,
    // Without this, Bun resolves zod to a package without exports.
    server: { deps: { inline: ["zod"] } },
    projects: [
      {
        extends: true,
        test: {
          name: "shared",
          include: isNode ? [...ON_NODE, SQLITE] : [...CORE, ...IN_BUN_AND_DENO, SQLITE],
          isolate: false,
        },
      },
      ...(isNode
        ? []
        : [{ extends: true as const, test: { name: "alone", include: [...ALONE, SOCKETS], isolate: true } }]),
    ],
  },
});
