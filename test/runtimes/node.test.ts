import { it } from "vitest";
import { runtimeSuite } from "./_runtime.ts";

it.skip(
  "sqlite × better-sqlite3 13, Node 20 (skipped: better-sqlite3 13 needs Node 22, and crashes Node 20)",
);

await runtimeSuite("Node 22", { drivers: ["node:sqlite"] });
await runtimeSuite("Node 24", { drivers: ["node:sqlite", "better-sqlite3"] });
await runtimeSuite("Node 26", { drivers: ["node:sqlite"] });
