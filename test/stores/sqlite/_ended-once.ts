/** A process with stores over one file: `_ended-once.ts <store> <path>`. */
import { createClient } from "@libsql/client";
import Database from "libsql";
import { libsqlStore } from "../../../src/stores/libsql.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { serveEndedOnce } from "../../support/ended-once/child.ts";

const [kind, path = ""] = process.argv.slice(2);
const options = { cleanupEvery: false, timeout: "30s" } as const;

serveEndedOnce(() =>
  kind === "libsql"
    ? libsqlStore(createClient({ url: `file:${path}` }), options)
    : sqliteStore(new Database(path), options),
);
