import { execFile } from "node:child_process";
import { access, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { programPath } from "../../../scripts/programs.mjs";
import { databaseFolder, freePort, NOT_ROOT, ServerProcess } from "./server.ts";

/** A running MySQL or MariaDB server. */
export interface MysqlServer {
  readonly port: number;
  readonly url: string;
  /** The server's process, which a test can kill, suspend and restart with its data. */
  readonly process: ServerProcess;
  /** Stops the server and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a server on a free port in its own folder, with settings such as `{ "sync-binlog": "1" }`. */
export type StartMysql = (settings?: Readonly<Record<string, string>>) => Promise<MysqlServer>;

/**
 * Settings of both servers that do not wait for the disk. The writes of a killed process survive, but not those of a
 * crashed machine.
 */
export const WITHOUT_FSYNC = {
  "innodb-flush-log-at-trx-commit": "2",
  "innodb-doublewrite": "OFF",
  "skip-log-bin": "1",
  "performance-schema": "OFF",
} as const;

export const startMysql: StartMysql = async (settings = {}) => {
  const mysqld = await programPath("MySQL");
  const base = await findBase(mysqld);
  const own = {
    basedir: base,
    // The default folder exists only where Debian's package is installed.
    "secure-file-priv": "",
    mysqlx: "OFF",
  };
  const folder = await databaseFolder("mysql", mysqld, async (cwd) => {
    // The default root account connects from `localhost`, which would require a name lookup.
    const accounts = join(cwd, "accounts.sql");
    await writeFile(
      accounts,
      "CREATE USER root@'127.0.0.1';\nGRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n",
    );
    const args = toArguments({ ...own, datadir: join(cwd, "data"), tmpdir: cwd, "init-file": accounts });
    const initialize = ["--no-defaults", "--initialize-insecure", ...args];
    await promisify(execFile)(mysqld, initialize, { cwd, ...NOT_ROOT });
  });
  return launch(mysqld, folder, { ...own, ...settings });
};

/** Returns the folder with messages and plugins. A server from a newer Debian release has its own folder. */
async function findBase(mysqld: string): Promise<string> {
  const brought = join(dirname(mysqld), "root/usr");
  const isThere = await access(brought).then(
    () => true,
    () => false,
  );
  return isThere ? brought : join(dirname(mysqld), "..");
}

/** Starts either server with the folder's `data` and the common settings. */
export async function launch(
  program: string,
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<MysqlServer> {
  const port = await freePort();
  const own = {
    datadir: join(folder, "data"),
    tmpdir: folder,
    port: `${port}`,
    "bind-address": "127.0.0.1",
    socket: join(folder, "mysql.sock"),
    "pid-file": join(folder, "mysql.pid"),
    "skip-name-resolve": "1",
    "innodb-flush-log-at-trx-commit": "1",
    "max-connections": "200",
    ...settings,
  };
  const process = new ServerProcess(program, ["--no-defaults", ...toArguments(own)], folder, answers);
  await process.start(port);
  const connection = await createConnection({ host: "127.0.0.1", port, user: "root" });
  await connection.query("create database if not exists sessionup");
  await connection.end();
  const url = `mysql://root@127.0.0.1:${port}/sessionup`;
  return { port, url, process, stop: () => process.remove() };
}

function toArguments(settings: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
}

/** Returns whether the server accepts connections. It already listens while it recovers. */
async function answers(port: number): Promise<boolean> {
  try {
    const connection = await createConnection({ host: "127.0.0.1", port, user: "root" });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}
