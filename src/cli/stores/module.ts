import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { getLifecycle } from "../../lifecycle/lifecycle.ts";
import { STORE_METHODS } from "../../lifecycle/repository.ts";
import { Manager } from "../../manager.ts";
import type { Store } from "../../store.ts";
import { CliError, usageError } from "../cli-error.ts";

/** The exports that are looked at, in this order. */
const EXPORTS = ["default", "manager", "store"] as const;

/** Loads a module of the app and returns its manager, or a new one over its store. */
export async function loadManager(path: string, cwd: string): Promise<Manager<unknown, unknown>> {
  const file = resolve(cwd, path);
  if (!existsSync(file)) throw usageError(`There is no file ${file}.`);
  const exports = await importModule(file);
  for (const name of EXPORTS) {
    const value = await exports[name];
    const found = toManager(value) ?? toManager((value as Record<string, unknown> | undefined)?.[name]);
    if (found) return found;
  }
  throw usageError(
    `${path} must export a Manager or a store: as the default export, or as "manager" or "store".`,
    'For example: export const manager = new Manager(store, { tombstones: "7d" });',
  );
}

async function importModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { log, info, debug } = console;
  // Whatever the module prints must not end up among the results.
  Object.assign(console, { log: console.error, info: console.error, debug: console.error });
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const { code } = Object(cause) as { readonly code?: unknown };
    const isTypescript = /^\.[cm]?ts$/.test(extname(file));
    if (
      isTypescript &&
      (code === "ERR_UNKNOWN_FILE_EXTENSION" || code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    )
      throw new CliError(`Node ${process.versions.node} cannot load ${file}: it is TypeScript.`, {
        hints: [
          'Name the built .js file, or load TypeScript with tsx: NODE_OPTIONS="--import tsx" npx sessionup …',
          "Node 22.18 and later load TypeScript that has only types to remove.",
        ],
      });
    throw new CliError(`${file} cannot be loaded.`, { cause });
  } finally {
    Object.assign(console, { log, info, debug });
  }
}

function toManager(value: unknown): Manager<unknown, unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const store = value as Partial<Store>;
  if (STORE_METHODS.every((method) => typeof store[method] === "function"))
    return new Manager<unknown, unknown>(value as Store);
  try {
    getLifecycle(value as Manager<unknown, unknown>);
    return value as Manager<unknown, unknown>;
  } catch {
    return undefined;
  }
}
