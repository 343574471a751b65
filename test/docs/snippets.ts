import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { ROOT } from "../support/entries.ts";
import type { Fence } from "./_fences.ts";

const execute = promisify(execFile);

/** A TypeScript block with the settings of its info string. */
export interface Snippet {
  readonly document: string;
  readonly line: number;
  readonly code: string;
  /** The path of the snippet in the document's folder. */
  readonly file: string;
  readonly run: boolean;
  /** The packages that the snippet uses. Default: those of the repository. */
  readonly packages: "next" | "sveltekit" | "passport" | "components" | undefined;
  /** The reason why the snippet is not compiled. */
  readonly unchecked: string | undefined;
}

/** The languages of snippets. All except `ts` are components of front ends. */
export const SNIPPET_LANGUAGES: readonly string[] = ["ts", "tsx", "vue", "svelte"];

/** A program that checks the types of a folder. */
export interface TypeChecker {
  readonly command: string;
  readonly args: readonly string[];
  /** Matches the path, the line and the message of an error. */
  readonly error: RegExp;
  /** Matches lines that report no error. */
  readonly note?: RegExp;
}

const TSC: TypeChecker = {
  command: join(ROOT, "node_modules/.bin/tsc"),
  args: ["--noEmit", "--pretty", "false"],
  error: /^(\S.*)\((\d+),\d+\): (.*)$/,
};

/** Parses the info string. Throws for an unknown word, because a misspelt `run` would run nothing. */
export function parseSnippet({ document, line, language, info, code }: Fence): Snippet {
  let rest = info;
  const take = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(rest);
    if (match) rest = rest.replace(match[0], "");
    return match?.[1];
  };
  take(/(\[[^\]]+\])/); // The title of the tab in a group of snippets.
  const unchecked = take(/\bnocheck "([^"]+)"/);
  const file = take(/\bfile=([\w./+-]+\.(?:tsx?|vue|svelte))\b/);
  const run = take(/\b(run)\b/) !== undefined;
  const packages = take(/\bwith=(next|sveltekit|passport|components)\b/) as Snippet["packages"];
  if (rest.trim() !== "")
    throw new Error(
      `${document}:${line}: the info string must contain only run, file=, with= and nocheck. Received "${rest.trim()}".`,
    );
  if (run && unchecked) throw new Error(`${document}:${line}: a snippet must not have both run and nocheck`);
  if (language !== "ts" && packages !== "components")
    throw new Error(`${document}:${line}: a snippet in ${language} must have with=components`);
  return { document, line, code, file: file ?? `line-${line}.${language}`, run, packages, unchecked };
}

/** A folder with snippets, in which `sessionup` resolves to the sources and packages to those of the repository. */
export class SnippetFolder {
  readonly #folder: string = realpathSync(mkdtempSync(join(tmpdir(), "sessionup-snippets-")));
  readonly #snippets = new Map<string, Snippet>();

  constructor(
    snippets: readonly Snippet[],
    packages: string = join(ROOT, "node_modules"),
    options: Readonly<Record<string, unknown>> = {},
  ) {
    symlinkSync(packages, join(this.#folder, "node_modules"));
    this.#write("package.json", JSON.stringify({ type: "module" }));
    const compilerOptions = { moduleDetection: "force", ...options };
    const include = SNIPPET_LANGUAGES.map((extension) => `*/**/*.${extension}`);
    this.#write(
      "tsconfig.json",
      JSON.stringify({ extends: `${ROOT}tsconfig.json`, compilerOptions, include }),
    );
    for (const snippet of snippets) this.#add(snippet);
  }

  #add(snippet: Snippet): void {
    const path = toPath(snippet);
    const other = this.#snippets.get(path);
    if (other)
      throw new Error(
        `${snippet.document}:${snippet.line}: the snippet in line ${other.line} already has the name ${snippet.file}`,
      );
    this.#snippets.set(path, snippet);
    // Empty lines before the snippet give the compiler's messages the line numbers of the document.
    this.#write(path, "\n".repeat(snippet.line - 1) + snippet.code);
  }

  #write(path: string, text: string): void {
    const absolute = join(this.#folder, path);
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, text);
  }

  /** Returns the type errors of each snippet. Other errors are under `undefined`. */
  async compile(checker: TypeChecker = TSC): Promise<ReadonlyMap<Snippet | undefined, readonly string[]>> {
    const errors = new Map<Snippet | undefined, string[]>();
    let current: Snippet | undefined;
    for (const line of (await this.#check(checker)).split("\n")) {
      if (line.trim() === "" || checker.note?.test(line)) continue;
      const [, path = "", at, message] = checker.error.exec(line) ?? [];
      // Indented lines continue the previous error.
      if (!line.startsWith(" ")) current = this.#snippets.get(path);
      const text = current && message ? `${current.document}:${at} ${message}` : line;
      errors.set(current, [...(errors.get(current) ?? []), text]);
    }
    return errors;
  }

  async #check({ command, args }: TypeChecker): Promise<string> {
    try {
      await execute(command, args, { cwd: this.#folder });
      return "";
    } catch (error) {
      return (error as { stdout?: string }).stdout || String(error);
    }
  }

  /** Builds snippets and the sources that they import, because compiling these in each process takes most of its time. */
  async bundle(snippets: readonly Snippet[]): Promise<void> {
    await build({
      absWorkingDir: this.#folder,
      entryPoints: snippets.map((each) => ({ in: toPath(each), out: toPath(each).replace(/\.ts$/, "") })),
      outdir: ".",
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      packages: "external",
      logLevel: "silent",
    });
  }

  /** Runs a bundled snippet to its end. Rejects when the snippet fails or takes longer than 50 seconds. */
  async run(snippet: Snippet): Promise<void> {
    await execute(process.execPath, [toBundle(snippet)], { cwd: this.#folder, timeout: 50_000 });
  }

  /** Starts a bundled snippet that runs until its process is killed. */
  start(snippet: Snippet): ChildProcess {
    const options: SpawnOptions = { cwd: this.#folder, stdio: ["ignore", "pipe", "pipe"] };
    return spawn(process.execPath, [toBundle(snippet)], options);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function toPath({ document, file }: Snippet): string {
  return `${document.replaceAll(/[^\w]+/g, "-")}/${file}`;
}

function toBundle(snippet: Snippet): string {
  return toPath(snippet).replace(/ts$/, "mjs");
}
