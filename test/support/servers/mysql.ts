import { execFile } from "node:child_process";
import { access, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { programPath } from "../../../scripts/programs.mjs";
import { databaseFolder, freePort, NOT_ROOT, ServerProcess } from "./server.ts";

/** A MySQL or MariaDB that the suite has started. */
export interface MysqlServer {
  readonly port: number;
  readonly url: string;
  /** To kill it, have it hang, and start it anew with what it kept. */
  readonly process: ServerProcess;
  /** Ends it for good, and removes its folder. */
  stop(): Promise<void>;
}

/** Either starts a server on a free port, in a folder of its own; settings such as `{ "sync-binlog": "1" }`. */
export type StartMysql = (settings?: Readonly<Record<string, string>>) => Promise<MysqlServer>;

/**
 * Settings of both for tests that crash no machine: nothing waits for the disk. What a killed process wrote is still
 * there.
 */
export const WITHOUT_FSYNC = {
  "innodb-flush-log-at-trx-commit": "2",
  "innodb-doublewrite": "OFF",
  "skip-log-bin": "1",
  "performance-schema": "OFF",
} as const;

export const startMysql: StartMysql = async (settings = {}) => {
  const mysqld = await programPath("MySQL");
  const base = await baseOf(mysqld);
  const own = {
    basedir: base,
    // Where Debian's would write and read files, if it were installed.
    "secure-file-priv": "",
    mysqlx: "OFF",
  };
  const folder = await databaseFolder("mysql", mysqld, async (cwd) => {
    // Its own root comes from `localhost`, which it would have to look up.
    const accounts = join(cwd, "accounts.sql");
    await writeFile(
      accounts,
      "CREATE USER root@'127.0.0.1';\nGRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n",
    );
    const args = argsOf({ ...own, datadir: join(cwd, "data"), tmpdir: cwd, "init-file": accounts });
    const initialize = ["--no-defaults", "--initialize-insecure", ...args];
    await promisify(execFile)(mysqld, initialize, { cwd, ...NOT_ROOT });
  });
  return launch(mysqld, folder, { ...own, ...settings });
};

/** Where its messages and plugins are: one of a newer Debian is in a folder of its own. */
async function baseOf(mysqld: string): Promise<string> {
  const brought = join(dirname(mysqld), "root/usr");
  const isThere = await access(brought).then(
    () => true,
    () => false,
  );
  return isThere ? brought : join(dirname(mysqld), "..");
}

/** Starts either of them, with the `data` that is in the folder and what all servers of the suite are told. */
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
  const process = new ServerProcess(program, ["--no-defaults", ...argsOf(own)], folder, answers);
  await process.start(port);
  const connection = await createConnection({ host: "127.0.0.1", port, user: "root" });
  await connection.query("create database if not exists sessionup");
  await connection.end();
  const url = `mysql://root@127.0.0.1:${port}/sessionup`;
  return { port, url, process, stop: () => process.remove() };
}

function argsOf(settings: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
}

/** It listens while it still recovers. */
async function answers(port: number): Promise<boolean> {
  try {
    const connection = await createConnection({ host: "127.0.0.1", port, user: "root" });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}
