import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programPath } from "../../../scripts/programs.mjs";
import { answersPostgres } from "./postgres.ts";
import { freePort, ServerProcess, serverFolder } from "./server.ts";

/** A PgBouncer in front of the PostgreSQL of that port: each transaction may get another connection. */
export async function startPgbouncer(postgres: number): Promise<{ url: string; stop(): Promise<void> }> {
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
ignore_startup_parameters = extra_float_digits
`,
  );
  const url = `postgres://sessionup@127.0.0.1:${port}/postgres`;
  const process = new ServerProcess(path, [settings], folder, () => answersPostgres(url));
  await process.start(port);
  return { url, stop: () => process.remove() };
}
