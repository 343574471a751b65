import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/entries.ts";

/** What is no part of an example, but of having run it. */
const LEFT_OUT = /\/(node_modules|build|\.svelte-kit|\.next)$/;

/** Puts a fresh build of this package into a folder of packages, as it is published: no link to the sources. */
export async function placeSessionup(modules: string): Promise<void> {
  const own = join(modules, "sessionup");
  mkdirSync(own, { recursive: true });
  cpSync(`${ROOT}package.json`, join(own, "package.json"));
  const build = ["-p", `${ROOT}tsconfig.build.json`, "--outDir", join(own, "dist")];
  await promisify(execFile)(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, ...build]);
}

/** An example in a folder of its own, with packages that are installed elsewhere and a fresh build of this one. */
export async function copyOfExample(
  name: string,
  packages: string,
): Promise<{ folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), `sessionup-${name}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    cpSync(`${ROOT}examples/${name}`, folder, { recursive: true, filter: (path) => !LEFT_OUT.test(path) });
    const modules = join(folder, "node_modules");
    mkdirSync(modules);
    for (const each of readdirSync(packages)) {
      // What begins otherwise is no package, but what a build has left there.
      if (/^[\w@]/.test(each)) symlinkSync(join(packages, each), join(modules, each));
    }
    await placeSessionup(modules);
    return { folder: `${folder}/`, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
