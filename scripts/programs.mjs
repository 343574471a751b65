import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Programs that the tests need, and Debian's packages that have them. */
const PROGRAMS = {
  Chromium: {
    names: ["chromium", "chromium-browser", "google-chrome"],
    package: "chromium",
    variable: "CHROMIUM_PATH",
  },
  Redis: { names: ["redis-server"], package: "redis-server", variable: "REDIS_SERVER_PATH" },
  PostgreSQL: { names: ["postgres"], package: "postgresql", variable: "POSTGRES_PATH" },
  PgBouncer: { names: ["pgbouncer"], package: "pgbouncer", variable: "PGBOUNCER_PATH" },
  MariaDB: { names: ["mariadbd"], package: "mariadb-server", variable: "MARIADBD_PATH" },
};

/**
 * Where a program is. Installs Debian's package when there is none and it may; else throws, saying what to install.
 *
 * @param {keyof typeof PROGRAMS} program
 */
export async function programPath(program) {
  const { names, package: debian, variable } = PROGRAMS[program];
  const own = process.env[variable];
  if (own && !(await isExecutable(own))) throw new Error(`${variable}: ${own} is no program`);
  const found = own || (await find(names));
  if (found) return found;
  if (process.getuid?.() === 0 && (await find(["apt-get"]))) {
    await install(program, debian);
    const installed = await find(names);
    if (installed) return installed;
  }
  throw new Error(`${program} is missing: install it (Debian: apt-get install ${debian}) or set ${variable}`);
}

async function find(names) {
  const folders = [
    "/usr/bin",
    "/usr/sbin",
    ...(await postgresFolders()),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (folder && (await isExecutable(path))) return path;
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

/** One at a time in this process; others are waited for. */
let installing = Promise.resolve();

function install(program, debian) {
  const before = installing;
  installing = (async () => {
    await before.catch(() => undefined);
    await aptGet(program, "update");
    await aptGet(program, "install", "-y", "--no-install-recommends", debian);
  })();
  return installing;
}

/** Quiet, unless it fails. */
async function aptGet(program, ...args) {
  // Another apt-get may be at work.
  const options = ["-o", "DPkg::Lock::Timeout=300"];
  // Debian starts a server as soon as it is installed, unless it is told that there is nothing to start it with.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  try {
    await promisify(execFile)("apt-get", [...options, ...args], { env, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    process.stderr.write(`${error.stdout}${error.stderr}`);
    throw new Error(`${program} is missing, and apt-get ${args[0]} failed`);
  }
}
