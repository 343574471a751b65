import type { SqliteDriver } from "../stores/sqlite/connection.ts";

// Imports are untyped, because most of these modules exist in only one runtime.
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
  libsql: async () => {
    const { default: Database } = await imported("libsql");
    return { open: (path, bigints = false) => new Database(path).defaultSafeIntegers(bigints) };
  },
};

function imported(name: string) {
  return import(/* @vite-ignore */ name);
}

/** Loads a driver by its name, such as `better-sqlite3`. */
export async function driverNamed(name: string): Promise<SqliteDriver> {
  const driver = await DRIVERS[name]?.();
  if (!driver)
    throw new Error(`There is no driver "${name}". Known drivers: ${Object.keys(DRIVERS).join(", ")}.`);
  return driver;
}
