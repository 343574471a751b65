import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles are below node_modules, so that their imports resolve to the same packages. */
const BUNDLES = join(ROOT, "node_modules/.cache/sessionup-tests");

const bundled = new Map<string, Promise<string>>();

/** Returns the command that runs a TypeScript file as its own process of this runtime. */
export async function toCommand(file: string): Promise<readonly [program: string, ...args: string[]]> {
  if ("Deno" in globalThis) return [process.execPath, "run", "--allow-all", file];
  // Bun and Node 22 remove types themselves.
  if ("Bun" in globalThis || Reflect.get(process.features, "typescript")) return [process.execPath, file];
  const bundle = bundled.get(file) ?? bundleProgram(file);
  bundled.set(file, bundle);
  return [process.execPath, await bundle];
}

/** Bundles a program once, because a process that compiles its sources takes several times as long to start. */
async function bundleProgram(file: string): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  const [{ text = "" } = {}] = outputFiles;
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const path = join(BUNDLES, `${basename(file, ".ts")}-${hash}.mjs`);
  await mkdir(BUNDLES, { recursive: true });
  // Other processes may write or run the same bundle.
  const own = `${path}.${process.pid}`;
  await writeFile(own, text);
  await rename(own, path);
  return path;
}
