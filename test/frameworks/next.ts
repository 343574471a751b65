import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installPackages, once } from "../support/own-packages.ts";

/** A package of its own with Next.js in it, which is also the app that the adapter's tests run. */
export const NEXT: string = fileURLToPath(new URL("next/", import.meta.url));

const SOURCES = /^(app\/.*\.js|proxy\.js|next\.config\.mjs|package-lock\.json)$/;

export function installNext(): Promise<void> {
  return installPackages(NEXT, "Next.js, of 370 MB");
}

/** Builds the app, unless it is built. Nothing of sessionup is in it: that comes from the tests. */
export async function buildNextApp(): Promise<void> {
  await installNext();
  const hash = createHash("sha256");
  const files = readdirSync(`${NEXT}app`, { recursive: true }).map((file) => `app/${file}`);
  for (const file of [...files, ...readdirSync(NEXT)].filter((name) => SOURCES.test(name)).sort()) {
    hash.update(file).update(readFileSync(NEXT + file));
  }
  await once(`${NEXT}.built`, hash.digest("hex"), () => nextBuild(NEXT));
}

/** Builds the app in a folder, as `next build` does. Rejects with what it says. */
export async function nextBuild(folder: string): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [`${NEXT}node_modules/next/dist/bin/next`, "build"], {
      cwd: folder,
      env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`next build failed in ${folder}:\n${stdout}${stderr}`);
  }
}
