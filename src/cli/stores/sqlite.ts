import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type SqliteDatabase, sqliteAudit, sqlitePush, sqliteStore } from "../../stores/sqlite.ts";
import { CliError } from "../cli-error.ts";
import { type Connection, type StoreSettings, toSqlOptions } from "./connection.ts";
import { loadDriver } from "./driver.ts";

type Database = new (path: string) => SqliteDatabase & { close(): unknown };

/** Opens a file. */
export async function connectSqlite(path: string, settings: StoreSettings, cwd: string): Promise<Connection> {
  // The module of Node is always there, so it must not hide the driver that the app has chosen.
  const driver = loadDriver(["better-sqlite3", "libsql", "node:sqlite"], cwd);
  const { creates, isOffline } = settings;
  const file = isOffline ? ":memory:" : requireFile(path, cwd, creates);
  const database = new (toClass(driver.exports))(file);
  const toStore = (audits: boolean) =>
    sqliteStore(database, toSqlOptions(settings, audits ? sqliteAudit() : undefined, sqlitePush));
  return { toStore, engine: "SQLite", driver, close: async () => database.close() };
}

/** Returns the absolute path of a file. Opening a mistyped path would create an empty database there. */
export function requireFile(path: string, cwd: string, creates = false): string {
  const file = resolve(cwd, path);
  if (creates || existsSync(file)) return file;
  throw new CliError(`There is no file ${file}.`, {
    hints: ["Check the path. To create the database, run: sessionup migrate"],
  });
}

function toClass(exports: unknown): Database {
  if (typeof exports === "function") return exports as Database;
  const { DatabaseSync, default: main } = exports as Readonly<Record<string, unknown>>;
  return (DatabaseSync ?? main) as Database;
}
