import { defineConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

/** What runs unchanged in every runtime: the tests of the core, of the memory store and of the Fetch adapter. */
export const CORE = [
  "src/*.test.ts",
  "src/{identity,policy,stores,wire}/*.test.ts",
  "src/adapters/fetch.test.ts",
];

/** Where Node is not, the frameworks that are there too pass their contract once more. */
const ADAPTERS =
  "Bun" in globalThis || "Deno" in globalThis
    ? "test/adapters/{express,fastify,fetch,h3,hono,koa,node}.test.ts"
    : "test/adapters/fetch.test.ts";

/** How the tests run in Node, Bun and Deno. */
export default defineConfig({
  ...shared,
  root: new URL("../..", import.meta.url).pathname,
  test: {
    ...shared.test,
    // A process for each file would take twice as long.
    isolate: false,
    include: [...CORE, ADAPTERS, "test/engines/sqlite.ts"],
    // Bun takes it for a package without exports when vitest leaves it alone.
    server: { deps: { inline: ["zod"] } },
  },
});
