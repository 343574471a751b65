import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { programPath } from "../../../scripts/programs.mjs";
import { answersPostgres } from "./postgres.ts";
import { freePort, ServerProcess, serverFolder } from "./server.ts";

/** A PgBouncer that the suite has started. */
export interface PgbouncerServer {
  readonly url: string;
  /** Such as `PgBouncer 1.24.1`. */
  readonly version: string;
  stop(): Promise<void>;
}

/**
 * A PgBouncer in front of the PostgreSQL of that port: each transaction may get another connection. It follows so many
 * prepared statements a connection; by 0 it knows nothing of them, as those before 1.21.
 */
export async function startPgbouncer(postgres: number, prepared = 0): Promise<PgbouncerServer> {
  const path = await programPath("PgBouncer");
  const folder = await serverFolder("pgbouncer");
  const port = await freePort();
  const users = join(folder, "users.txt");
  const settings = join(folder, "pgbouncer.ini");
  await writeFile(users, '"sessionup" ""\n');
  await writeFile(
    settings,
    `[databases]
postgres = host=127.0.0.1 port=${postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
max_prepared_statements = ${prepared}
ignore_startup_parameters = extra_float_digits
`,
  );
  const url = `postgres://sessionup@127.0.0.1:${port}/postgres`;
  const process = new ServerProcess(path, [settings], folder, () => answersPostgres(url));
  await process.start(port);
  const { stdout } = await promisify(execFile)(path, ["--version"]);
  const [version = ""] = stdout.split("\n");
  return { url, version, stop: () => process.remove() };
}
