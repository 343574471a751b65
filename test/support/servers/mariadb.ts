import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { programPath } from "../../../scripts/programs.mjs";
import { launch, type StartMysql } from "./mysql.ts";
import { NOT_ROOT, serverFolder } from "./server.ts";

export const startMariadb: StartMysql = async (settings = {}) => {
  const mariadbd = await programPath("MariaDB");
  const folder = await serverFolder("mariadb");
  const install = [
    "--no-defaults",
    `--datadir=${join(folder, "data")}`,
    // One that starts removes what looks like a leftover of its own, and others of the suite may start meanwhile.
    `--tmpdir=${folder}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    "--skip-name-resolve",
  ];
  // Beside the server in /usr/sbin, its installer in /usr/bin.
  const installer = join(dirname(mariadbd), "../bin/mariadb-install-db");
  await promisify(execFile)(installer, install, { cwd: folder, ...NOT_ROOT });
  return launch(mariadbd, folder, settings);
};
