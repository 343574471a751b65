import type { Pool } from "mysql2/promise";
import type { ScanFilter, ScanResult } from "sessionup";
import { type MysqlStore, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MysqlClient } from "../../../src/stores/mysql/client.ts";
import { MYSQL_MIGRATIONS, migrateMysql, toMysqlNames } from "../../../src/stores/mysql/schema.ts";
import { Deadline } from "../../../src/stores/shared/deadline.ts";
import { createRecord, DAY, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool } from "./fixture.ts";

const LIVE = { now: NOW, limit: 1_000 } as const;

describe.each(SERVERS)("mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  /** One connection, whose own counters are current. */
  let pool: Pool;
  beforeAll(async () => {
    server = await start();
    pool = openPool(server.url, { connectionLimit: 1 });
  }, 300_000);
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  const open = (table: string): MysqlStore =>
    mysqlStore(pool, { table, cleanupEvery: false, timeout: "30s" });

  /** Inserts sessions of 500 users, all of which began at once. Every tenth is a tombstone. */
  async function fill(table: string, count: number): Promise<void> {
    const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const digit = (by: number) => `SUBSTR('${digits}', 1 + n * 7919 DIV ${by} % 62, 1)`;
    await pool.query(`INSERT INTO ${table}
      SELECT CONCAT(${digit(1)}, ${digit(62)}, ${digit(3_844)}, n), CONCAT('user', n % 500), 0, ${NOW}, ${NOW}, ${NOW + DAY}, ${NOW + DAY},
        IF(n % 10 = 0, ${NOW}, NULL), IF(n % 10 = 0, 'logout', NULL), '{"v":1}', NULL
      FROM (SELECT a.slot + 1000 * b.slot AS n FROM ${table}_slots AS a, ${table}_slots AS b WHERE b.slot * 1000 < ${count}) AS numbers`);
  }

  /** Returns the number of rows and index entries that the connection has read. */
  async function read(): Promise<number> {
    const [rows] = await pool.query("SHOW SESSION STATUS LIKE 'Handler_read%'");
    return (rows as Array<{ Value: unknown }>).reduce((sum, { Value }) => sum + Number(Value), 0);
  }

  describe("a step of a scan", () => {
    let store: MysqlStore;
    beforeAll(async () => {
      store = open("steps");
      await store.migrate();
      await fill("steps", 25_000);
      await pool.query("ANALYZE TABLE steps");
    });

    it.each<[string, ScanFilter, number, number]>([
      ["no filter", {}, 22_500, 12_500],
      ["a text that no session has", { dataIncludes: ["nowhere"] }, 0, 21_000],
      ["tombstones", { ended: {} }, 2_500, 21_000],
      ["a user", { userKey: "user7" }, 50, 1_000],
      ["a user's tombstones", { userKey: "user10", ended: {} }, 50, 1_000],
      ["a range of creation without sessions", { createdAt: { before: NOW } }, 0, 1_000],
    ])("reads a bounded number of rows with %s, and the scan finds all", async (_what, filter, all, most) => {
      let [cursor, found]: [string | undefined, number] = [undefined, 0];
      do {
        const before = await read();
        const step: ScanResult | undefined = await store.scan?.({
          ...LIVE,
          filter,
          ...(cursor !== undefined && { cursor }),
        });
        expect((await read()) - before).toBeLessThanOrEqual(most);
        cursor = step?.cursor;
        found += step?.records.length ?? 0;
      } while (cursor !== undefined);
      expect(found).toBe(all);
    });
  });

  describe("scan", () => {
    it("finds texts with a half of a character or NUL among others", async () => {
      const store = open("texts");
      await store.migrate();
      const record = createRecord({ data: { v: 1, face: "😀" } });
      await store.create(record, { now: NOW });
      for (const text of ["\ud83d", "\0", "😀"]) {
        const { records } = (await store.scan?.({ ...LIVE, filter: { dataIncludes: [text] } })) ?? {};
        expect(records).toEqual([record]);
      }
    });
  });

  describe("count", () => {
    it("estimates more than 50 000 records from a part of them, and counts fewer exactly", async () => {
      const store = open("many");
      await store.migrate();
      await fill("many", 120_000);
      const before = await read();
      const estimate = await store.count?.(NOW);
      expect((await read()) - before).toBeLessThan(110_000);
      expect(estimate?.isExact).toBe(false);
      expect(Math.abs((estimate?.count ?? 0) - 108_000)).toBeLessThan(5_000);
      await pool.query("DELETE FROM many WHERE id > 'A'");
      const [rows] = await pool.query("SELECT COUNT(*) AS live FROM many WHERE ended_at IS NULL");
      const [{ live = 0 } = {}] = rows as Array<{ live?: number }>;
      expect(live).toBeGreaterThan(1_000);
      expect(await store.count?.(NOW)).toEqual({ count: live, isExact: true });
      await pool.query("DELETE FROM many");
      expect(await store.count?.(NOW)).toEqual({ count: 0, isExact: true });
    });
  });

  describe("inspect", () => {
    const needed = MYSQL_MIGRATIONS.length;

    it("answers before a migration and after it, with the server's clock", async () => {
      const store = open("inspected");
      expect((await store.inspect?.())?.schema).toEqual({ found: 0, needed });
      await expect(store.scan?.(LIVE)).rejects.toMatchObject({ code: "ERR_STORE" });
      await expect(store.count?.(NOW)).rejects.toMatchObject({ code: "ERR_STORE" });
      await store.migrate();
      const [rows] = await pool.query("SELECT UNIX_TIMESTAMP() * 1000 AS earlier");
      const state = await store.inspect?.();
      expect(state?.schema).toEqual({ found: needed, needed });
      const [{ earlier = 0 } = {}] = rows as Array<{ earlier?: number }>;
      expect(state?.clock).toBeGreaterThanOrEqual(Number(earlier));
      expect(state?.clock).toBeLessThan(Number(earlier) + 60_000);
    });

    it("warns about settings that endanger sessions, and only about those", async () => {
      const store = open("inspected");
      const flush = expect.stringContaining("innodb_flush_log_at_trx_commit is 2");
      expect((await store.inspect?.())?.warnings).toEqual([flush]);
      await pool.query("SET GLOBAL read_only = ON");
      await pool.query("SET SESSION sql_select_limit = 1000");
      expect((await store.inspect?.())?.warnings).toEqual([
        flush,
        expect.stringContaining("read_only is ON"),
        expect.stringContaining("sql_select_limit is 1000"),
      ]);
      await pool.query("SET SESSION sql_select_limit = DEFAULT");
      await pool.query("SET GLOBAL read_only = OFF");
      await pool.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
      expect(await store.inspect?.()).not.toHaveProperty("warnings");
      await pool.query("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    });
  });

  describe("tables of the previous release", () => {
    it("work without the index and the table of ends until migrate, which keeps their sessions", async () => {
      const client = new MysqlClient(pool, new Deadline(5_000), true);
      await migrateMysql(client, toMysqlNames("previous"), MYSQL_MIGRATIONS.slice(0, 3));
      const store = open("previous");
      const records = [createRecord(), createRecord()];
      for (const record of records) await store.create(record, { now: NOW });
      expect((await store.inspect?.())?.schema?.found).toBe(3);
      store.onExpired(() => undefined);
      for (const attempt of [() => store.deleteExpired(NOW, 9), () => store.scan?.(LIVE)])
        await expect(attempt()).rejects.toMatchObject({
          code: "ERR_STORE",
          message: "mysqlStore: the table is from an earlier release. Call migrate() before using the store.",
        });
      // An app with a large table may create the index first.
      await pool.query("CREATE INDEX by_creation ON previous (created_at, id)");
      await Promise.all([store.migrate(), store.migrate()]);
      expect((await store.scan?.(LIVE))?.records).toEqual(records.toReversed());
      expect(await store.deleteExpired(NOW, 9)).toBe(0);
    });
  });
});
