import { createPool } from "mysql2/promise";
import { mysqlStore } from "sessionup/stores/mysql";
import { afterAll } from "vitest";
import { outageSuite } from "../../contract/outages/outages.ts";
import { failing } from "../../contract/outages/servers.ts";
import { startMariadb } from "../../support/servers/mariadb.ts";

// The default innodb-flush-log-at-trx-commit=1 makes the server keep every acknowledged write.
const database = await startMariadb();
afterAll(() => database.stop());

outageSuite({
  store: "mysql",
  client: "mysql2",
  server: failing(database, "SIGTERM"),
  connections: 4,
  async open(port) {
    const url = new URL(database.url);
    url.port = `${port}`;
    const pool = createPool({ uri: `${url}`, connectionLimit: 4, connectTimeout: 4_000 });
    const store = mysqlStore(pool, { timeout: "1s" });
    await store.migrate();
    const close = async () => {
      await store.close();
      await pool.end();
    };
    return { store, close };
  },
});
