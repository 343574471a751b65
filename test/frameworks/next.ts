import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ROOT } from "../packaging/_entries.ts";
import { installPackages, once } from "../support/own-packages.ts";
import { placeSessionup } from "./_copy.ts";

/** A package of its own with Next.js in it, which is also the app that the adapter's tests run. */
export const NEXT: string = fileURLToPath(new URL("next/", import.meta.url));

export function installNext(): Promise<void> {
  return installPackages(NEXT, "Next.js, of 370 MB");
}

/** Builds the app, unless it is built. Nothing of sessionup is in it: that comes from the tests. */
export async function buildNextApp(): Promise<void> {
  await installNext();
  const sources = ["app", "proxy.js", "next.config.mjs", "package-lock.json"].map((name) => NEXT + name);
  await once(`${NEXT}.next/.built`, hashOf(sources), () => nextBuild(NEXT));
}

/** Builds examples/next as whoever copies it does, with sessionup as a package; where that is. */
export async function buildNextExample(): Promise<string> {
  await installNext();
  const [example, folder] = [`${ROOT}examples/next`, `${NEXT}.apps/example`];
  const sources = [example, `${ROOT}src`, `${ROOT}package.json`, `${NEXT}package-lock.json`];
  await once(`${folder}/.next/.built`, hashOf(sources), async () => {
    // What Next.js keeps for the next time stays.
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder))
      if (name !== ".next") rmSync(join(folder, name), { recursive: true });
    for (const name of readdirSync(example).filter((name) => !OF_INSTALLS.includes(name)))
      cpSync(join(example, name), join(folder, name), { recursive: true });
    // A copy: what is behind a link out of its root is not there for Turbopack.
    await placeSessionup(`${folder}/node_modules`);
    await nextBuild(folder);
  });
  return folder;
}

const OF_INSTALLS = ["node_modules", ".next", "package-lock.json", "next-env.d.ts"];

/** Builds the app in a folder, as `next build` does. Rejects with what it says. */
async function nextBuild(folder: string): Promise<void> {
  await run(process.execPath, [`${NEXT}node_modules/next/dist/bin/next`, "build"], folder);
}

async function run(file: string, args: readonly string[], cwd: string): Promise<void> {
  const env = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
  try {
    await promisify(execFile)(file, args, { cwd, env });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${file} ${args.join(" ")} failed in ${cwd}:\n${stdout}${stderr}`);
  }
}

/** Of all files, and of those in folders; not of what installing and building leaves there. */
function hashOf(paths: readonly string[]): string {
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
