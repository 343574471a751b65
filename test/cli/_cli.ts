import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { promisify } from "node:util";
import { run } from "../../src/cli/run.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { ROOT, sourceFiles } from "../support/entries.ts";
import { once } from "../support/own-packages.ts";

/** The end of a command. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds the sources as they are now, once for all test files, and returns the folder of the package. */
async function buildPackage(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of sourceFiles()) hash.update(file).update(readFileSync(`${ROOT}src/${file}`));
  const digest = hash.digest("hex");
  const folder = join(ROOT, "node_modules/.cache/sessionup/cli");
  await once(join(folder, ".built"), digest, async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    cpSync(`${ROOT}package.json`, join(folder, "package.json"));
    const plain = [
      "--noCheck",
      "--declaration",
      "false",
      "--declarationMap",
      "false",
      "--isolatedDeclarations",
      "false",
    ];
    const args = ["-p", "tsconfig.build.json", "--outDir", join(folder, "dist"), ...plain];
    await promisify(execFile)(`${ROOT}node_modules/.bin/tsc`, args, { cwd: ROOT });
  });
  return folder;
}

/** The command line, built, with an app in whose folder it runs. */
export class Cli {
  /** The folder of the app. */
  readonly folder: string;
  readonly #program: string;

  private constructor(folder: string, program: string) {
    this.folder = folder;
    this.#program = program;
  }

  /** Creates an app that has these packages installed. */
  static async create(packages: readonly string[] = []): Promise<Cli> {
    const folder = mkdtempSync(join(tmpdir(), "sessionup-cli-"));
    const built = await buildPackage();
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    for (const name of packages) link(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
    link(built, join(folder, "node_modules/sessionup"));
    return new Cli(folder, join(built, "dist/cli/main.js"));
  }

  /** Adds a file to the app. */
  write(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text);
    return join(this.folder, name);
  }

  /**
   * Runs a command to its end, in this process and from the sources. A module of the app stays loaded, so its state is that of the
   * command before.
   */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const texts = Promise.all([collect(stdout), collect(stderr)]);
    const terminal = new Terminal({ stdin, stdout, stderr }, env);
    const signal = new AbortController().signal;
    const code = await run(args, { terminal, env, cwd: this.folder, now: Date.now, signal });
    await terminal.flush();
    for (const stream of [stdout, stderr]) stream.end();
    const [out, err] = await texts;
    return { code, stdout: out, stderr: err };
  }

  /** Runs a command to its end, in a process of its own and from the package. */
  async runProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const child = this.spawn(args, env);
    const [stdout, stderr, code] = await Promise.all([
      collect(child.stdout),
      collect(child.stderr),
      new Promise<number>((resolve) => child.once("close", (status) => resolve(status ?? -1))),
    ]);
    return { code, stdout, stderr };
  }

  /** Starts a command. */
  spawn(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return spawn(process.execPath, [this.#program, ...args], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** Runs a command on a terminal of this many columns, and returns what the terminal received. */
  async runOnTerminal(
    args: readonly string[],
    { columns = 80, input = "", env = {} }: TerminalOptions = {},
  ): Promise<Outcome> {
    const command = [process.execPath, this.#program, ...args].map((arg) => `'${arg}'`).join(" ");
    const child = spawn("script", ["-qefc", `stty cols ${columns} -onlcr; ${command}`, "/dev/null"], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, TERM: "xterm", NO_COLOR: "1", ...env },
    });
    const code = new Promise<number>((resolve) => child.once("close", (status) => resolve(status ?? -1)));
    let stdout = "";
    let isAnswered = false;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      if (isAnswered || !stdout.includes("Type ")) return;
      isAnswered = true;
      child.stdin.write(input);
    });
    // The terminal closes with its input, so the input ends only when the command has ended.
    const outcome = { code: await code, stdout, stderr: "" };
    child.stdin.end();
    return { ...outcome, stdout };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface TerminalOptions {
  readonly columns?: number;
  /** The keys that are pressed at the question. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) text += chunk;
  return text;
}
