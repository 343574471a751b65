import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * Programs that the tests need, and Debian's packages that have them; `suite`: the one of Debian's to take it from, which
 * may be newer than the system; `fits`: what it says of itself, where others have the same name.
 */
const PROGRAMS = {
  Chromium: {
    names: ["chromium", "chromium-browser", "google-chrome"],
    package: "chromium",
    variable: "CHROMIUM_PATH",
  },
  Redis: { names: ["redis-server"], package: "redis-server", variable: "REDIS_SERVER_PATH" },
  Valkey: {
    names: ["valkey-server"],
    package: "valkey-server",
    suite: "trixie",
    variable: "VALKEY_SERVER_PATH",
  },
  PostgreSQL: { names: ["postgres"], package: "postgresql", variable: "POSTGRES_PATH" },
  PgBouncer: {
    names: ["pgbouncer"],
    package: "pgbouncer",
    suite: "trixie",
    fits: {
      says: /^PgBouncer 1\.(2[1-9]|[3-9]\d)\./,
      is: "PgBouncer 1.21 or later",
    },
    variable: "PGBOUNCER_PATH",
  },
  MariaDB: { names: ["mariadbd"], package: "mariadb-server", variable: "MARIADBD_PATH" },
  MySQL: {
    names: ["mysqld"],
    package: "mysql-server-core",
    suite: "sid",
    // MariaDB's is called that, too.
    fits: { says: /Ver ([89]|\d\d)\.(?!.*MariaDB)/, is: "MySQL 8 or later" },
    variable: "MYSQLD_PATH",
  },
};

/**
 * Where a program is. Installs Debian's package when there is none and it may, or brings it from a newer Debian into a
 * folder of its own; else throws, saying what to install.
 *
 * @param {keyof typeof PROGRAMS} program
 */
export async function programPath(program) {
  const { names, package: debian, suite, variable, fits } = PROGRAMS[program];
  const own = process.env[variable];
  if (own && !(await isExecutable(own))) throw new Error(`${variable}: ${own} is no program`);
  if (own && fits && !(await says(own, fits.says))) throw new Error(`${variable}: ${own} is not ${fits.is}`);
  const found = own || (await find(names, fits?.says));
  if (found) return found;
  if (await find(["apt-get"])) {
    if (suite) return bring(program);
    if (process.getuid?.() === 0) {
      await installPackage(debian, program);
      const installed = await find(names);
      if (installed) return installed;
    }
  }
  throw new Error(missing(program));
}

function missing(program) {
  const { package: debian, suite, variable, fits } = PROGRAMS[program];
  const which = suite ? `Debian ${suite}` : "Debian";
  return `${fits?.is ?? program} is missing: install it (${which}: apt-get install ${debian}) or set ${variable}`;
}

async function find(names, fitting = /^/) {
  const folders = [
    "/usr/bin",
    "/usr/sbin",
    ...(await postgresFolders()),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (folder && (await isExecutable(path)) && (await says(path, fitting))) return path;
    }
  }
  return undefined;
}

/** Debian keeps PostgreSQL's programs out of the PATH, a folder a version. The newest first. */
async function postgresFolders() {
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => `/usr/lib/postgresql/${version}/bin`);
}

function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Whether the program calls itself that; it is not asked where anything would do. */
async function says(path, fitting) {
  if (fitting.test("")) return true;
  const { stdout } = await promisify(execFile)(path, ["--version"]).catch(() => ({ stdout: "" }));
  return fitting.test(stdout);
}

/**
 * From a newer Debian, into a folder that stays for the next time. It is none of the project's: servers run without the
 * rights of root, and the project may be where only root can look.
 */
async function bring(program) {
  const { package: debian, suite, names } = PROGRAMS[program];
  const folder = join(tmpdir(), `sessionup-programs-${process.getuid?.()}`, `${suite}-${debian}`);
  const script = fileURLToPath(new URL("debian-program.sh", import.meta.url));
  await quietly("sh", [script, suite, debian, names[0], folder], missing(program));
  return join(folder, names[0]);
}

/** One installation at a time in this process. */
let installing = Promise.resolve();

/**
 * Installs a package of the system's own Debian. Waits for as long as another process holds one of apt's locks; any other
 * failure rejects at once with what apt-get said.
 *
 * @param {string} debian
 * @param {string} [what] what the error says is missing; the package by default
 */
export function installPackage(debian, what = debian) {
  const before = installing;
  installing = (async () => {
    await before.catch(() => undefined);
    await aptGet(what, "update");
    await aptGet(what, "install", "-y", "--no-install-recommends", debian);
  })();
  return installing;
}

/** What apt-get says when another process holds a lock: of the package lists, of the downloads, or dpkg's. */
const IS_LOCKED = /Could not get lock .*(held by process|\(11: )/;

// apt-get can wait for dpkg's lock by itself (DPkg::Lock::Timeout), but not for that of the package lists.
async function aptGet(what, ...args) {
  for (let attempt = 1; ; attempt++) {
    try {
      await quietly("apt-get", args, `${what} is missing, and apt-get ${args[0]} failed`);
      return;
    } catch (error) {
      if (!IS_LOCKED.test(error.message)) throw error;
      if (attempt === 1) {
        process.stderr.write(`apt-get ${args[0]} for ${what}: waits for another installation to end\n`);
      }
      await delay(500);
    }
  }
}

/** Prints nothing. Rejects with what the program printed to stderr. */
async function quietly(command, args, failure) {
  // Debian starts a server as soon as it is installed, unless it is told that there is nothing to start it with.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1", LC_ALL: "C" };
  try {
    await promisify(execFile)(command, args, { env, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new Error(`${failure}:\n${error.stderr || error.message}`);
  }
}
