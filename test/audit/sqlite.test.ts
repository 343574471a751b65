import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import Database from "libsql";
import { libsqlAudit, libsqlStore } from "sessionup/stores/libsql";
import { sqliteAudit, sqliteStore } from "sessionup/stores/sqlite";
import { trailSuite } from "./_trail-suite.ts";

let folder = "";
const file = () => join(folder, "sessions.db");

for (const push of [false, true]) {
  const databases: Database.Database[] = [];
  const connect = () => {
    const database = new Database(file());
    databases.push(database);
    return database;
  };
  trailSuite({
    name: push ? "sqliteStore with push" : "sqliteStore",
    async start() {
      folder = await mkdtemp(join(tmpdir(), "sessionup-trail-"));
    },
    async stop() {
      for (const database of databases) database.close();
      await rm(folder, { recursive: true });
    },
    open: (audits = true) => sqliteStore(connect(), { ...(audits && { audit: sqliteAudit() }), push }),
    async run(sql) {
      const database = new Database(file(), { timeout: 5_000 });
      try {
        const statement = database.prepare(sql);
        if (statement.reader) return statement.all() as Record<string, unknown>[];
        statement.run();
        return [];
      } finally {
        database.close();
      }
    },
    head: "sessionup_sessions_audit_head",
    child: "_sqlite-logins.ts",
    args: () => [file()],
  });
}

trailSuite({
  name: "libsqlStore",
  async start() {
    folder = await mkdtemp(join(tmpdir(), "sessionup-trail-"));
  },
  stop: () => rm(folder, { recursive: true }),
  open(audits = true) {
    const client = createClient({ url: `file:${file()}` });
    return libsqlStore(client, audits ? { audit: libsqlAudit() } : {});
  },
  async run(sql) {
    const client = createClient({ url: `file:${file()}` });
    try {
      return (await client.execute(sql)).rows as never;
    } finally {
      client.close();
    }
  },
  head: "sessionup_sessions_audit_head",
  child: "_sqlite-logins.ts",
  args: () => [file()],
});
