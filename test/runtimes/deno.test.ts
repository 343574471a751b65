import { runtimeSuite } from "./_runtime.ts";

await runtimeSuite("Deno", { drivers: ["node:sqlite"] });
