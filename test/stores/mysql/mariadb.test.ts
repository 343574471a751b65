import { it } from "vitest";
import { storeSuite } from "../../contract/suite.ts";
import { mariadbBackends } from "./_backends.ts";

// A separate file lets MariaDB run in parallel with MySQL: these two are the slowest backends.
if (process.env.MYSQL_URL)
  it.skip("mysql × mysql2 on MariaDB (skipped: MYSQL_URL is set, so the suite runs on that server)", () => {});
else for (const backend of mariadbBackends()) storeSuite(backend);
