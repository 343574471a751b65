/**
 * Runs the store contract in the runtime that runs this file, over the driver that it is told, and prints each test's
 * outcome as a line of JSON: `node sqlite.ts <driver> <folder>`.
 */
import { join } from "node:path";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { connectionTests, type SqliteDriver } from "../stores/_sqlite-connection.ts";
import { contractOutcomes } from "./_contract.ts";

// Modules that are not in sight of the compiler: each is there in one runtime alone.
const DRIVERS: Readonly<Record<string, () => Promise<SqliteDriver>>> = {
  "node:sqlite": async () => {
    const { DatabaseSync } = await imported("node:sqlite");
    return { open: (path, readBigInts = false) => new DatabaseSync(path, { readBigInts }) };
  },
  "bun:sqlite": async () => {
    const { Database } = await imported("bun:sqlite");
    return {
      open: (path, safeIntegers = false) =>
        new Database(path, { create: true, readwrite: true, safeIntegers }),
    };
  },
  "better-sqlite3": async () => {
    const { default: Database } = await imported("better-sqlite3");
    return { open: (path, bigints = false) => new Database(path).defaultSafeIntegers(bigints) };
  },
};

function imported(name: string) {
  return import(name);
}

const [name = "", folder = ""] = process.argv.slice(2);
const driver = await DRIVERS[name]?.();
if (!driver)
  throw new Error(`no driver ${JSON.stringify(name)}; there are ${Object.keys(DRIVERS).join(", ")}`);
const path = join(folder, "sessions.db");
const database = driver.open(path);
await sqliteStore(database).migrate();
const outcomes = contractOutcomes(() => sqliteStore(database), {
  connection: connectionTests(driver, () => path),
});
for await (const outcome of outcomes) console.log(JSON.stringify(outcome));
database.close();
