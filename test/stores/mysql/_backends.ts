import { createConnection, createPool } from "mysql2/promise";
import { type MysqlStoreOptions, mysqlPush, mysqlStore } from "sessionup/stores/mysql";
import type { Backend, Group, OpenStore } from "../../contract/backend.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";
import { type MysqlServer, type StartMysql, startMysql, WITHOUT_FSYNC } from "../../support/servers/mysql.ts";

type Servers = ReadonlyArray<readonly [name: "MariaDB" | "MySQL", start: StartMysql]>;

/** The servers that the tests run on, with their default durability settings. */
export const DURABLE_SERVERS: Servers = [
  ["MariaDB", startMariadb],
  ["MySQL", startMysql],
];

export const SERVERS: Servers = DURABLE_SERVERS.map(
  ([name, start]) => [name, (settings) => start({ ...WITHOUT_FSYNC, ...settings })] as const,
);

/** The groups that store the same values as the store contract. */
const REPEATED: readonly Group[] = [
  "races",
  "ends",
  "ended once",
  "operators",
  "timeouts",
  "limits",
  "model",
];

export const mariadbBackends = (): readonly Backend[] => createBackends("MariaDB", startMariadb);

/** Returns backends on MySQL, or on the server at `MYSQL_URL` if that is set. */
export function mysqlBackends(): readonly Backend[] {
  return createBackends(process.env.MYSQL_URL ? "MYSQL_URL" : "MySQL", startMysql);
}

function createBackends(server: string, start: StartMysql): readonly Backend[] {
  const prepared = createBackend(`mysql2 on ${server}`, start, {});
  const asText = createBackend(`mysql2 on ${server}, text protocol`, start, { prepare: false });
  // The other backends have no push, so both forms of each operation run.
  const push = mysqlPush({ interval: "10ms" });
  const pushing = createBackend(`mysql2 on ${server}, push`, start, { push });
  return [
    prepared,
    // The server carries out the same statements, so only what the protocol changes runs again: the values.
    {
      ...asText,
      elsewhere: { [`mysql × ${prepared.client}`]: REPEATED },
      skip: [
        {
          reason: "races and thousands of sessions run with prepared statements",
          tests: ["races", "delete-created-before/many"],
        },
      ],
    },
    {
      ...pushing,
      contractOnly: true,
      subscribes: true,
      skip: [{ reason: "scans run with the backends without push", tests: ["scan"] }],
    },
  ];
}

/** Creates a backend in its own database, on the server at MYSQL_URL or on a new one in a zone where days begin early. */
function createBackend(client: string, startServer: StartMysql, options: MysqlStoreOptions): Backend {
  let server: MysqlServer | undefined;
  let url = process.env.MYSQL_URL ?? "";
  const database = `sessionup test ${process.pid} ${client}`;
  const open = async (): Promise<OpenStore & { migrate(): Promise<void> }> => {
    const pool = createPool({ uri: url, database, connectionLimit: 10 });
    const another = () => mysqlStore(pool, options);
    const store = another();
    return {
      store,
      another,
      migrate: () => store.migrate(),
      ping: async () => void (await pool.query("SELECT 1")),
      async close() {
        await store.close();
        await pool.end();
      },
    };
  };
  return {
    store: "mysql",
    client,
    async start() {
      if (!url) {
        server = await startServer({ ...WITHOUT_FSYNC, "default-time-zone": "+13:00" });
        url = server.url;
      }
      await ask(url, `CREATE DATABASE \`${database}\``);
      const first = await open();
      await first.migrate();
      await first.close();
    },
    async stop() {
      if (url) await ask(url, `DROP DATABASE \`${database}\``);
      await server?.stop();
    },
    open,
    async version() {
      const [row] = await ask(url, "SELECT VERSION() AS version");
      const version = String(row?.version);
      return /mariadb/i.test(version) ? `MariaDB ${version}` : `MySQL ${version}`;
    },
    async left() {
      const [row] = await ask(url, `SELECT COUNT(*) AS count FROM \`${database}\`.sessionup_sessions`);
      return Number(row?.count);
    },
  };
}

/** Runs one statement on a separate connection and returns its rows. */
async function ask(url: string, sql: string): Promise<ReadonlyArray<Record<string, unknown>>> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? (rows as Array<Record<string, unknown>>) : [];
  } finally {
    await connection.end();
  }
}
