import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { installEngines, program } from "../runtimes/packages.ts";
import { ROOT } from "../support/entries.ts";

/** Runs a Node program in a folder. Rejects with its whole output. */
export async function run(
  node: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  try {
    await promisify(execFile)(node, args, { cwd, env: { ...process.env, ...env } });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${args.join(" ")} failed in ${cwd}:\n${stdout}${stderr}`);
  }
}

/** Compiles a folder's tsconfig.json with this package's compiler. Rejects with the compiler's output. */
export function compile(folder: string, project = "."): Promise<void> {
  const compiler = `${ROOT}node_modules/typescript/bin/tsc`;
  return run(process.execPath, [compiler, "--noEmit", "--pretty", "false", "-p", project], folder);
}

/** Returns a Node for builds that require Node 22 or later. */
export async function newerNode(): Promise<string> {
  if (Number.parseInt(process.versions.node, 10) >= 22) return process.execPath;
  await installEngines();
  return program("Node 24");
}

/** The files that installing, building and compiling leave in a folder. */
export const BUILD_OUTPUT: readonly string[] = [
  "node_modules",
  "package-lock.json",
  ".next",
  "next-env.d.ts",
  ".nitro",
  ".nuxt",
  ".output",
  "dist",
];

/** Hashes files and the files in folders, without build output and installed packages. */
export function hashPaths(paths: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (path: string): void => {
    if (statSync(path).isDirectory()) {
      const names = readdirSync(path).filter((name) => !BUILD_OUTPUT.includes(name));
      for (const name of names.sort()) add(join(path, name));
    } else hash.update(path).update(readFileSync(path));
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}
