import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * The programs that the tests need, with their Debian packages. `suite` is the Debian suite to take a package from, which may be
 * newer than the system. `fits` checks the output of `--version`, for names that several programs share.
 */
const PROGRAMS = {
  // The whole browser takes three times as long as the shell, which has no windows.
  Chromium: {
    names: ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
    package: "chromium-headless-shell",
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
    // MariaDB has a program of the same name.
    fits: { says: /Ver ([89]|\d\d)\.(?!.*MariaDB)/, is: "MySQL 8 or later" },
    variable: "MYSQLD_PATH",
  },
};

/**
 * Returns the path of a program. Installs a missing program from Debian: as root into the system, or from a newer suite into
 * a separate folder. Throws an error that says what to install when neither is possible.
 *
 * @param {keyof typeof PROGRAMS} program
 */
export async function programPath(program) {
  const { names, package: debian, suite, variable, fits } = PROGRAMS[program];
  const own = process.env[variable];
  if (own && !(await isExecutable(own)))
    throw new Error(`${variable} must be the path of a program. Received ${own}.`);
  if (own && fits && !(await says(own, fits.says)))
    throw new Error(`${variable} must be the path of ${fits.is}. Received ${own}.`);
  const found = own || (await find(names, fits?.says));
  if (found) return found;
  if (await find(["apt-get"])) {
    if (suite) return installSeparately(program);
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
  return `${fits?.is ?? program} is missing. Install it (${which}: apt-get install ${debian}) or set ${variable} to its path.`;
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

/** Debian keeps PostgreSQL's programs outside of PATH, in one folder per version. Returns the newest version first. */
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

/** Whether the output of `--version` matches. Does not run the program when every output would match. */
async function says(path, fitting) {
  if (fitting.test("")) return true;
  const { stdout } = await promisify(execFile)(path, ["--version"]).catch(() => ({ stdout: "" }));
  return fitting.test(stdout);
}

/**
 * Installs a program from a newer Debian suite into a folder that stays for the next run. The folder is outside of the project:
 * servers run without root, and only root may be able to read the project.
 */
async function installSeparately(program) {
  const { package: debian, suite, names } = PROGRAMS[program];
  const folder = join(tmpdir(), `sessionup-programs-${process.getuid?.()}`, `${suite}-${debian}`);
  const script = fileURLToPath(new URL("debian-program.sh", import.meta.url));
  await quietly("sh", [script, suite, debian, names[0], folder], missing(program));
  return join(folder, names[0]);
}

// apt-get allows one installation at a time.
let installing = Promise.resolve();

/**
 * Installs a package of the system's own Debian suite. Waits while another process holds one of apt's locks. Rejects with the
 * output of apt-get on any other failure.
 *
 * @param {string} debian
 * @param {string} [what]  the name in error messages; the package by default
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

/** Matches the error of apt-get when another process holds the lock of the package lists, the downloads or dpkg. */
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
        process.stderr.write(`apt-get ${args[0]} for ${what}: waiting for another installation to end\n`);
      }
      await delay(500);
    }
  }
}

/** Runs a program without output. Rejects with what it printed to stderr. */
async function quietly(command, args, failure) {
  // Debian starts a server right after its installation, except in run level 1.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1", LC_ALL: "C" };
  try {
    await promisify(execFile)(command, args, { env, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new Error(`${failure}:\n${error.stderr || error.message}`);
  }
}
