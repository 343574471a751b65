import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/entries.ts";

/** The folders that installing and building add to an example. */
const BUILD_OUTPUT = /\/(node_modules|build|\.svelte-kit|\.next)$/;

/** Builds this package into a folder of packages as it is published, without a link to the sources. */
export async function placeSessionup(modules: string): Promise<void> {
  const own = join(modules, "sessionup");
  mkdirSync(own, { recursive: true });
  cpSync(`${ROOT}package.json`, join(own, "package.json"));
  const build = ["-p", `${ROOT}tsconfig.build.json`, "--outDir", join(own, "dist")];
  await promisify(execFile)(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, ...build]);
}

/** Copies an example into its own folder, with packages installed elsewhere and a fresh build of this one. */
export async function copyExample(
  name: string,
  packages: string,
): Promise<{ folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), `sessionup-${name}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    cpSync(`${ROOT}examples/${name}`, folder, {
      recursive: true,
      filter: (path) => !BUILD_OUTPUT.test(path),
    });
    const modules = join(folder, "node_modules");
    mkdirSync(modules);
    for (const each of readdirSync(packages)) {
      // Other names are build output, not packages.
      if (/^[\w@]/.test(each)) symlinkSync(join(packages, each), join(modules, each));
    }
    await placeSessionup(modules);
    return { folder: `${folder}/`, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
