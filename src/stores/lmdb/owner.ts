import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { SessionError } from "../../errors.ts";

/** Releases a mark or a file. */
type Release = () => void;

/** The pause between two attempts, in milliseconds, times 1 to 3, so that waiting processes do not collide forever. */
const PAUSE = 20;

/** The end of a mark's file name, after the name of the database file. A mark with `.new` may not be alive yet. */
const MARK = /^-owner-(?<pid>\d+)-(?<namespace>\d+)-[0-9a-f]{8}(?<fresh>\.new)?$/;

const LINUX = process.platform === "linux";
const WINDOWS = process.platform === "win32";
/** Opens a file with an exclusive lock of the operating system. Node has no constant for it (`UV_FS_O_EXLOCK`, `O_EXLOCK`). */
const EXCLUSIVE: number = WINDOWS ? 0x1000_0000 : 0x20 | constants.O_NONBLOCK;

/**
 * Takes a file for this process, and waits up to `milliseconds` while another process has it. Rejects with
 * `ERR_STORE` when the other process keeps it.
 *
 * Each owner keeps a mark beside the file that dies with its process: on Linux a listening socket, which containers that
 * share the folder see, and elsewhere a file with an exclusive lock. A process puts up its mark before it looks for
 * others, so of two processes at least the later one sees the other.
 */
export async function takeFile(path: string, milliseconds: number): Promise<Release> {
  const marks = new Marks(path);
  const until = performance.now() + milliseconds;
  for (;;) {
    const owner = await marks.otherOwner();
    const release = owner === undefined ? await marks.claim() : undefined;
    if (release) return release;
    if (performance.now() >= until) throw takenError(basename(path), owner);
    await new Promise((done) => setTimeout(done, PAUSE * (1 + 2 * Math.random())));
  }
}

class Marks {
  readonly #folder: string;
  readonly #file: string;
  /** Two containers may have the same pid, each in its own namespace. */
  readonly #namespace: string;

  constructor(path: string) {
    const absolute = resolve(path);
    mkdirSync(dirname(absolute), { recursive: true });
    const folder = realpathSync(dirname(absolute));
    const real = existsSync(absolute) ? realpathSync(absolute) : join(folder, basename(absolute));
    this.#folder = dirname(real);
    this.#file = basename(real);
    this.#namespace = LINUX ? readlinkSync("/proc/self/ns/pid").replace(/\D/g, "") : "0";
  }

  /** The pid of another process that has the file. Removes marks of dead processes. */
  async otherOwner(): Promise<string | undefined> {
    for (const name of readdirSync(this.#folder)) {
      const mark = name.startsWith(this.#file) && MARK.exec(name.slice(this.#file.length))?.groups;
      if (!mark) continue;
      const path = join(this.#folder, name);
      const isOwn = mark.pid === `${process.pid}` && mark.namespace === this.#namespace;
      // A mark's name is never used again, so a dead one stays dead.
      if (!(await isAlive(path))) removeMark(path);
      else if (!mark.fresh && !isOwn) return mark.pid;
    }
    return undefined;
  }

  /** Makes this process an owner, unless another one is about to become one, too. */
  async claim(): Promise<Release | undefined> {
    const unique = crypto.randomUUID().slice(0, 8);
    const path = join(this.#folder, `${this.#file}-owner-${process.pid}-${this.#namespace}-${unique}`);
    const drop = await putUp(path);
    if (!drop) return undefined;
    const release = () => {
      drop();
      removeMark(path);
    };
    try {
      if ((await this.otherOwner()) === undefined) return release;
    } catch (error) {
      release();
      throw error;
    }
    release();
    return undefined;
  }
}

/** `undefined` when another process took the mark for a dead one in the moment before it was alive. */
async function putUp(path: string): Promise<Release | undefined> {
  // A mark has its name only once it is alive. Windows locks a file as it creates it, and then does not rename it.
  const fresh = WINDOWS ? path : `${path}.new`;
  let drop: Release | undefined;
  try {
    drop = LINUX ? await inFolder(fresh, listening) : locked(fresh, constants.O_CREAT);
    if (!WINDOWS) renameSync(fresh, path);
    return drop;
  } catch (cause) {
    drop?.();
    if (["ENOENT", "EAGAIN"].includes(readCode(cause))) return undefined;
    const message =
      "lmdbStore: cannot mark the file as in use. " +
      `The process must be allowed to create files${LINUX ? " and sockets" : ""} in ${dirname(path)}.`;
    throw new SessionError("ERR_STORE", message, { cause });
  }
}

async function isAlive(path: string): Promise<boolean> {
  try {
    if (LINUX) await inFolder(path, connected);
    else locked(path)();
    return LINUX;
  } catch (error) {
    // Other errors, such as missing permissions, do not prove that the process is dead.
    return !["ECONNREFUSED", "ENOENT"].includes(readCode(error));
  }
}

/** The operating system takes the lock back when the process dies. */
function locked(path: string, create = 0): Release {
  const descriptor = openSync(path, constants.O_RDWR | EXCLUSIVE | create);
  return () => closeSync(descriptor);
}

/** Reaches a socket by a short path: the path of a socket may have 107 bytes. */
async function inFolder<Answer>(path: string, work: (short: string) => Answer): Promise<Awaited<Answer>> {
  const descriptor = openSync(dirname(path), constants.O_RDONLY);
  try {
    return await work(`/proc/self/fd/${descriptor}/${basename(path)}`);
  } finally {
    closeSync(descriptor);
  }
}

function listening(path: string): Release | Promise<Release> {
  const server = createServer((socket) => socket.destroy());
  // A listening socket is all that is needed: it does not matter when it cannot accept a connection later.
  server.on("error", () => {});
  // Without `exclusive`, the primary process of a cluster would listen for its workers, and outlive them.
  server.listen({ path, exclusive: true });
  server.unref();
  // It listens already, or it never will: Node asks the operating system at once.
  if (server.listening) return () => void server.close();
  return new Promise((_done, fail) => server.on("error", fail));
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

/** Removes a mark. Not by `rmSync`: after it has removed a socket, `require` of Node 20 may take the links of packages for files. */
function removeMark(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (readCode(error) !== "ENOENT") throw error;
  }
}

function readCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function takenError(file: string, pid: string | undefined): SessionError {
  const owner = pid === undefined ? "another process" : `another process (pid ${pid})`;
  const message =
    `lmdbStore: ${owner} has ${file} open, and only one process may: two can undo each other's writes. ` +
    "Stop that process first, or use the sqlite, postgres, mysql or redis store for several processes.";
  return new SessionError("ERR_STORE", message);
}
