import type { Pool } from "mysql2/promise";
import { type MysqlPool, type MysqlStore, type MysqlStoreOptions, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MysqlClient } from "../../../src/stores/mysql/client.ts";
import { MYSQL_MIGRATIONS, migrateMysql, toMysqlNames } from "../../../src/stores/mysql/schema.ts";
import { raw, sql } from "../../../src/stores/mysql/sql.ts";
import { Deadline } from "../../../src/stores/shared/deadline.ts";
import { createRecord, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool, recorded } from "./fixture.ts";

describe.each(SERVERS)("mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  let pool: Pool;
  beforeAll(async () => {
    // The tables must not depend on the server's defaults.
    server = await start({
      "default-storage-engine": "MyISAM",
      "innodb-default-row-format": "compact",
      "character-set-server": "latin1",
    });
    pool = openPool(server.url);
  }, 300_000);
  afterAll(async () => {
    for (const store of opened) await store.close();
    await pool.end();
    await server.stop();
  });

  const opened: MysqlStore[] = [];
  function open(table: string, client: MysqlPool = pool, options: MysqlStoreOptions = {}): MysqlStore {
    const store = mysqlStore(client, { table, ...options });
    opened.push(store);
    return store;
  }

  const limit = { max: 1, onExceed: "evict-oldest" } as const;

  async function fetchRows(text: string): Promise<ReadonlyArray<readonly unknown[]>> {
    const [rows] = await pool.query({ sql: text, rowsAsArray: true });
    return rows as unknown[][];
  }

  describe("migrate", () => {
    it("can run in ten processes at once and run again", async () => {
      const pools = Array.from({ length: 10 }, () => openPool(server.url, { connectionLimit: 1 }));
      const stores = pools.map((each) => open("at once", each));
      await Promise.all(stores.map((store) => store.migrate()));
      await Promise.all(stores.map((store) => store.migrate()));
      await Promise.all(stores.map((store) => store.create(createRecord(), { now: NOW, limit })));
      expect(await fetchRows("SELECT id, version FROM `at once_schema`")).toEqual([
        [1, MYSQL_MIGRATIONS.length],
      ]);
      expect(await fetchRows("SELECT COUNT(*), MIN(slot), MAX(slot) FROM `at once_slots`")).toEqual([
        [1_000, 0, 999],
      ]);
      for (const each of pools) await each.end();
    });

    it("only reads an up-to-date schema, and needs no more privileges than the store", async () => {
      await open("closed").migrate();
      await pool.query("CREATE USER app@'127.0.0.1'");
      for (const table of ["closed", "closed_schema", "closed_slots", "closed_ends"])
        await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON sessionup.${table} TO app@'127.0.0.1'`);
      const theirs = openPool(server.url.replace("root@", "app@"));
      const asked = recorded(theirs);
      const store = open("closed", asked);
      await store.migrate();
      expect(asked.taken()).toEqual(["SELECT", "SELECT"]);
      const record = createRecord();
      await store.create(createRecord(), { now: NOW, limit });
      await store.create(record, { now: NOW, limit });
      await store.update(record.id, { data: { v: 1 } }, { now: NOW });
      expect(await store.deleteByUserKey("ann", { reason: "revoked", now: NOW })).toEqual([record.id]);
      const expired: unknown[] = [];
      store.onExpired((sessions) => expired.push(...sessions));
      await store.create(createRecord({ deadline: NOW + 1 }), { now: NOW });
      expect(await store.deleteExpired(NOW + 1, 9)).toBe(1);
      expect(expired).toHaveLength(1);
      await theirs.end();
      await pool.query("CREATE USER reader@'127.0.0.1'");
      for (const table of ["closed", "closed_schema"])
        await pool.query(`GRANT SELECT ON sessionup.${table} TO reader@'127.0.0.1'`);
      const readers = openPool(server.url.replace("root@", "reader@"));
      const reading = open("closed", readers);
      expect(await reading.scan?.({ now: NOW, limit: 9 })).toEqual({ records: [] });
      expect(await reading.count?.(NOW)).toEqual({ count: 0, isExact: true });
      expect((await reading.inspect?.())?.schema?.found).toBe(MYSQL_MIGRATIONS.length);
      await readers.end();
    });

    it("completes an interrupted migration", async () => {
      for (const statements of [1, 3, 4]) {
        const table = `cut ${statements}`;
        const begun = open(table).migrationSql().split(";\n").slice(0, statements);
        for (const statement of begun) await pool.query(statement);
        await open(table).migrate();
        await open(table).create(createRecord(), { now: NOW, limit });
        expect(await fetchRows(`SELECT COUNT(*) FROM \`${table}_slots\``)).toEqual([[1_000]]);
      }
    });

    it("rejects a table of a later release and does not change it", async () => {
      const store = open("later");
      await store.migrate();
      await pool.query("UPDATE later_schema SET version = 7");
      await expect(store.migrate()).rejects.toMatchObject({
        code: "ERR_STORE",
        message: "mysqlStore: the table has version 7, this release supports 4. Upgrade sessionup.",
      });
      expect(await fetchRows("SELECT version FROM later_schema")).toEqual([[7]]);
    });

    it("rejects a table that does not belong to sessionup", async () => {
      await pool.query("CREATE TABLE theirs (id INT PRIMARY KEY, name TEXT)");
      await expect(open("theirs").migrate()).rejects.toMatchObject({
        code: "ERR_STORE",
        message:
          'mysqlStore: the table exists but does not belong to sessionup. Set the option "table" to another name.',
      });
    });
  });

  describe("a table of an earlier release", () => {
    it("is upgraded with every session in it when ten processes migrate at once", async () => {
      const names = toMysqlNames("upgraded");
      const store = open("upgraded");
      await store.migrate();
      const records = Array.from({ length: 100 }, () => createRecord());
      for (const record of records) await store.create(record, { now: NOW });
      const next = [
        ...MYSQL_MIGRATIONS,
        ({ table }: typeof names) => [
          sql`ALTER TABLE ${table} ADD COLUMN device VARBINARY(99) NOT NULL DEFAULT ''`,
        ],
        ({ table }: typeof names) => [sql`ALTER TABLE ${table} ADD INDEX by_device (device)`],
      ];
      const once = ({ schema }: typeof names) => [sql`UPDATE ${schema} SET swept_at = swept_at + 1`];
      next.push(once);
      const client = new MysqlClient(pool, new Deadline(5_000), true);
      await Promise.all(Array.from({ length: 10 }, () => migrateMysql(client, names, next)));
      await migrateMysql(client, names, next);
      expect(await fetchRows("SELECT version, swept_at FROM upgraded_schema")).toEqual([[7, 1]]);
      await migrateMysql(client, names, [...next, once]);
      expect(await fetchRows("SELECT version, swept_at FROM upgraded_schema")).toEqual([[8, 2]]);
      // The previous release keeps working, even on connections with prepared statements.
      expect(await store.fetchByUserKey("ann", { now: NOW, limit: 1_000 })).toEqual(records.toReversed());
      expect(await store.fetchByIds(records.map(({ id }) => id))).toEqual(records);
      expect((await store.create(createRecord(), { now: NOW, limit })).evicted).toHaveLength(100);
    });

    it("keeps its sessions when a migration step fails, and the next migration continues there", async () => {
      const names = toMysqlNames("half");
      const store = open("half");
      await store.migrate();
      await store.create(createRecord({ userKey: "half" }), { now: NOW });
      const client = new MysqlClient(pool, new Deadline(5_000), true);
      const column = ({ table }: typeof names) => sql`ALTER TABLE ${table} ADD COLUMN device VARBINARY(99)`;
      const failing = [
        ...MYSQL_MIGRATIONS,
        (each: typeof names) => [column(each), raw("SELECT no_such_column")],
      ];
      await expect(migrateMysql(client, names, failing)).rejects.toMatchObject({ errno: 1054 });
      expect(await fetchRows("SELECT version FROM half_schema")).toEqual([[4]]);
      // The failed step has already added the column.
      await migrateMysql(client, names, [...MYSQL_MIGRATIONS, (each) => [column(each)]]);
      expect(await fetchRows("SELECT version FROM half_schema")).toEqual([[5]]);
      expect(await store.fetchByUserKey("half", { now: NOW, limit: 9 })).toHaveLength(1);
    });
  });

  describe("migrationSql", () => {
    it("creates the same tables as migrate", async () => {
      const store = open("printed");
      for (const statement of store.migrationSql().split(";\n").filter(Boolean)) await pool.query(statement);
      const asked = recorded(pool);
      await open("printed", asked).migrate();
      expect(asked.taken()).toEqual(["SELECT", "SELECT"]);
      await store.create(createRecord(), { now: NOW, limit });
      await open("migrated").migrate();
      const made = async (table: string) =>
        (await fetchRows(`SHOW CREATE TABLE ${table}`)).map(([name, text]) =>
          String(text).replace(String(name), ""),
        );
      for (const suffix of ["", "_schema", "_slots", "_events", "_ends"])
        expect(await made(`printed${suffix}`)).toEqual(await made(`migrated${suffix}`));
    });
  });

  describe("the option table", () => {
    it.each([
      "`",
      "a`b\"c'd",
      "with space?",
      "a.b",
      "{a} % $1 :x --",
      "drop/*table*/",
      "ünï中",
      "x".repeat(57),
    ])("accepts the name %s, with and without prepared statements", async (table) => {
      for (const prepare of [true, false]) {
        const store = open(table, pool, { prepare });
        await store.migrate();
        const record = createRecord();
        await store.create(createRecord(), { now: NOW });
        await store.create(record, { now: NOW, limit });
        expect(await store.fetchById(record.id)).toEqual(record);
        expect(await store.update(record.id, { data: { v: 1 } }, { now: NOW })).toBe("updated");
        expect(await store.deleteByUserKey("ann", { reason: "revoked", now: NOW })).toEqual([record.id]);
      }
    });

    it.each(["", "x".repeat(58), "a\0b", "😀", "\ud800", 7])(
      "rejects a name that MySQL does not allow: %j",
      (table) => {
        // @ts-expect-error: a name is a string
        expect(() => mysqlStore(pool, { table })).toThrow(/^table must be a name/);
      },
    );
  });

  describe("a store without its tables", () => {
    it("rejects every operation with an error that recommends migrate()", async () => {
      const store = open("nowhere");
      const end = { reason: "logout", now: NOW } as const;
      for (const attempt of [
        () => store.create(createRecord(), { now: NOW }),
        () => store.create(createRecord(), { now: NOW, limit }),
        () => store.create(createRecord(), { now: NOW, replaces: "abcd" }),
        () => store.fetchById("abcd"),
        () => store.fetchByIds(["abcd", "efgh"]),
        () => store.fetchByUserKey("ann", { now: NOW, limit: 9 }),
        () => store.update("abcd", { data: { v: 1 } }, { now: NOW }),
        () => store.deleteById("abcd", end),
        () => store.deleteByUserKey("ann", end),
        () => store.deleteExpired(NOW, 1),
      ])
        await expect(attempt()).rejects.toMatchObject({
          code: "ERR_STORE",
          message: "mysqlStore: the table is missing. Call migrate() before using the store.",
        });
    });

    it("rejects create with instructions when the table of slots is empty", async () => {
      const store = open("emptied");
      await store.migrate();
      await pool.query("DELETE FROM emptied_slots");
      for (const options of [{ now: NOW }, { now: NOW, limit }])
        await expect(store.create(createRecord(), options)).rejects.toMatchObject({
          code: "ERR_STORE",
          message:
            "mysqlStore: the table of slots lacks rows. Run the INSERT statements of migrationSql() again.",
        });
    });
  });
});
