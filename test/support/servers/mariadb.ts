import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { programPath } from "../../../scripts/programs.mjs";
import { launch, type StartMysql } from "./mysql.ts";
import { databaseFolder, NOT_ROOT } from "./server.ts";

export const startMariadb: StartMysql = async (settings = {}) => {
  const mariadbd = await programPath("MariaDB");
  const folder = await databaseFolder("mariadb", mariadbd, async (cwd) => {
    const install = [
      "--no-defaults",
      `--datadir=${join(cwd, "data")}`,
      // A starting server removes what looks like its own leftovers, including files of servers that start concurrently.
      `--tmpdir=${cwd}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--skip-name-resolve",
    ];
    // The server is in /usr/sbin, and its installer in /usr/bin.
    const installer = join(dirname(mariadbd), "../bin/mariadb-install-db");
    await promisify(execFile)(installer, install, { cwd, ...NOT_ROOT });
  });
  return launch(mariadbd, folder, settings);
};
