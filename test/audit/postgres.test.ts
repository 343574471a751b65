import pg from "pg";
import { postgresAudit, postgresPush, postgresStore } from "sessionup/stores/postgres";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../support/servers/postgres.ts";
import { trailSuite } from "./_trail-suite.ts";

for (const pushes of [false, true]) {
  let server: PostgresServer;
  let pool: pg.Pool;
  trailSuite({
    name: pushes ? "postgresStore with push" : "postgresStore",
    async start() {
      server = await startPostgres(WITHOUT_FSYNC);
      pool = new pg.Pool({ connectionString: server.url });
    },
    async stop() {
      await pool.end();
      await server.stop();
    },
    open: (audits = true) =>
      postgresStore(pool, {
        ...(audits && { audit: postgresAudit() }),
        push: pushes && postgresPush(() => new pg.Client({ connectionString: server.url })),
      }),
    run: async (sql) => (await pool.query(sql)).rows,
    head: "sessionup_sessions_audit_head",
    child: "_postgres-logins.ts",
    args: () => [server.url],
  });
}
