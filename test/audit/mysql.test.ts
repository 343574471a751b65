import { createPool, type Pool } from "mysql2/promise";
import { mysqlAudit, mysqlStore } from "sessionup/stores/mysql";
import { SERVERS } from "../stores/mysql/_backends.ts";
import type { MysqlServer } from "../support/servers/mysql.ts";
import { trailSuite } from "./_trail-suite.ts";

for (const [name, start] of SERVERS) {
  const push = name === "MySQL";
  let server: MysqlServer;
  let pool: Pool;
  trailSuite({
    name: `mysqlStore on ${name}${push ? " with push" : ""}`,
    async start() {
      server = await start({});
      pool = createPool({ uri: server.url, connectionLimit: 20 });
    },
    async stop() {
      await pool.end();
      await server.stop();
    },
    open: (audits = true) => mysqlStore(pool, { ...(audits && { audit: mysqlAudit() }), push }),
    run: async (sql) => {
      const [rows] = await pool.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    },
    head: "sessionup_sessions_trail",
    child: "_mysql-logins.ts",
    args: () => [server.url],
  });
}
