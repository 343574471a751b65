/** A process that logs users in and out: `_sqlite-logins.ts <file>`. */
import Database from "libsql";
import { sqliteAudit, sqliteStore } from "../../src/stores/sqlite.ts";
import { logInAndOut } from "./_logins.ts";

void logInAndOut(sqliteStore(new Database(process.argv[2] ?? ""), { audit: sqliteAudit() }));
