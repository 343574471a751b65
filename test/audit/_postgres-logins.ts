/** A process that logs users in and out: `_postgres-logins.ts <url>`. */
import pg from "pg";
import { postgresAudit, postgresStore } from "../../src/stores/postgres.ts";
import { logInAndOut } from "./_logins.ts";

const pool = new pg.Pool({ connectionString: process.argv[2] });
void logInAndOut(postgresStore(pool, { audit: postgresAudit() }));
