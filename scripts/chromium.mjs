import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Where Chromium is. Installs Debian's package when there is none and it may; else throws, saying what to install. */
export async function chromiumPath() {
  const own = process.env.CHROMIUM_PATH;
  if (own && !(await isExecutable(own))) throw new Error(`CHROMIUM_PATH: ${own} is no program`);
  const found = own || (await find(NAMES));
  if (found) return found;
  if (process.getuid?.() === 0 && (await find(["apt-get"]))) {
    await aptGet("update");
    await aptGet("install", "-y", "--no-install-recommends", "chromium");
    const installed = await find(NAMES);
    if (installed) return installed;
  }
  throw new Error("Chromium is missing: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH");
}

async function find(names) {
  const folders = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (folder && (await isExecutable(path))) return path;
    }
  }
  return undefined;
}

function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Quiet, unless it fails. */
async function aptGet(...args) {
  // Another apt-get may be at work.
  const options = ["-o", "DPkg::Lock::Timeout=300"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    await promisify(execFile)("apt-get", [...options, ...args], { env, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    process.stderr.write(`${error.stdout}${error.stderr}`);
    throw new Error(`Chromium is missing, and apt-get ${args[0]} failed`);
  }
}
