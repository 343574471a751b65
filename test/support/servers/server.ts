import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chown, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../entries.ts";
import { once } from "../own-packages.ts";

/** The uid and gid of an unprivileged account. PostgreSQL does not run as root. */
const UNPRIVILEGED = 65_534;
export const isRoot: boolean = process.getuid?.() === 0;

/** Options of `spawn` and `execFile` that start a program without root privileges. */
export const NOT_ROOT: { readonly uid?: number; readonly gid?: number } = isRoot
  ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED }
  : {};

/** Creates a temporary folder that an unprivileged server can use. */
export async function serverFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `sessionup-${name}-`));
  if (isRoot) await chown(folder, UNPRIVILEGED, UNPRIVILEGED);
  return folder;
}

/**
 * Returns a folder whose `data` contains the database that `setUp` creates. The setup takes seconds of CPU time, so it
 * runs once per program, and each server gets a copy.
 */
export async function databaseFolder(
  name: string,
  program: string,
  setUp: (folder: string) => Promise<void>,
): Promise<string> {
  const { mtimeMs, size } = await stat(program);
  const hash = createHash("sha256").update(`${program} ${mtimeMs} ${size} ${setUp}`).digest("hex");
  const cache = join(ROOT, "node_modules/.cache/sessionup", `${name}-${hash.slice(0, 16)}`);
  await once(join(cache, ".made"), hash, async () => {
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache, { recursive: true });
    const folder = await serverFolder(name);
    try {
      await setUp(folder);
      await copy(join(folder, "data"), cache);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  const folder = await serverFolder(name);
  await copy(join(cache, "data"), folder);
  return folder;
}

/** Copies a folder with its owners and permissions, which servers check. */
async function copy(from: string, into: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", from, into]);
}

/** Returns a port that is currently free. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The process of a server that a test starts, without root privileges. */
export class ServerProcess {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #folder: string;
  readonly #answers: (port: number) => Promise<boolean>;
  #child: ChildProcess | undefined;
  #output = "";

  /** `answers` returns whether the server is ready on a port, because some servers listen before they are ready. */
  constructor(
    command: string,
    args: readonly string[],
    folder: string,
    answers: (port: number) => Promise<boolean> = listens,
  ) {
    this.#command = command;
    this.#args = args;
    this.#folder = folder;
    this.#answers = answers;
  }

  /** The id of the current or last process. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts the server and waits until it answers on the port. Removes the server if it does not answer. The server can be
   * started again after it has ended.
   */
  async start(port: number): Promise<void> {
    this.#output = "";
    const child = spawn(this.#command, this.#args, {
      cwd: this.#folder,
      stdio: ["ignore", "pipe", "pipe"],
      ...NOT_ROOT,
    });
    this.#child = child;
    const note = (text: Buffer) => {
      this.#output = (this.#output + text).slice(-10_000);
    };
    child.stdout?.on("data", note);
    child.stderr?.on("data", note);
    child.on("error", (error) => note(Buffer.from(String(error))));
    try {
      await this.until(() => this.#answers(port), `${this.#command} does not answer on port ${port}.`);
    } catch (error) {
      // The caller cannot remove a server that failed to start.
      await this.remove();
      throw error;
    }
  }

  /** Polls until `ask` returns true. Throws an error with the server's output after 30 seconds. */
  async until(ask: () => Promise<boolean>, otherwise: string): Promise<void> {
    const end = performance.now() + 30_000;
    while (!(await ask())) {
      const ended = this.#child?.exitCode ?? this.#child?.signalCode;
      if (performance.now() > end || (ended !== null && ended !== undefined)) {
        throw new Error(`${otherwise} (exit ${ended ?? "none"})\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends a signal: SIGTERM for a clean end, SIGKILL for a crash, SIGSTOP and SIGCONT for a hang. */
  async signal(signal: "SIGTERM" | "SIGINT" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await exit;
  }

  /** Kills the server and removes its folder. */
  async remove(): Promise<void> {
    await this.signal("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
  });
}
