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
  rmSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { SessionError } from "../errors.ts";

/** Gives back what was taken. */
type Release = () => void;

/** The pause between two attempts, in milliseconds, times 1 to 3, so that waiting processes do not collide forever. */
const PAUSE = 20;

const LINUX = process.platform === "linux";
const WINDOWS = process.platform === "win32";
/** Opens a file with an exclusive lock of the operating system. Node has no name for it: `UV_FS_O_EXLOCK`, `O_EXLOCK`. */
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
  readonly #prefix: string;
  /** How the names of this process's marks begin. Two containers may have the same pid, in namespaces of their own. */
  readonly #own: string;

  constructor(path: string) {
    const absolute = resolve(path);
    mkdirSync(dirname(absolute), { recursive: true });
    const folder = realpathSync(dirname(absolute));
    const real = existsSync(absolute) ? realpathSync(absolute) : join(folder, basename(absolute));
    this.#folder = dirname(real);
    this.#prefix = `${basename(real)}-owner-`;
    const namespace = LINUX ? readlinkSync("/proc/self/ns/pid").replace(/\D/g, "") : "0";
    this.#own = `${this.#prefix}${process.pid}-${namespace}-`;
  }

  /** The pid of another process that has the file. Removes marks of dead processes. */
  async otherOwner(): Promise<string | undefined> {
    for (const mark of readdirSync(this.#folder)) {
      if (!mark.startsWith(this.#prefix)) continue;
      const path = join(this.#folder, mark);
      // A mark's name is never used again, so a dead one stays dead.
      if (!(await isAlive(path))) rmSync(path, { force: true });
      else if (!mark.startsWith(this.#own)) return mark.slice(this.#prefix.length).split("-")[0];
    }
    return undefined;
  }

  /** Makes this process an owner, unless another one is about to become one, too. */
  async claim(): Promise<Release | undefined> {
    const path = join(this.#folder, `${this.#own}${crypto.randomUUID().slice(0, 8)}`);
    const drop = await putUp(path);
    const release = () => {
      drop();
      rmSync(path, { force: true });
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

async function putUp(path: string): Promise<Release> {
  // A mark is visible only once it is alive. Windows locks a file as it creates it, and does not rename it then.
  const hidden = WINDOWS ? path : join(dirname(path), `.${basename(path)}`);
  try {
    const drop = LINUX ? await inFolder(hidden, listening) : locked(hidden, constants.O_CREAT);
    if (!WINDOWS) renameSync(hidden, path);
    return drop;
  } catch (cause) {
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
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // Other errors, such as missing permissions, do not prove that the process is dead.
    return code !== "ECONNREFUSED" && code !== "ENOENT";
  }
}

/** The operating system takes the lock back when the process dies. */
function locked(path: string, create = 0): Release {
  const descriptor = openSync(path, constants.O_RDWR | EXCLUSIVE | create);
  return () => closeSync(descriptor);
}

/** Reaches a socket by a short path: the path of a socket may have 107 bytes. */
async function inFolder<Answer>(path: string, work: (short: string) => Promise<Answer>): Promise<Answer> {
  const descriptor = openSync(dirname(path), constants.O_RDONLY);
  try {
    return await work(`/proc/self/fd/${descriptor}/${basename(path)}`);
  } finally {
    closeSync(descriptor);
  }
}

function listening(path: string): Promise<Release> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", fail);
    // Without `exclusive`, the primary process of a cluster would listen for its workers, and outlive them.
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

function takenError(file: string, pid: string | undefined): SessionError {
  const owner = pid === undefined ? "another process" : `another process (pid ${pid})`;
  const message =
    `lmdbStore: ${owner} has ${file} open, and only one process may: two can undo each other's writes. ` +
    "Stop that process first, or use the sqlite, postgres, mysql or redis store for several processes.";
  return new SessionError("ERR_STORE", message);
}
