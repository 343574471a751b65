import { runtimeSuite } from "./_runtime.ts";

await runtimeSuite("Node 22", { drivers: ["node:sqlite"] });
await runtimeSuite("Node 24", { drivers: ["node:sqlite", "better-sqlite3"] });
await runtimeSuite("Node 26", { drivers: ["node:sqlite"] });
