import { createRequire } from "node:module";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";

/** A database client that was loaded from the app's folder. */
export interface Driver {
  readonly name: string;
  /** Absent if the package does not tell it, and for modules of Node. */
  readonly version?: string;
  /** The exports of a driver. Each connector checks the members that it uses. */
  readonly exports: unknown;
}

/** Loads the first of these packages that the app has installed. Throws an error that names what to install. */
export function loadDriver(names: readonly string[], cwd: string): Driver {
  // The file need not exist: modules are looked up from its folder on.
  const require = createRequire(join(cwd, "sessionup.cjs"));
  let failure: { readonly name: string; readonly cause: unknown } | undefined;
  for (const name of names) {
    try {
      return { name, exports: quietly(() => require(name)), ...readVersion(require, name) };
    } catch (cause) {
      // A package that is there and does not load, such as one without its native part, must not look like a missing one.
      if (!isMissing(cause, name)) failure ??= { name, cause };
    }
  }
  if (failure)
    throw new CliError(`The driver ${failure.name} is installed and cannot be loaded.`, {
      cause: failure.cause,
      hints: [
        `Install it again for this Node (${process.version}): npm rebuild ${toPackageName(failure.name)}`,
      ],
    });
  const [first = "", ...others] = names.filter((name) => !name.startsWith("node:")).map(toPackageName);
  const alternatives = others.length > 0 ? ` (or ${others.join(", ")})` : "";
  throw new CliError(`No driver for this store is installed in ${cwd}.`, {
    hints: [`Run in the folder of your app, or: npm install ${first}${alternatives}`],
  });
}

/** Returns the package of a specifier: `mysql2/promise` belongs to `mysql2`. */
function toPackageName(name: string): string {
  return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

function readVersion(require: NodeJS.Require, name: string): { readonly version?: string } {
  try {
    const { version } = require(`${toPackageName(name)}/package.json`) as { readonly version?: unknown };
    return typeof version === "string" ? { version } : {};
  } catch {
    return {};
  }
}

function isMissing(error: unknown, name: string): boolean {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  if (code === "ERR_UNKNOWN_BUILTIN_MODULE") return true;
  return code === "MODULE_NOT_FOUND" && String(message).includes(`'${name}'`);
}

/** Loads a module without the warning that node:sqlite is experimental. */
function quietly<Result>(load: () => Result): Result {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
