import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * What one of workers/ says that runs to its end, in a process of its own.
 *
 * @param {string} file
 * @param {Record<string, unknown>} task  what the worker is given
 * @param {readonly string[]} [flags]  of Node
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

/** The worker's end: what it was given. */
export function taskOf() {
  return JSON.parse(process.argv[2] ?? "{}");
}
