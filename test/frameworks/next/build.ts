import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../support/entries.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { hashOf, OF_INSTALLS, run } from "../build.ts";
import { placeSessionup } from "../copy.ts";

/** A package of its own with Next.js in it, which is also the app that the adapter's tests run. */
export const NEXT: string = fileURLToPath(new URL("next-16/", import.meta.url));

/** The packages of the majors that the adapter's contract runs on. */
const PACKAGES = { 16: NEXT, 15: fileURLToPath(new URL("next-15/", import.meta.url)) } as const;
export type NextMajor = keyof typeof PACKAGES;

/** The routes of the contract, which the older major's app has from the newer one's. */
const ROUTES = ["app/_app.js", "app/[...path]", "app/account"];

export function installNext(major: NextMajor = 16): Promise<void> {
  return installPackages(PACKAGES[major], `Next.js ${major}, of 370 MB`);
}

/** Builds the app, unless it is built; where that is. Nothing of sessionup is in it: that comes from the tests. */
export async function buildNextApp(major: NextMajor): Promise<string> {
  const folder = PACKAGES[major];
  await installNext(major);
  const own = ["next.config.mjs", "package-lock.json"].map((name) => folder + name);
  const sources = ["app", "proxy.js"].map((name) => NEXT + name);
  await once(`${folder}.next/.built`, hashOf([...own, ...sources]), async () => {
    if (folder !== NEXT) for (const name of ROUTES) cpSync(NEXT + name, folder + name, { recursive: true });
    await nextBuild(folder, folder);
  });
  return folder;
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
    await nextBuild(folder, NEXT);
  });
  return folder;
}

/** Builds the app in a folder, as `next build` of a package does. Rejects with what it says. */
async function nextBuild(folder: string, from: string): Promise<void> {
  const env = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
  await run(process.execPath, [`${from}node_modules/next/dist/bin/next`, "build"], folder, env);
}
