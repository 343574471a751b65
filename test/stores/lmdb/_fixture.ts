import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from "lmdb";
import type { Duration } from "sessionup";
import { type LmdbRoot, type LmdbStore, type LmdbStoreOptions, lmdbStore } from "sessionup/stores/lmdb";
import { toCommand } from "../../contract/programs.ts";

const PROGRAM = fileURLToPath(new URL("_process.ts", import.meta.url));

const THREAD_PROGRAM = fileURLToPath(new URL("_thread.ts", import.meta.url));
/** Registers a loader, because a worker thread cannot load TypeScript by itself. */
const LOADER = `
import("tsx/esm/api").then(({ register }) => {
  register();
  return import(require("node:worker_threads").workerData.program);
});
`;

/** Starts a thread that opens a store over a file. It sends a message when it is ready, and after each operation. */
export function startThread(data: { readonly path: string; readonly push?: boolean }): Worker {
  return new Worker(LOADER, { eval: true, workerData: { ...data, program: THREAD_PROGRAM } });
}

/** Gives a command its own process ids and network, as in a container. */
const CONTAINER = [
  "unshare",
  "--user",
  "--map-root-user",
  "--pid",
  "--net",
  "--fork",
  "--kill-child",
  "--mount-proc",
];

/** Whether this system allows the tests to create containers. */
export const hasContainers: boolean =
  spawnSync(CONTAINER[0] ?? "", [...CONTAINER.slice(1), "true"]).status === 0;

export interface OtherOptions {
  /** The largest size of the process's files, in kB. */
  readonly limit?: number;
  readonly container?: boolean;
  readonly timeout?: Duration;
}

/** A folder with one LMDB file, and the stores and processes that have the file open. */
export class LmdbFile {
  #folder = "";
  readonly #roots: RootDatabase[] = [];
  readonly #stores: LmdbStore[] = [];
  readonly #others: OtherProcess[] = [];

  get path(): string {
    return join(this.#folder, "sessions.lmdb");
  }

  async make(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "sessionup-lmdb-"));
  }

  /** Returns the names of the files beside the database file. */
  async otherFiles(): Promise<readonly string[]> {
    return (await readdir(this.#folder)).filter((name) => !/^sessions\.lmdb(-lock)?$/.test(name));
  }

  open(options: Partial<RootDatabaseOptionsWithPath> = {}): RootDatabase {
    const root = open({ ...options, path: this.path });
    this.#roots.push(root);
    return root;
  }

  /** Opens a store in this process, over its own root unless one is passed. */
  async store(options: Partial<LmdbStoreOptions> = {}, root?: LmdbRoot): Promise<LmdbStore> {
    const store = await lmdbStore(() => root ?? this.open(), { path: this.path, ...options });
    this.#stores.push(store);
    return store;
  }

  /** Starts another process that opens a store over the file. Rejects when the process cannot open the file. */
  async otherProcess({ limit, container = false, timeout = "5s" }: OtherOptions = {}): Promise<OtherProcess> {
    const node = [...(await toCommand(PROGRAM)), this.path, timeout];
    const [command = "", ...args] = [
      ...(container ? CONTAINER : []),
      ...(limit ? ["/bin/sh", "-c", `ulimit -f ${limit} && exec "$0" "$@"`] : []),
      ...node,
    ];
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "pipe", "ipc"] });
    const other = new OtherProcess(child);
    this.#others.push(other);
    const [{ failed }] = await once(child, "message");
    if (failed) throw new Error(failed);
    return other;
  }

  async remove(): Promise<void> {
    for (const other of this.#others.splice(0)) await other.kill();
    for (const store of this.#stores.splice(0)) await store.close();
    for (const root of this.#roots.splice(0)) await root.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export class OtherProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: unknown): void }>();
  #asked = 0;
  /** The process's output on stderr. */
  errors = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#exit = once(child, "exit").then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error("The process has ended."));
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

  /** Calls a method of the process's store. Calls may run concurrently. */
  ask(method: string, ...args: unknown[]): Promise<unknown> {
    const number = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#child.send({ number, method, args }, (error) => error && reject(error));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.alive) this.#child.kill("SIGKILL");
    await this.#exit;
  }
}

/** Wraps a root: the named database calls `looked` at each read, or fails to remove when it is `broken`. */
export function changedRoot(
  whole: RootDatabase,
  name: string,
  { looked = () => 0, broken = false }: { looked?: () => number; broken?: boolean },
): LmdbRoot {
  return {
    transaction: (work) => whole.transaction(work),
    childTransaction: (work) => whole.childTransaction(work),
    get committed() {
      return whole.committed;
    },
    resetReadTxn: () => whole.resetReadTxn(),
    close: () => whole.close(),
    openDB(options) {
      const database = whole.openDB(options);
      if (options.name !== name) return database;
      return {
        get(key) {
          looked();
          return database.get(key);
        },
        putSync: (key, value) => database.putSync(key, value),
        getKeys: (range) => database.getKeys(range),
        getStats: () => database.getStats(),
        removeSync(key) {
          if (broken) throw new Error("no room");
          return database.removeSync(key);
        },
      };
    },
  };
}
