import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { SessionError } from "../errors.ts";

/** Frees what was taken. */
type Release = () => void;

/** Between two attempts, in milliseconds, times 1 to 3: processes that meet must not meet again and again. */
const PAUSE = 20;

/** The operating system's exclusive lock at opening, on macOS and the BSDs and on Windows; Node does not name it. */
const EXCLUSIVE = process.platform === "win32" ? 0x1000_0000 : 0x20 | constants.O_NONBLOCK;

/**
 * Takes a file for this process, and waits for it for so many milliseconds while another process has it. Rejects with
 * `ERR_STORE` when that process keeps it.
 *
 * Each owner keeps a mark beside the file, which the operating system declares dead with its process: on Linux a
 * listening socket, which is seen across containers that share the folder, elsewhere a file with an exclusive lock. An
 * owner first puts up its mark, and then looks for others: of two processes at least the later one sees the other.
 */
export async function takeFile(path: string, milliseconds: number): Promise<Release> {
  const marks = new Marks(path);
  const until = performance.now() + milliseconds;
  for (;;) {
    const { other } = await marks.look();
    const release = other ? undefined : await marks.claim();
    if (release) return release;
    if (performance.now() >= until) throw heldError(basename(path), other);
    await new Promise((done) => setTimeout(done, PAUSE * (1 + 2 * Math.random())));
  }
}

class Marks {
  readonly #folder: string;
  readonly #prefix: string;
  /** Of this process, and of no other one alive: containers have pids of their own. */
  readonly #own: string;

  constructor(path: string) {
    const absolute = resolve(path);
    mkdirSync(dirname(absolute), { recursive: true });
    // One file has one place, by whatever link it is reached.
    const real = existsSync(absolute)
      ? realpathSync(absolute)
      : join(realpathSync(dirname(absolute)), basename(absolute));
    this.#folder = dirname(real);
    this.#prefix = `${basename(real)}-owner-`;
    const namespace =
      process.platform === "linux" ? readlinkSync("/proc/self/ns/pid").replace(/\D/g, "") : "0";
    this.#own = `${this.#prefix}${process.pid}-${namespace}-`;
  }

  /** The pid of another process that has the file, and the marks of processes that are dead. */
  async look(): Promise<{ readonly other?: string; readonly dead: readonly string[] }> {
    const dead: string[] = [];
    for (const mark of readdirSync(this.#folder)) {
      if (!mark.startsWith(this.#prefix)) continue;
      if (!(await isAlive(this.#folder, mark))) dead.push(mark);
      else if (!mark.startsWith(this.#own))
        return { other: mark.slice(this.#prefix.length).split("-")[0] ?? "", dead };
    }
    return { dead };
  }

  /** Makes this process an owner, unless another one is at it too. */
  async claim(): Promise<Release | undefined> {
    const mark = `${this.#own}${crypto.randomUUID().slice(0, 8)}`;
    const path = join(this.#folder, mark);
    const drop = await putUp(this.#folder, mark);
    if (!drop) return undefined;
    const release = () => {
      drop();
      rmSync(path, { force: true });
    };
    const { other, dead } = await this.look();
    // An owner may have taken the mark for dead in the moment before it was alive.
    if (other === undefined && existsSync(path)) {
      // An owner alone removes the dead, so whoever looks meanwhile sees this one.
      for (const each of dead) rmSync(join(this.#folder, each), { force: true });
      return release;
    }
    release();
    return undefined;
  }
}

/** Puts up a mark that lives as long as this process; `undefined` where somebody was looking at it. */
async function putUp(folder: string, mark: string): Promise<Release | undefined> {
  try {
    if (process.platform === "linux") return await inFolder(folder, (short) => listening(`${short}/${mark}`));
    const file = openSync(join(folder, mark), constants.O_RDWR | constants.O_CREAT | EXCLUSIVE);
    return () => closeSync(file);
  } catch (cause) {
    if (["EAGAIN", "EBUSY"].includes(codeOf(cause))) return undefined;
    const message = `lmdbStore: cannot mark the file as in use; the process must be able to create files in ${folder}`;
    throw new SessionError("ERR_STORE", message, { cause });
  }
}

async function isAlive(folder: string, mark: string): Promise<boolean> {
  try {
    if (process.platform === "linux") await inFolder(folder, (short) => connected(`${short}/${mark}`));
    else closeSync(openSync(join(folder, mark), constants.O_RDWR | EXCLUSIVE));
    return process.platform === "linux";
  } catch (error) {
    // Whatever else went wrong, such as a lack of rights, is no proof that its process is dead.
    return !["ECONNREFUSED", "ENOENT"].includes(codeOf(error));
  }
}

/** A folder by a path of a few characters: a socket's path may have 107. */
async function inFolder<Answer>(folder: string, work: (short: string) => Promise<Answer>): Promise<Answer> {
  const descriptor = openSync(folder, constants.O_RDONLY);
  try {
    return await work(`/proc/self/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}

function listening(path: string): Promise<Release> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", fail);
    // Exclusive: in a cluster the primary process would listen instead.
    server.listen({ path, exclusive: true }, () => done(() => void server.close()));
    server.unref();
  });
}

function connected(path: string): Promise<void> {
  return new Promise((done, fail) => {
    const socket = connect(path);
    socket.on("error", fail);
    socket.on("connect", () => {
      socket.destroy();
      done();
    });
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function heldError(file: string, pid: string | undefined): SessionError {
  const message =
    `lmdbStore: another process${pid ? ` (pid ${pid})` : ""} has ${file} open, and LMDB loses writes when two have; ` +
    "stop that one first, or use the sqlite, postgres, mysql or redis store for several processes";
  return new SessionError("ERR_STORE", message);
}
