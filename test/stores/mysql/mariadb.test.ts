import { it } from "vitest";
import { storeSuite } from "../../contract/suite.ts";
import { mariadbBackends } from "./_backends.ts";

// In a file of its own, so that it runs beside MySQL's: each takes longer than any other.
if (process.env.MYSQL_URL) it.skip("the suite (skipped: it runs on the server of MYSQL_URL)", () => {});
else for (const backend of mariadbBackends()) storeSuite(backend);
