import { createPool, type Pool, type PoolOptions } from "mysql2/promise";
import { mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, DAY, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool } from "./fixture.ts";

/** SQL modes that only one of the servers supports. */
const MODES = {
  MariaDB:
    "ORACLE,EMPTY_STRING_IS_NULL,SIMULTANEOUS_ASSIGNMENT,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION",
  MySQL: "PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION,TIME_TRUNCATE_FRACTIONAL",
};

describe.each(SERVERS)("mysqlStore on %s", (name, start) => {
  let server: MysqlServer;
  /** A pool with default settings. */
  let plain: Pool;
  beforeAll(async () => {
    server = await start();
    plain = openPool(server.url);
    await mysqlStore(plain).migrate();
  }, 300_000);
  afterAll(async () => {
    await plain.end();
    await server.stop();
  });

  /** Runs every operation over a pool with these settings, and checks the results through a default pool too. */
  async function live(options: PoolOptions, setting?: string): Promise<void> {
    const pool = createPool({ uri: server.url, connectionLimit: 2, ...options });
    if (setting) {
      pool.on("connection", (connection) => {
        // The type promises a promise-based connection, but mysql2 passes the underlying callback connection.
        const ready: unknown = connection.query(setting);
        void ready;
      });
    }
    const seen = mysqlStore(plain);
    const end = { reason: "logout", now: NOW } as const;
    for (const prepare of [true, false]) {
      const store = mysqlStore(pool, { prepare });
      for (const userKey of [`ann of ${setting ?? options.charset}`, "ä ß € 中 😀 表 \\ ' \" \u0000 "]) {
        const data = { v: 1, text: userKey };
        const records = [1, 2, 3, 4].map(() => createRecord({ userKey, data }));
        const [first, second, third, fourth] = records.map(({ id }) => id);
        const limit = { max: 2, onExceed: "evict-oldest" } as const;
        const evicted: string[] = [];
        for (const record of records.slice(0, 3))
          evicted.push(...(await store.create(record, { now: NOW, limit })).evicted);
        expect(evicted).toEqual([first]);
        const last = records[3] ?? expect.fail();
        await store.create(last, { now: NOW, replaces: second ?? "" });
        for (const each of [store, seen])
          expect(await each.fetchByUserKey(userKey, { now: NOW, limit: 9 })).toEqual([last, records[2]]);
        const change = { activity: { lastSeenAt: NOW + 5, expiresAt: NOW + 50 }, data: { ...data, v: 2 } };
        expect(await store.update(last.id, change, { now: NOW, ifRevision: 0 })).toBe("updated");
        const changed = { ...last, ...change.activity, data: change.data, revision: 1 };
        expect(await seen.fetchByIds([third ?? "", last.id])).toEqual([records[2], changed]);
        expect(await store.deleteById(fourth ?? "", end, "bob")).toBe("not_owner");
        expect(
          await store.deleteById(fourth ?? "", { ...end, tombstones: { keepFor: DAY, max: 9 } }, userKey),
        ).toBe("deleted");
        expect(await store.deleteByUserKey(userKey, end)).toEqual([third]);
        expect(await seen.fetchById(last.id)).toMatchObject({ ended: { at: NOW, reason: "logout" } });
      }
      await store.close();
    }
    await pool.end();
  }

  describe("connection settings", () => {
    it.each([
      "UTF8_GENERAL_CI",
      "LATIN1_SWEDISH_CI",
      "GBK_CHINESE_CI",
      "SJIS_JAPANESE_CI",
      "BIG5_CHINESE_CI",
      "KOI8R_GENERAL_CI",
      "BINARY",
    ])("every operation works with the driver's charset %s", (charset) => live({ charset }));

    it.each([
      "SET completion_type = 1",
      "SET completion_type = 2",
      `SET sql_mode = '${MODES[name]}'`,
      "SET sql_mode = TRADITIONAL",
      "SET sql_mode = ''",
      "SET time_zone = '+13:00'",
      "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
      "SET sql_auto_is_null = 1, foreign_key_checks = 0, unique_checks = 0",
    ])("every operation works after %s", (setting) => live({}, setting));

    it("every operation works with resetOnRelease and with namedPlaceholders", async () => {
      await live({ resetOnRelease: true, charset: "UTF8MB4_BIN" });
      await live({ namedPlaceholders: true, maxPreparedStatements: 1, charset: "UTF8MB4_BIN" });
    });
  });
});
