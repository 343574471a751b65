import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/** Installs what the lockfile of a folder says, unless it is there: nobody has to install it to work on the rest. */
export async function installPackages(folder: string, about: string): Promise<void> {
  const lockfile = await readFile(`${folder}package-lock.json`);
  const note = `${folder}node_modules/.installed`;
  await once(note, createHash("sha256").update(lockfile).digest("hex"), async () => {
    process.stderr.write(`${folder}: npm ci, once (${about})\n`);
    // What they would download at install is in packages for each platform already.
    await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  });
}

/** Does the work unless the note says that it was done for this; of several processes one, while the others wait. */
export async function once(note: string, wanted: string, work: () => Promise<void>): Promise<void> {
  const isDone = async () => (await readFile(note, "utf8").catch(() => "")) === wanted;
  if (await isDone()) return;
  // Not beside it: the folder may be about to be made anew.
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

/** Takes the lock unless a process that lives has it. */
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
