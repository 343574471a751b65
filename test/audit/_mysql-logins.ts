/** A process that logs users in and out: `_mysql-logins.ts <url>`. */
import { createPool } from "mysql2/promise";
import { mysqlAudit, mysqlStore } from "../../src/stores/mysql.ts";
import { logInAndOut } from "./_logins.ts";

void logInAndOut(mysqlStore(createPool(process.argv[2] ?? ""), { audit: mysqlAudit() }));
