import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { installEngines, program } from "../runtimes/packages.ts";
import { ROOT } from "../support/entries.ts";

/** Runs a program of Node's in a folder. Rejects with all that it says. */
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

/** Compiles what a tsconfig.json in a folder says, with the compiler of this package. Rejects with what it says. */
export function compile(folder: string, project = "."): Promise<void> {
  const compiler = `${ROOT}node_modules/typescript/bin/tsc`;
  return run(process.execPath, [compiler, "--noEmit", "--pretty", "false", "-p", project], folder);
}

/** A Node that can build what runs on no older one than 22. */
export async function newerNode(): Promise<string> {
  if (Number.parseInt(process.versions.node, 10) >= 22) return process.execPath;
  await installEngines();
  return program("Node 24");
}

/** What installing, building and compiling leave in a folder. */
export const OF_INSTALLS: readonly string[] = [
  "node_modules",
  "package-lock.json",
  ".next",
  "next-env.d.ts",
  ".nitro",
  ".nuxt",
  ".output",
  "dist",
];

/** Of all files, and of those in folders; not of what installing and building leaves there. */
export function hashOf(paths: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (path: string): void => {
    if (statSync(path).isDirectory()) {
      const names = readdirSync(path).filter((name) => !OF_INSTALLS.includes(name));
      for (const name of names.sort()) add(join(path, name));
    } else hash.update(path).update(readFileSync(path));
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}
