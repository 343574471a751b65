import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { programPath } from "../../../scripts/programs.mjs";
import { databaseFolder, freePort, NOT_ROOT, ServerProcess, serverFolder } from "./server.ts";

/** A running PostgreSQL server. */
export interface PostgresServer {
  readonly port: number;
  readonly url: string;
  /** The server's process, which a test can kill, suspend and restart with its data. `SIGINT` is the fast shutdown. */
  readonly process: ServerProcess;
  /** Stops the server and removes its folder. */
  stop(): Promise<void>;
}

/** Settings that do not wait for the disk. Writes of a killed process survive, but not those of a crashed machine. */
export const WITHOUT_FSYNC = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } as const;

/** Starts a server on a free port in its own folder, with settings such as `{ timezone: "Asia/Kolkata" }`. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const postgres = await programPath("PostgreSQL");
  const folder = await databaseFolder("postgres", postgres, async (cwd) => {
    const options = ["-U", "sessionup", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
    const initdb = join(dirname(postgres), "initdb");
    await promisify(execFile)(initdb, ["-D", join(cwd, "data"), ...options], { cwd, ...NOT_ROOT });
  });
  return startIn(folder, settings);
}

/** Starts a standby of a server. It follows the server until `select pg_promote()` makes it a primary. */
export async function startStandby(primary: PostgresServer): Promise<PostgresServer> {
  const postgres = await programPath("PostgreSQL");
  const folder = await serverFolder("postgres");
  const backup = join(dirname(postgres), "pg_basebackup");
  const args = ["-D", join(folder, "data"), "-d", primary.url, "-R", "-c", "fast", "--no-sync"];
  await promisify(execFile)(backup, args, { cwd: folder, ...NOT_ROOT });
  return startIn(folder, WITHOUT_FSYNC);
}

async function startIn(folder: string, settings: Readonly<Record<string, string>>): Promise<PostgresServer> {
  const postgres = await programPath("PostgreSQL");
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

/** Returns whether the server accepts connections. It already listens while it recovers. */
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
