import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../support/entries.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { BUILD_OUTPUT, hashPaths, run } from "../build.ts";
import { placeSessionup } from "../copy.ts";

/** A package with Next.js, which is also the app that the adapter's tests run. */
export const NEXT: string = fileURLToPath(new URL("next-16/", import.meta.url));

/** The packages of the major versions on which the adapter's contract runs. */
const PACKAGES = { 16: NEXT, 15: fileURLToPath(new URL("next-15/", import.meta.url)) } as const;
export type NextMajor = keyof typeof PACKAGES;

/** The contract's routes, which the older version's app copies from the newer one's. */
const ROUTES = ["app/_app.js", "app/[...path]", "app/account"];

export function installNext(major: NextMajor = 16): Promise<void> {
  return installPackages(PACKAGES[major], `Next.js ${major} (370 MB)`);
}

/**
 * Builds the app, unless it is already built. Returns its folder. The build contains no sessionup: the tests
 * provide it.
 */
export async function buildNextApp(major: NextMajor): Promise<string> {
  const folder = PACKAGES[major];
  await installNext(major);
  const own = ["next.config.mjs", "package-lock.json"].map((name) => folder + name);
  const sources = ["app", "proxy.js"].map((name) => NEXT + name);
  await once(`${folder}.next/.built`, hashPaths([...own, ...sources]), async () => {
    if (folder !== NEXT) for (const name of ROUTES) cpSync(NEXT + name, folder + name, { recursive: true });
    await nextBuild(folder, folder);
  });
  return folder;
}

/** Builds examples/next as a user does, with sessionup as a package. Returns its folder. */
export async function buildNextExample(): Promise<string> {
  await installNext();
  const [example, folder] = [`${ROOT}examples/next`, `${NEXT}.apps/example`];
  const sources = [example, `${ROOT}src`, `${ROOT}package.json`, `${NEXT}package-lock.json`];
  await once(`${folder}/.next/.built`, hashPaths(sources), async () => {
    // Keeps Next.js's build cache.
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder))
      if (name !== ".next") rmSync(join(folder, name), { recursive: true });
    for (const name of readdirSync(example).filter((name) => !BUILD_OUTPUT.includes(name)))
      cpSync(join(example, name), join(folder, name), { recursive: true });
    // A copy, because Turbopack does not follow a link out of its root.
    await placeSessionup(`${folder}/node_modules`);
    await nextBuild(folder, NEXT);
  });
  return folder;
}

/** Builds the app in a folder with `next build`. Rejects with the build's output. */
async function nextBuild(folder: string, from: string): Promise<void> {
  const env = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
  await run(process.execPath, [`${from}node_modules/next/dist/bin/next`, "build"], folder, env);
}
