import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { it } from "vitest";
import { installPackages } from "../support/own-packages.ts";
import { sqliteSuite } from "./_sqlite-suite.ts";

const FOLDER = fileURLToPath(new URL("better-sqlite3-12/", import.meta.url));
const DRIVER = `${FOLDER}node_modules/better-sqlite3`;

/**
 * Returns why better-sqlite3 12 cannot run, or undefined. npm does not have its binary; the GitHub release
 * does.
 */
async function unavailable(): Promise<string | undefined> {
  await installPackages(FOLDER, "better-sqlite3 12 (13 MB)");
  if (existsSync(`${DRIVER}/build/Release/better_sqlite3.node`)) return undefined;
  const download = [`${FOLDER}node_modules/prebuild-install/bin.js`];
  try {
    await promisify(execFile)(process.execPath, download, { cwd: DRIVER, timeout: 60_000 });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return `npm does not have its binary, and the download failed: ${(stderr || message).trim().split("\n").at(-1)}`;
  }
}

const reason = await unavailable();
if (reason) it.skip(`sqlite × better-sqlite3 12 (skipped: ${reason})`);
else {
  const { default: Database } = await import(/* @vite-ignore */ pathToFileURL(`${DRIVER}/lib/index.js`).href);
  sqliteSuite("better-sqlite3 12", {
    open: (path, bigints = false) => new Database(path).defaultSafeIntegers(bigints),
  });
}
