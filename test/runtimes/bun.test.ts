import { runtimeSuite } from "./_runtime.ts";

await runtimeSuite("Bun", { drivers: ["bun:sqlite"] });
