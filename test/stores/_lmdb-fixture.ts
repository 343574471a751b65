import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from "lmdb";

const PROGRAM = fileURLToPath(new URL("_lmdb-process.ts", import.meta.url));

/** A folder for one file, with those who have it open in this process and in others. */
export class LmdbFile {
  #folder = "";
  readonly #roots: RootDatabase[] = [];
  readonly #others: OtherProcess[] = [];

  get path(): string {
    return join(this.#folder, "sessions.lmdb");
  }

  async make(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "sessionup-lmdb-"));
  }

  open(options: Partial<RootDatabaseOptionsWithPath> = {}): RootDatabase {
    const root = open({ ...options, path: this.path });
    this.#roots.push(root);
    return root;
  }

  /** Another process at the file, which does as it is told; with a limit, its files may have so many kB. */
  async otherProcess(limit?: number): Promise<OtherProcess> {
    const limited = {
      execPath: "/bin/sh",
      execArgv: ["-c", `ulimit -f ${limit} && exec "$0" "$@"`, process.execPath, "--import", "tsx"],
    };
    const options = limit === undefined ? { execArgv: ["--import", "tsx"] } : limited;
    const child = fork(PROGRAM, [this.path, limit === undefined ? "30s" : "5s"], {
      ...options,
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    const other = new OtherProcess(child);
    this.#others.push(other);
    await once(child, "message");
    return other;
  }

  async remove(): Promise<void> {
    for (const other of this.#others.splice(0)) await other.kill();
    for (const root of this.#roots.splice(0)) await root.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export class OtherProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: unknown): void }>();
  #asked = 0;
  /** What it has printed as an error. */
  errors = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#exit = once(child, "exit").then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the process has ended"));
    });
    child.stderr?.on("data", (text) => {
      this.errors += text;
    });
    child.on("message", (message: { number?: number; answer?: unknown; error?: string }) => {
      const asker = this.#waiting.get(message.number ?? -1);
      this.#waiting.delete(message.number ?? -1);
      if (message.error === undefined) asker?.resolve(message.answer);
      else asker?.reject(new Error(message.error));
    });
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Calls a method of its store. Many may be asked at the same time. */
  ask(method: string, ...args: unknown[]): Promise<unknown> {
    const number = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#child.send({ number, method, args }, (error) => error && reject(error));
    });
  }

  async kill(): Promise<void> {
    if (this.alive) this.#child.kill("SIGKILL");
    await this.#exit;
  }
}
