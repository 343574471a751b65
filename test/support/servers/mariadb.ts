import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { programPath } from "../../../scripts/programs.mjs";
import { freePort, NOT_ROOT, ServerProcess, serverFolder } from "./server.ts";

/** A MariaDB that the suite has started. */
export interface MariadbServer {
  readonly port: number;
  readonly url: string;
  /** To kill it, have it hang, and start it anew with what it kept. */
  readonly process: ServerProcess;
  /** Ends it for good, and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a MariaDB on a free port, in a folder of its own; settings such as `{ "sync-binlog": "1" }`. */
export async function startMariadb(settings: Readonly<Record<string, string>> = {}): Promise<MariadbServer> {
  const mariadbd = await programPath("MariaDB");
  const folder = await serverFolder("mariadb");
  const data = join(folder, "data");
  const install = [
    "--no-defaults",
    `--datadir=${data}`,
    // One that starts removes what looks like a leftover of its own, and others of the suite may start meanwhile.
    `--tmpdir=${folder}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    "--skip-name-resolve",
  ];
  // Beside the server in /usr/sbin, its installer in /usr/bin.
  const installer = join(dirname(mariadbd), "../bin/mariadb-install-db");
  await promisify(execFile)(installer, install, { cwd: folder, ...NOT_ROOT });
  const port = await freePort();
  const own = {
    datadir: data,
    tmpdir: folder,
    port: `${port}`,
    "bind-address": "127.0.0.1",
    socket: join(folder, "mariadb.sock"),
    "pid-file": join(folder, "mariadb.pid"),
    "skip-name-resolve": "1",
    "innodb-flush-log-at-trx-commit": "1",
    "max-connections": "200",
    ...settings,
  };
  const args = Object.entries(own).map(([name, value]) => `--${name}=${value}`);
  const process = new ServerProcess(mariadbd, ["--no-defaults", ...args], folder, answers);
  await process.start(port);
  const connection = await createConnection({ host: "127.0.0.1", port, user: "root" });
  await connection.query("create database if not exists sessionup");
  await connection.end();
  const url = `mysql://root@127.0.0.1:${port}/sessionup`;
  return { port, url, process, stop: () => process.remove() };
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
