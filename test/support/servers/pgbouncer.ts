import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { programPath } from "../../../scripts/programs.mjs";
import { answersPostgres } from "./postgres.ts";
import { freePort, ServerProcess, serverFolder } from "./server.ts";

/** A running PgBouncer. */
export interface PgbouncerServer {
  readonly url: string;
  /** The name and version, such as `PgBouncer 1.24.1`. */
  readonly version: string;
  stop(): Promise<void>;
}

/**
 * Starts PgBouncer in transaction mode in front of a PostgreSQL port. Each transaction may get another connection.
 * PgBouncer tracks `prepared` statements per connection. With 0 it tracks none, like releases before 1.21.
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
