import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * Runs a file of workers/ to its end in a separate process, and returns what it printed.
 *
 * @param {string} file
 * @param {Record<string, unknown>} task  the worker's argument
 * @param {readonly string[]} [flags]  for Node
 */
export async function child(file, task, flags = []) {
  const path = fileURLToPath(new URL(`workers/${file}`, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--expose-gc", ...flags, path, JSON.stringify(task)],
    { maxBuffer: 2 ** 26 },
  );
  process.stderr.write(".");
  return JSON.parse(stdout);
}

/** Returns the argument that the parent passed to this worker. */
export function readTask() {
  return JSON.parse(process.argv[2] ?? "{}");
}
