import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/** Installs the packages of a folder's lockfile at first use, so that other tests do not depend on them. */
export async function installPackages(folder: string, about: string): Promise<void> {
  const lockfile = await readFile(`${folder}package-lock.json`, "utf8");
  const note = `${folder}node_modules/.installed`;
  await once(note, createHash("sha256").update(lockfile).digest("hex"), async () => {
    process.stderr.write(`${folder}: npm ci, once (${about})\n`);
    const staging = `${folder}.installed.new/`;
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging);
    for (const name of ["package.json", ".npmrc"])
      if (existsSync(folder + name)) await cp(folder + name, staging + name);
    const registry = await npm(["config", "get", "registry"], folder);
    await writeFile(
      `${staging}package-lock.json`,
      addArchives(lockfile, registry.trim().replace(/\/?$/, "/")),
    );
    // Install scripts are not needed: the downloads that they make are available as platform packages.
    await npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], staging);
    await rm(`${folder}node_modules`, { recursive: true, force: true });
    await rename(`${staging}node_modules`, `${folder}node_modules`);
    await rm(staging, { recursive: true });
  });
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  return (await promisify(execFile)("npm", args, { cwd })).stdout;
}

interface Locked {
  /** The package's own name, if it is installed under another one. */
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
}

/**
 * Adds the address of each package's archive to a lockfile without addresses. Otherwise npm first asks the registry for all
 * versions of each package, which takes longer than most downloads.
 */
function addArchives(lockfile: string, registry: string): string {
  const lock: { packages: Record<string, Locked> } = JSON.parse(lockfile);
  const withArchive = ([path, locked]: [string, Locked]) => {
    if (!locked.integrity) return [path, locked];
    const name = locked.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const file = `${name.slice(name.indexOf("/") + 1)}-${locked.version}.tgz`;
    return [path, { ...locked, resolved: new URL(`${name}/-/${file}`, registry).href }];
  };
  return JSON.stringify({
    ...lock,
    packages: Object.fromEntries(Object.entries(lock.packages).map(withArchive)),
  });
}

/** Does the work unless the note file contains `wanted`. Of several processes one works while the others wait. */
export async function once(note: string, wanted: string, work: () => Promise<void>): Promise<void> {
  const isDone = async () => (await readFile(note, "utf8").catch(() => "")) === wanted;
  if (await isDone()) return;
  // Outside the note's folder, because the work may recreate that folder.
  const lock = join(tmpdir(), `sessionup-${createHash("sha256").update(note).digest("hex")}.lock`);
  while (!(await takes(lock))) await delay(100);
  try {
    if (await isDone()) return;
    await work();
    await writeFile(note, wanted);
  } finally {
    await rm(lock, { force: true });
  }
}

/** Takes the lock unless a running process holds it. */
async function takes(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const owner = Number(await readFile(lock, "utf8").catch(() => ""));
    if (owner > 0 && !lives(owner)) await rm(lock, { force: true });
    return false;
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
