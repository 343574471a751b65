import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../packaging/_entries.ts";
import { installPackages, once } from "../support/own-packages.ts";
import { hashOf, OF_INSTALLS, run } from "./_build.ts";
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

/** Builds the app in a folder, as `next build` does. Rejects with what it says. */
async function nextBuild(folder: string): Promise<void> {
  const env = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
  await run(process.execPath, [`${NEXT}node_modules/next/dist/bin/next`, "build"], folder, env);
}
