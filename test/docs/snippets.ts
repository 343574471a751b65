import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/entries.ts";
import type { Fence } from "./_fences.ts";

const execute = promisify(execFile);

/** A block of TypeScript, and what its info string asks for. */
export interface Snippet {
  readonly document: string;
  readonly line: number;
  readonly code: string;
  /** Where it is written, under a folder of the document's. */
  readonly file: string;
  readonly run: boolean;
  /** Which of test/frameworks has its packages, where these are not ours. */
  readonly packages: "next" | undefined;
  /** Why it is not compiled. */
  readonly unchecked: string | undefined;
}

/** Reads the info string. Throws for a word that it does not know: a misspelt `run` would run nothing. */
export function snippetOf({ document, line, info, code }: Fence): Snippet {
  let rest = info;
  const take = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(rest);
    if (match) rest = rest.replace(match[0], "");
    return match?.[1];
  };
  const unchecked = take(/\bnocheck "([^"]+)"/);
  const file = take(/\bfile=([\w./-]+\.ts)\b/);
  const run = take(/\b(run)\b/) !== undefined;
  const packages = take(/\bwith=(next)\b/) as Snippet["packages"];
  if (rest.trim() !== "") throw new Error(`${document}:${line}: what is "${rest.trim()}"?`);
  if (run && unchecked) throw new Error(`${document}:${line}: what is run is also checked`);
  return { document, line, code, file: file ?? `line-${line}.ts`, run, packages, unchecked };
}

/** Snippets, written into a folder of their own in which `sessionup` is the sources and packages are ours. */
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
    const include = ["*/**/*.ts"];
    this.#write(
      "tsconfig.json",
      JSON.stringify({ extends: `${ROOT}tsconfig.json`, compilerOptions, include }),
    );
    for (const snippet of snippets) this.#add(snippet);
  }

  #add(snippet: Snippet): void {
    const path = pathOf(snippet);
    const other = this.#snippets.get(path);
    if (other)
      throw new Error(`${snippet.document}:${snippet.line}: line ${other.line} is ${snippet.file} already`);
    this.#snippets.set(path, snippet);
    // As many empty lines before it as in the document: so what the compiler says has the document's line.
    this.#write(path, "\n".repeat(snippet.line - 1) + snippet.code);
  }

  #write(path: string, text: string): void {
    const absolute = join(this.#folder, path);
    mkdirSync(dirname(absolute), { recursive: true });
    writeFileSync(absolute, text);
  }

  /** What the compiler says of each snippet, and under `undefined` what it says else. */
  async compile(): Promise<ReadonlyMap<Snippet | undefined, readonly string[]>> {
    const told = new Map<Snippet | undefined, string[]>();
    let about: Snippet | undefined;
    for (const line of (await this.#compilerOutput()).split("\n").filter((text) => text.trim())) {
      const [, path = "", at, message] = /^(\S.*)\((\d+),\d+\): (.*)$/.exec(line) ?? [];
      // Lines that are indented go on with what was said before.
      if (!line.startsWith(" ")) about = this.#snippets.get(path);
      const text = about && message ? `${about.document}:${at} ${message}` : line;
      told.set(about, [...(told.get(about) ?? []), text]);
    }
    return told;
  }

  async #compilerOutput(): Promise<string> {
    try {
      await execute(join(ROOT, "node_modules/.bin/tsc"), ["--noEmit", "--pretty", "false"], {
        cwd: this.#folder,
      });
      return "";
    } catch (error) {
      return (error as { stdout?: string }).stdout || String(error);
    }
  }

  /** Runs one to its end. Rejects if it fails, or takes longer than 20 seconds. */
  async run(snippet: Snippet): Promise<void> {
    const options = { cwd: this.#folder, timeout: 20_000 };
    await execute(process.execPath, ["--import", "tsx", pathOf(snippet)], options);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function pathOf({ document, file }: Snippet): string {
  return `${document.replaceAll(/[^\w]+/g, "-")}/${file}`;
}
