/** A process with a store in one database: `_ended-once.ts <url>`. */
import { createPool } from "mysql2/promise";
import { mysqlStore } from "../../../src/stores/mysql.ts";
import { serveEndedOnce } from "../../support/ended-once/child.ts";

const [url = ""] = process.argv.slice(2);
serveEndedOnce(() => mysqlStore(createPool(url), { cleanupEvery: false }));
