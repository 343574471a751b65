import { defineConfig } from "vitest/config";
import { shared } from "../../vitest.config.ts";

/** The tests of the core, of the memory store and of the Fetch adapter: they run unchanged in Bun, Deno and workerd. */
export const CORE = [
  "src/*.test.ts",
  "src/{client-info,cookie,federation,http,lifecycle,options,recognition,report,rules,signed,stores}/**/*.test.ts",
  "src/adapters/fetch.test.ts",
];

/** Other majors of Node differ from this one in little: the contracts run there, and what uses its cryptography. */
const ON_NODE = [
  "src/{cookie,signed}/*.test.ts",
  "src/stores/memory.test.ts",
  "test/frameworks/fetch/contract.test.ts",
];

/** Where Node is not, the frameworks that are there too pass their contract once more. */
const ELSEWHERE = [...CORE, "test/frameworks/{express,fastify,fetch,h3,hono,koa,node}/contract.test.ts"];

const isNode = !("Bun" in globalThis || "Deno" in globalThis);

/** How the tests run in Node, Bun and Deno. */
export default defineConfig({
  ...shared,
  root: new URL("../..", import.meta.url).pathname,
  test: {
    ...shared.test,
    // A process for each file takes twice as long. Frameworks need it: Hono's server puts a Response of its own in the
    // place of the platform's, for all that runs beside it.
    isolate: !isNode,
    include: [...(isNode ? ON_NODE : ELSEWHERE), "test/runtimes/sqlite.ts"],
    // Bun takes it for a package without exports when vitest leaves it alone.
    server: { deps: { inline: ["zod"] } },
  },
});
