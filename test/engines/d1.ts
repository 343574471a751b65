/** Runs the store contract on D1 in miniflare, and prints each test's outcome as a line of JSON: `node d1.ts <folder>`. */
import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENTRY = "test/engines/_worker.ts";

interface WorkerModule {
  readonly type: "ESModule";
  readonly path: string;
  readonly contents: string;
}

/** A module and all that it imports, without the types. */
function modulesFrom(path: string, found = new Map<string, WorkerModule>()): WorkerModule[] {
  if (!found.has(path)) {
    const contents = withoutTypes(readFileSync(posix.join(ROOT, path), "utf8"));
    found.set(path, { type: "ESModule", path, contents });
    for (const [, specifier = ""] of contents.matchAll(/^(?:import|export|\}).* from "(\.[^"]+)";$/gm))
      modulesFrom(posix.join(posix.dirname(path), specifier), found);
  }
  return [...found.values()];
}

function withoutTypes(code: string): string {
  // Node 22.13 and later have it; the types of the Node that the suite runs on do not.
  const { stripTypeScriptTypes } = nodeModule as unknown as { stripTypeScriptTypes(code: string): string };
  return stripTypeScriptTypes(code);
}

const [folder = ""] = process.argv.slice(2);
const name: string = "miniflare";
const { Miniflare } = await import(name);
const worker = new Miniflare({
  modules: modulesFrom(ENTRY),
  modulesRoot: ".",
  compatibilityDate: "2026-01-01",
  compatibilityFlags: ["nodejs_compat"],
  d1Databases: ["DB"],
  d1Persist: folder,
});
try {
  const response: Response = await worker.dispatchFetch("http://localhost/");
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  console.log(text);
} finally {
  await worker.dispose();
}
