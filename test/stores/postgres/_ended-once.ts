/** A process with a store in one schema: `_ended-once.ts <url> <schema>`. */
import pg from "pg";
import { postgresStore } from "../../../src/stores/postgres.ts";
import { serveEndedOnce } from "../../support/ended-once/child.ts";

const [connectionString, schema = ""] = process.argv.slice(2);
serveEndedOnce(() => postgresStore(new pg.Pool({ connectionString }), { schema, cleanupEvery: false }));
