/** The SQLite store over the drivers that the runtime itself has, or that are named in DRIVERS. */
import type { SqliteDriver } from "../stores/_sqlite-connection.ts";
import { sqliteSuite } from "./_sqlite-suite.ts";

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
  return import(/* @vite-ignore */ name);
}

const names = process.env.DRIVERS?.split(",") ?? [];
if (names.length === 0) throw new Error(`DRIVERS: names none of ${Object.keys(DRIVERS).join(", ")}`);
for (const name of names) {
  const driver = await DRIVERS[name]?.();
  if (!driver) throw new Error(`DRIVERS: there is no ${name}`);
  sqliteSuite(name, driver);
}
