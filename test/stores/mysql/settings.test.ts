import { createPool as createCallbackPool } from "mysql2";
import { createPool, type Pool, type PoolOptions } from "mysql2/promise";
import { mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runContract } from "../../contract/run-contract.ts";
import { createRecord, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool } from "./fixture.ts";

describe.each(SERVERS)("mysqlStore on %s", (name, start) => {
  let server: MysqlServer;
  const pools: Pool[] = [];
  beforeAll(async () => {
    server = await start({ "default-time-zone": "+13:00" });
    const first = openPool(server.url);
    pools.push(first);
    await mysqlStore(first).migrate();
  }, 300_000);
  afterAll(async () => {
    for (const each of pools) await each.end();
    await server.stop();
  });

  /** Driver options that change how values are sent or returned. */
  const ODD: PoolOptions = {
    charset: "latin1",
    timezone: "+05:45",
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    decimalNumbers: true,
    nestTables: true,
    namedPlaceholders: true,
    stringifyObjects: true,
    multipleStatements: true,
    typeCast: () => "cast",
    flags: ["-FOUND_ROWS"],
    queryFormat: (text: string, values: unknown) => text.replace(/:(\w+)|\?/g, () => `'${String(values)}'`),
  };

  const isolation = name === "MySQL" ? "transaction_isolation" : "tx_isolation";
  /** Session variables that change how statements are parsed and executed. */
  const SESSION = `SET SESSION sql_safe_updates = 1, ${isolation} = 'SERIALIZABLE',
  sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE,IGNORE_SPACE,ONLY_FULL_GROUP_BY',
  character_set_results = 'latin1', collation_connection = 'latin1_german2_ci'`;

  let odd: Pool | undefined;
  function oddPool(): Pool {
    if (odd) return odd;
    const pool = createPool({ uri: server.url, connectionLimit: 10, ...ODD });
    pool.on("connection", (connection) => {
      // The type promises a promise-based connection, but mysql2 passes the underlying callback connection.
      const ready: unknown = connection.query(SESSION);
      void ready;
    });
    odd = pool;
    pools.push(pool);
    return pool;
  }

  // Settings change how the server parses a statement's text. The text of a prepared statement contains no values.
  for (const prepare of name === "MySQL" ? [true, false] : [false]) {
    describe(`a pool with odd settings, ${prepare ? "prepared" : "text protocol"}`, () => {
      runContract({ create: () => mysqlStore(oddPool(), { prepare }) });
    });
  }

  describe("a pool with odd settings", () => {
    it("applies the settings to its connections", async () => {
      const asked = `SELECT @@${isolation}, IF(@@sql_mode LIKE '%NO_BACKSLASH%', 'yes', 'no'), @@collation_connection, @@time_zone`;
      const typeCast = (_field: unknown, next: () => unknown) => next();
      const [rows] = await oddPool().query({ sql: asked, rowsAsArray: true, nestTables: false, typeCast });
      expect(rows).toEqual([["SERIALIZABLE", "yes", "latin1_german2_ci", "+13:00"]]);
    });
  });

  describe("records of a pool with other settings", () => {
    it("are read unchanged", async () => {
      const [unusual, plain] = [mysqlStore(oddPool()), mysqlStore(pools[0] ?? expect.fail())];
      const data = { v: 1, text: "ä ß € 中 😀 \\ ' \" \u0000 " };
      for (const [writer, reader] of [
        [unusual, plain],
        [plain, unusual],
      ] as const) {
        const record = createRecord({ userKey: "ä ß € 中 😀 \\ ' \" \u0000 ", data });
        await writer.create(record, { now: NOW });
        expect(await reader.fetchById(record.id)).toEqual(record);
        expect(await reader.fetchByUserKey(record.userKey, { now: NOW, limit: 1 })).toEqual([record]);
      }
      await unusual.close();
      await plain.close();
    });

    it("are readable with plain SQL", async () => {
      const store = mysqlStore(pools[0] ?? expect.fail());
      const record = createRecord({ userKey: "readable", data: { v: 1, text: "ä" } });
      await store.create(record, { now: NOW });
      const [rows] = await (pools[0] ?? expect.fail()).query(
        `SELECT CONVERT(id USING utf8mb4) AS id, JSON_VALUE(CONVERT(data USING utf8mb4), '$.text') AS text
       FROM sessionup_sessions WHERE user_key = 'readable' AND id = '${record.id}'`,
      );
      expect(rows).toEqual([{ id: record.id, text: "ä" }]);
      await store.close();
    });
  });

  describe("mysqlStore", () => {
    it("accepts promise() of a pool with callbacks", async () => {
      const pool = createCallbackPool(server.url);
      const store = mysqlStore(pool.promise());
      const record = createRecord();
      await store.create(record, { now: NOW });
      expect(await store.fetchById(record.id)).toEqual(record);
      await store.close();
      await store.close();
      // close() must not close the app's pool.
      await pool.promise().query("SELECT 1");
      await pool.promise().end();
    });

    it("throws a TypeError for invalid arguments", () => {
      const pool = pools[0] ?? expect.fail();
      const callbacks = createCallbackPool(server.url);
      for (const wrong of [undefined, null, {}, server.url, callbacks]) {
        // @ts-expect-error: none of these is a promise-based pool
        expect(() => mysqlStore(wrong)).toThrow(
          /^pool must be the result of createPool\(\) of mysql2\/promise/,
        );
      }
      callbacks.end();
      // @ts-expect-error: the option is misspelt
      expect(() => mysqlStore(pool, { tabel: "x" })).toThrow(/tabel/);
      // @ts-expect-error: a duration is a string
      expect(() => mysqlStore(pool, { timeout: 5 })).toThrow(/^timeout must be /);
      // @ts-expect-error: prepare is a boolean
      expect(() => mysqlStore(pool, { prepare: "yes" })).toThrow(/^prepare must be /);
      // @ts-expect-error: onCleanupError is a function
      expect(() => mysqlStore(pool, { onCleanupError: true })).toThrow(/^onCleanupError must/);
    });
  });
});
