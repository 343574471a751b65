import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ROOT } from "../contract/programs.ts";
import { signalTree } from "../support/servers/process-tree.ts";
import { Progress } from "./_progress-reporter.ts";

const REPORTER = fileURLToPath(new URL("_progress-reporter.ts", import.meta.url));

/** The arguments with which a run of vitest names the files that have not ended when it is killed. */
export const WITH_PROGRESS: readonly string[] = [`--reporter=${REPORTER}`];

/** The time after which a run is killed, in milliseconds. */
const LIMIT = 300_000;

/**
 * Runs a command. Returns an empty string, or why the command failed: its exit, the files that have not ended and the end of
 * its output.
 */
export async function runToEnd(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  // These belong to this run's worker, and the new vitest has none.
  const { VITEST_WORKER_ID: _worker, VITEST_POOL_ID: _pool, VITEST: _vitest, ...own } = env;
  const child = spawn(command, args, { cwd: ROOT, env: own, stdio: ["ignore", "pipe", "pipe"] });
  const limit = setTimeout(() => {
    // Its own children too: they would keep its output open.
    if (child.pid !== undefined) void signalTree(child.pid, "SIGKILL");
  }, LIMIT);
  const progress = new Progress();
  let output = "";
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      progress.add(line);
      output = `${output}${line}\n`.slice(-10_000);
    });
  }
  const exit = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? code));
  });
  clearTimeout(limit);
  if (exit === 0) return "";
  const { running } = progress;
  const hung = running.length > 0 ? `, while these files had not ended: ${running.join(", ")}` : "";
  return `ended with ${exit}${hung}\n${output}`;
}
