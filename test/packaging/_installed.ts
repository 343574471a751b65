import { type ExecFileOptions, execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/entries.ts";

const execute = promisify(execFile);

/** Runs a program and returns its output. The error of a failed program contains the output. */
async function run(file: string, args: readonly string[], options: ExecFileOptions): Promise<string> {
  try {
    const { stdout, stderr } = await execute(file, args, { ...options, encoding: "utf8" });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${file} ${args[0] ?? ""} failed:\n${stdout ?? ""}${stderr ?? ""}`);
  }
}

/** Folders that a fresh clone lacks or that the build does not need. */
const LEFT_OUT = ["node_modules", ".git", "dist", "coverage"];

/** The package as users get it: packed, and installed into a separate app without a network. */
export class InstalledPackage {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Builds and packs a copy of the sources, so that an outdated dist/ has no effect. */
  static async make(): Promise<InstalledPackage> {
    const installed = new InstalledPackage(mkdtempSync(join(tmpdir(), "sessionup-package-")));
    try {
      await installed.#install(await installed.#pack());
    } catch (error) {
      installed.remove();
      throw error;
    }
    return installed;
  }

  async #pack(): Promise<string> {
    const sources = join(this.#folder, "sources");
    const filter = (path: string) => !LEFT_OUT.some((name) => path.endsWith(`/${name}`));
    cpSync(ROOT.slice(0, -1), sources, { recursive: true, filter });
    symlinkSync(join(ROOT, "node_modules"), join(sources, "node_modules"));
    await run("npm", ["pack", "--silent", "--pack-destination", this.#folder], { cwd: sources });
    const tarball = readdirSync(this.#folder).find((name) => name.endsWith(".tgz"));
    return join(this.#folder, tarball ?? "none.tgz");
  }

  async #install(tarball: string): Promise<void> {
    const cwd = join(this.#folder, "app");
    cpSync(join(ROOT, "test/packaging/consumer"), cwd, { recursive: true });
    writeFileSync(join(cwd, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const options = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"];
    await run("npm", ["install", ...options, tarball], { cwd });
    symlinkSync(join(ROOT, "node_modules/@types"), join(cwd, "node_modules/@types"));
  }

  /** Lists the files of the package. */
  files(): readonly string[] {
    const folder = join(this.#folder, "app/node_modules/sessionup");
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
  }

  /** Reads a file of the package. */
  read(file: string): string {
    return readFileSync(join(this.#folder, "app/node_modules/sessionup", file), "utf8");
  }

  /** Runs a script of the app and parses its output as JSON. Rejects when the script fails or prints other text. */
  async json(script: string, args: readonly string[] = []): Promise<unknown> {
    const cwd = join(this.#folder, "app");
    return JSON.parse(await run(process.execPath, [script, ...args], { cwd, timeout: 30_000 }));
  }

  /** Runs a program of the package as `npx` does, and returns its output. */
  async bin(name: string, args: readonly string[]): Promise<string> {
    const cwd = join(this.#folder, "app");
    return run(join(cwd, "node_modules/.bin", name), args, { cwd, timeout: 30_000 });
  }

  /** Compiles files of the app. Rejects with the messages of the compiler. */
  async compile(files: readonly string[], options: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const cwd = mkdtempSync(join(this.#folder, "app/compile-"));
    const compilerOptions = { ...STRICT, ...options };
    const absolute = files.map((file) => join(this.#folder, "app", file));
    writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, files: absolute }));
    await run(join(ROOT, "node_modules/.bin/tsc"), ["--noEmit", "--pretty", "false"], { cwd });
  }

  /** Links packages of the repository into the app. */
  linkPeers(names: readonly string[]): void {
    for (const name of names) {
      const link = join(this.#folder, "app/node_modules", name);
      if (existsSync(link)) continue;
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(ROOT, "node_modules", name), link);
    }
  }

  /** Adds a file to the app. */
  write(name: string, text: string): void {
    writeFileSync(join(this.#folder, "app", name), text);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const STRICT = {
  target: "es2023",
  lib: ["es2023"],
  types: ["node"],
  module: "nodenext",
  strict: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  skipLibCheck: false,
};
