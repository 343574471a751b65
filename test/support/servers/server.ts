import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chown, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../entries.ts";
import { once } from "../own-packages.ts";

/** An account without rights: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
export const isRoot: boolean = process.getuid?.() === 0;

/** How a program is started without the rights of root: what `spawn` and `execFile` take. */
export const NOT_ROOT: { readonly uid?: number; readonly gid?: number } = isRoot
  ? { uid: NOBODY, gid: NOBODY }
  : {};

/** A folder of its own for a server of the suite's. */
export async function serverFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `sessionup-${name}-`));
  if (isRoot) await chown(folder, NOBODY, NOBODY);
  return folder;
}

/**
 * Returns a folder with a database in its `data`, as `setUp` makes it with that program. Setting one up takes seconds of
 * CPU: it happens once, and each server gets a copy.
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

/** Copies a folder with its owners and rights, which servers check. */
async function copy(from: string, into: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", from, into]);
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server's process: started by the suite, for the suite, without the rights of root. */
export class ServerProcess {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #folder: string;
  readonly #answers: (port: number) => Promise<boolean>;
  #child: ChildProcess | undefined;
  #output = "";

  /** `answers`: whether it is ready on that port. Some listen before they are. */
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

  /** Of the process that runs, or ran last. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts it, and waits until it answers on that port; one that does not is ended for good. It can be started again when
   * it has ended.
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
      await this.until(() => this.#answers(port), `${this.#command} does not answer on ${port}`);
    } catch (error) {
      // Whoever wanted it has nothing to end it by.
      await this.remove();
      throw error;
    }
  }

  /** Asks again and again until the answer is true; fails, with what the server printed, after half a minute. */
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

  /** Ends it: SIGTERM to let it finish, SIGKILL for a crash, SIGSTOP and SIGCONT to have it hang. */
  async signal(signal: "SIGTERM" | "SIGINT" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await exit;
  }

  /** Ends it for good, and removes its folder. */
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
