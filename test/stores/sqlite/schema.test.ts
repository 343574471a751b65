import { createClient } from "@libsql/client";
import Database from "libsql";
import { SessionError } from "sessionup";
import { libsqlStore } from "sessionup/stores/libsql";
import { sqliteStore } from "sessionup/stores/sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqliteConnection } from "../../../src/stores/sqlite/connection.ts";
import { migrateSqlite, SQLITE_MIGRATIONS, toSqliteNames } from "../../../src/stores/sqlite/schema.ts";
import { NOW } from "../../support/record.ts";
import { SqliteFiles } from "./files.ts";

const times = { createdAt: NOW, lastSeenAt: NOW, expiresAt: NOW + 1_000, deadline: NOW + 1_000 };
const record = { id: "abcd", userKey: "\u0000 user", revision: 0, ...times, data: { v: 1, text: "\u0000" } };

const files = new SqliteFiles();
let close: Array<() => void> = [];
beforeEach(() => files.make());
afterEach(async () => {
  for (const each of close) each();
  close = [];
  await files.remove();
});

function database(): Database.Database {
  const opened = new Database(files.path());
  close.push(() => opened.close());
  return opened;
}

/** Both stores, each over its own connection to the same file. */
const STORES = {
  sqlite: (options = {}) => sqliteStore(database(), options),
  libsql: (options = {}) => {
    const client = createClient({ url: `file:${files.path()}` });
    close.push(() => client.close());
    return libsqlStore(client, options);
  },
};

describe.each(["sqlite", "libsql"] as const)("migrate of %sStore", (name) => {
  const open = STORES[name];

  it("can run concurrently in five stores and run again", async () => {
    const stores = Array.from({ length: 5 }, () => open());
    await Promise.all(stores.map((store) => store.migrate()));
    await stores[0]?.migrate();
    await stores[0]?.create(record, { now: NOW });
    expect(await stores[4]?.fetchById("abcd")).toEqual(record);
    expect(files.query("SELECT version FROM sessionup_sessions_schema")).toEqual([
      { version: SQLITE_MIGRATIONS.length },
    ]);
  });

  it("switches the file to WAL mode", async () => {
    await open().migrate();
    expect(files.query("PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
  });

  it("rejects a table of a later release and does not change it", async () => {
    await open().migrate();
    files.query("UPDATE sessionup_sessions_schema SET version = 99 RETURNING version");
    await expect(open().migrate()).rejects.toMatchObject({
      code: "ERR_STORE",
      message: expect.stringContaining("version 99, this release supports 4"),
    });
    expect(files.query("SELECT version FROM sessionup_sessions_schema")).toEqual([{ version: 99 }]);
  });

  it("is recommended by the error of an operation whose table is missing", async () => {
    const error = await open()
      .fetchById("abcd")
      .catch((thrown: unknown) => thrown);
    expect(SessionError.is(error) && error.code).toBe("ERR_STORE");
    expect(error).toMatchObject({ message: expect.stringContaining("migrate()"), cause: expect.any(Error) });
    await expect(open().create(record, { now: NOW })).rejects.toThrow("migrate()");
  });

  it("quotes any table name", async () => {
    for (const table of ['a"b', "drop table x; --", "größe 表", "select", "a.b", "[x]", "`", "'", "%s"]) {
      const store = open({ table });
      await store.migrate();
      await store.create(record, { now: NOW });
      expect(await store.fetchByUserKey(record.userKey, { now: NOW, limit: 1 })).toEqual([record]);
      expect(await store.deleteByUserKey(record.userKey, { reason: "revoked", now: NOW })).toEqual(["abcd"]);
    }
  });

  it("creates the same schema as migrationSql", async () => {
    const byHand = database();
    byHand.exec(open().migrationSql());
    const schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name";
    const printed = files.query(schema);
    byHand.exec(
      ["", "_schema", "_events", "_ends"].map((suffix) => `DROP TABLE sessionup_sessions${suffix};`).join(""),
    );
    await open().migrate();
    expect(files.query(schema)).toEqual(printed);
    expect(printed.filter(({ type }) => type === "table")).toHaveLength(4);
  });

  it.each([
    [{ table: "" }, "table must be a name"],
    [{ table: "a\0b" }, "table must be a name"],
    [{ table: "x".repeat(101) }, "table must be a name"],
    [{ table: "SQLite_x" }, "table must be a name"],
    [{ table: 5 }, "table must be a name"],
    [{ timeout: 5 }, "timeout must be a duration"],
    [{ onCleanupError: "log" }, "onCleanupError must be a function"],
    [{ cleanupEvery: 5 }, "cleanupEvery must be a duration"],
    [{ cleanupEvery: "25d" }, "cleanupEvery must be at most"],
    [{ tabel: "x" }, '"tabel" is not an option'],
  ])("is not reached, because the store rejects the options %o", (options, message) => {
    expect(() => open(options)).toThrow(new RegExp(message));
  });
});

describe.each(["sqlite", "libsql"] as const)("inspect of %sStore", (name) => {
  it("returns version 0 without tables, and then the version of the tables", async () => {
    const store = STORES[name]({ table: 'a"b' });
    expect((await store.inspect?.())?.schema).toEqual({ found: 0, needed: SQLITE_MIGRATIONS.length });
    await store.migrate();
    // Nothing endangers sessions by default, and a file has no clock.
    expect(await store.inspect?.()).toEqual({
      schema: { found: SQLITE_MIGRATIONS.length, needed: SQLITE_MIGRATIONS.length },
    });
  });
});

describe("inspect of sqliteStore", () => {
  it.each([
    ["synchronous = OFF", "PRAGMA synchronous is OFF"],
    ["synchronous = NORMAL", "PRAGMA synchronous is NORMAL"],
    ["journal_mode = OFF", "PRAGMA journal_mode is OFF"],
  ])("warns about PRAGMA %s", async (setting, warning) => {
    const opened = database();
    const store = sqliteStore(opened);
    await store.migrate();
    expect((await store.inspect?.())?.warnings).toBeUndefined();
    opened.exec(`PRAGMA ${setting}`);
    expect((await store.inspect?.())?.warnings).toEqual([expect.stringContaining(warning)]);
  });
});

describe("migrateSqlite", () => {
  const names = toSqliteNames("sessionup_sessions");
  const later = [
    ...SQLITE_MIGRATIONS,
    ({ table }: typeof names) => [
      // This statement does not fail when it runs twice, so the revision shows how often it ran.
      `UPDATE ${table} SET revision = revision + 1`,
    ],
  ];
  const engine = () => new SqliteConnection(database(), 5_000);

  it("keeps every session and applies a migration once although five connections try", async () => {
    const store = STORES.sqlite();
    await store.migrate();
    await store.create(record, { now: NOW });
    await Promise.all(Array.from({ length: 5 }, () => migrateSqlite(engine(), names, "test", later)));
    expect(files.query("SELECT id, revision FROM sessionup_sessions")).toEqual([{ id: "abcd", revision: 1 }]);
    expect(files.query("SELECT version FROM sessionup_sessions_schema")).toEqual([
      { version: SQLITE_MIGRATIONS.length + 1 },
    ]);
    // A process of the previous release keeps working until its restart.
    expect(await store.fetchById("abcd")).toEqual({ ...record, revision: 1 });
  });

  it("upgrades the tables of the previous version with their sessions, although five connections try", async () => {
    await migrateSqlite(engine(), names, "test", SQLITE_MIGRATIONS.slice(0, 3));
    const old = STORES.sqlite({ cleanupEvery: false });
    await old.create(record, { now: NOW });
    expect(await old.inspect?.()).toMatchObject({ schema: { found: 3, needed: 4 } });
    old.onExpired(() => undefined);
    await expect(old.deleteExpired(NOW, 10)).rejects.toThrow("the table is from an earlier release");
    const stores = Array.from({ length: 5 }, () => STORES.sqlite({ cleanupEvery: false }));
    await Promise.all(stores.map((store) => store.migrate()));
    const [store, other] = stores;
    expect(await store?.scan?.({ now: NOW, limit: 10 })).toEqual({ records: [record] });
    expect(await store?.inspect?.()).toMatchObject({ schema: { found: 4, needed: 4 } });
    const reported: unknown[] = [];
    other?.onExpired((sessions) => reported.push(...sessions));
    expect(await other?.deleteExpired(record.deadline, 10)).toBe(1);
    expect(reported).toMatchObject([{ id: record.id, userKey: record.userKey }]);
  });

  it("leaves the schema unchanged when a migration fails", async () => {
    await STORES.sqlite().migrate();
    const broken = [
      ...SQLITE_MIGRATIONS,
      ({ table }: typeof names) => [`ALTER TABLE ${table} ADD COLUMN n`, "NONSENSE"],
    ];
    await expect(migrateSqlite(engine(), names, "test", broken)).rejects.toThrow(/NONSENSE/);
    expect(files.query("SELECT version FROM sessionup_sessions_schema")).toEqual([
      { version: SQLITE_MIGRATIONS.length },
    ]);
    expect(files.query("SELECT * FROM pragma_table_info('sessionup_sessions') WHERE name = 'n'")).toEqual([]);
  });
});
