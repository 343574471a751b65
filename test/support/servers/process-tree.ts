import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** Sends a signal to a process and its descendants, because PostgreSQL has one process per connection. */
export async function signalTree(pid: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
  const parents = await listParents();
  const tree = [pid];
  for (const parent of tree) {
    for (const [child, itsParent] of parents) if (itsParent === parent) tree.push(child);
  }
  for (const each of tree) {
    try {
      process.kill(each, signal);
    } catch {
      // The process has ended meanwhile.
    }
  }
}

async function listParents(): Promise<Map<number, number>> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return listParentsByPs();
  const parents = new Map<number, number>();
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // The state and the parent follow the process name, which may contain any characters.
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    parents.set(Number(pid), Number(parent));
  }
  return parents;
}

async function listParentsByPs(): Promise<Map<number, number>> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid="]);
  const lines = stdout.trim().split("\n");
  return new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]));
}
