import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { programPath } from "../../../scripts/programs.mjs";
import { databaseFolder, freePort, NOT_ROOT, ServerProcess } from "./server.ts";

/** A PostgreSQL that the suite has started. */
export interface PostgresServer {
  readonly port: number;
  readonly url: string;
  /** To kill it, have it hang, and start it anew with what it kept: `SIGINT` is its fast shutdown. */
  readonly process: ServerProcess;
  /** Ends it for good, and removes its folder. */
  stop(): Promise<void>;
}

/** Settings for tests that crash no machine: nothing waits for the disk. What a killed process wrote is still there. */
export const WITHOUT_FSYNC = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } as const;

/** Starts a PostgreSQL on a free port, in a folder of its own; settings such as `{ timezone: "Asia/Kolkata" }`. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const postgres = await programPath("PostgreSQL");
  const folder = await databaseFolder("postgres", postgres, async (cwd) => {
    const options = ["-U", "sessionup", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
    const initdb = join(dirname(postgres), "initdb");
    await promisify(execFile)(initdb, ["-D", join(cwd, "data"), ...options], { cwd, ...NOT_ROOT });
  });
  const port = await freePort();
  const own = {
    port: `${port}`,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: folder,
    max_connections: "200",
    ...settings,
  };
  const args = Object.entries(own).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const url = `postgres://sessionup@127.0.0.1:${port}/postgres`;
  const process = new ServerProcess(postgres, ["-D", join(folder, "data"), ...args], folder, () =>
    answersPostgres(url),
  );
  await process.start(port);
  return { port, url, process, stop: () => process.remove() };
}

/** It listens while it still recovers. */
export async function answersPostgres(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
