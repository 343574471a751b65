import type { Pool } from "mysql2/promise";
import { type MysqlPool, type MysqlStoreOptions, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createRecord, DAY, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool, recorded, until } from "./fixture.ts";

const BATCH = ["SET TRANSACTION", "START TRANSACTION", "SELECT", "DELETE", "COMMIT"];

describe.each(SERVERS)("mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  let pool: Pool;
  beforeAll(async () => {
    server = await start();
    pool = openPool(server.url);
  }, 300_000);
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    return () => vi.useRealTimers();
  });

  async function countRows(table: string): Promise<number> {
    const [rows] = await pool.query(`SELECT COUNT(*) AS count FROM ${table}`);
    return Number((rows as Array<{ count: unknown }>)[0]?.count);
  }

  /** Creates a table with `dead` expired sessions and a live one, and a store whose cleanup knows the time. */
  async function swept(
    table: string,
    dead: number,
    { client = pool, ...options }: MysqlStoreOptions & { client?: MysqlPool } = {},
  ) {
    const asked = recorded(client);
    const store = mysqlStore(asked, { table, ...options });
    await store.migrate();
    await pool.query(`INSERT INTO ${table} SELECT CONCAT('zz', a.slot, 'x', b.slot), 'x', 0, 0, 0, ${NOW}, ${NOW}, NULL, NULL, '{"v":1}', NULL
    FROM ${table}_slots AS a, ${table}_slots AS b WHERE b.slot < 3 LIMIT ${dead}`);
    await store.create(createRecord({ deadline: NOW + DAY }), { now: NOW + 60_000 });
    asked.taken();
    return { store, asked };
  }

  describe("the background cleanup", () => {
    it("removes expired sessions in batches a minute after their end", async () => {
      const { store, asked } = await swept("batches", 2_500);
      await store.create(createRecord({ expiresAt: NOW + 30_000, deadline: NOW + 30_000 }), { now: NOW });
      asked.taken();
      vi.advanceTimersByTime(60_000);
      await until(async () => (await countRows("batches")) <= 2);
      expect(await countRows("batches")).toBe(2);
      await until(async () => asked.taken().join().endsWith("DELETE,COMMIT"));
      await store.close();
    });

    it("skips its turn while another process cleans up", async () => {
      const { store, asked } = await swept("elected", 10);
      await pool.query(`UPDATE elected_schema SET swept_at = ${NOW - 20_000}`);
      vi.advanceTimersByTime(60_000);
      const statements: string[] = [];
      await until(async () => statements.push(...asked.taken()) > 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect([...statements, ...asked.taken()]).toEqual(["UPDATE"]);
      expect(await countRows("elected")).toBe(11);
      // A process whose clock was far ahead must not block the cleanup.
      for (const at of [NOW - 70_000, NOW + DAY]) {
        await pool.query(`UPDATE elected_schema SET swept_at = ${at}`);
        // A tick that falls into the previous run starts no new one.
        await until(async () => {
          vi.advanceTimersByTime(60_000);
          return asked.taken().includes("SELECT");
        });
      }
      await until(async () => (await countRows("elected")) === 1);
      await store.close();
    });

    it("ends its turn before another process can begin, which removes the rest", async () => {
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
      const asked = recorded(pool);
      // Each step takes half of a turn.
      const slow: MysqlPool = {
        async getConnection() {
          const connection = await asked.getConnection();
          const query: typeof connection.query = async (options) => {
            const answer = await connection.query(options);
            if (options.sql.startsWith("COMMIT")) vi.advanceTimersByTime(20_000);
            return answer;
          };
          return { ...connection, query };
        },
      };
      const { store } = await swept("turns", 2_500, { client: slow });
      vi.advanceTimersByTime(60_000);
      while ((await countRows("turns")) > 501) await new Promise((resolve) => setTimeout(resolve, 10));
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await countRows("turns")).toBe(501);
      asked.taken();
      const statements: string[] = [];
      vi.advanceTimersByTime(20_000);
      while ((await countRows("turns")) > 1) await new Promise((resolve) => setTimeout(resolve, 10));
      await until(async () => statements.push(...asked.taken()) > 0 && statements.includes("COMMIT"));
      expect(statements).toEqual(["UPDATE", ...BATCH]);
      await store.close();
    });

    it("runs in one of three stores at a time", async () => {
      const stores = [await swept("three", 0), await swept("three", 0), await swept("three", 10)];
      const statements = stores.map((): string[] => []);
      vi.advanceTimersByTime(60_000);
      await until(async () => {
        for (const [index, { asked }] of stores.entries()) statements[index]?.push(...asked.taken());
        return statements.flat().includes("COMMIT") && statements.every((each) => each.length > 0);
      });
      expect(statements.flat().toSorted()).toEqual([...BATCH, "UPDATE", "UPDATE", "UPDATE"].toSorted());
      for (const { store } of stores) await store.close();
    });

    it("reports a failure to onCleanupError and retries a minute later", async () => {
      const failures: unknown[] = [];
      const { store } = await swept("failing", 10, { onCleanupError: (error) => failures.push(error) });
      await pool.query("RENAME TABLE failing TO elsewhere");
      vi.advanceTimersByTime(60_000);
      await until(async () => failures.length === 1);
      expect(failures).toEqual([expect.objectContaining({ code: "ERR_STORE" })]);
      await pool.query("RENAME TABLE elsewhere TO failing");
      await pool.query("UPDATE failing_schema SET swept_at = 0");
      vi.advanceTimersByTime(60_000);
      await until(async () => (await countRows("failing")) === 1);
      await store.close();
    });

    it("runs at the interval of cleanupEvery and reports each removed session in one of two processes", async () => {
      const options = { cleanupEvery: "5m" } as const;
      const opened = [await swept("reported", 0, options), await swept("reported", 1_500, options)];
      await pool.query(
        `INSERT INTO reported SELECT CONCAT('yy', slot), 'x', 0, 0, 0, ${NOW}, ${NOW}, ${NOW}, 'logout', '{"v":1}', NULL
        FROM reported_slots LIMIT 10`,
      );
      const ids: string[] = [];
      for (const { store } of opened)
        store.onExpired((sessions) => ids.push(...sessions.map(({ id }) => id)));
      vi.advanceTimersByTime(299_999);
      expect(await countRows("reported")).toBe(1_512);
      vi.advanceTimersByTime(1);
      await until(async () => (await countRows("reported")) === 2 && ids.length >= 1_500);
      expect(ids.filter((id) => id.startsWith("zz"))).toHaveLength(1_500);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { store } of opened) await store.close();
    });

    it("never runs when cleanupEvery is false", async () => {
      const { store } = await swept("off", 10, { cleanupEvery: false });
      expect(vi.getTimerCount()).toBe(0);
      expect(await store.deleteExpired(NOW, 100)).toBe(10);
      await store.close();
    });

    it("stops when the store closes", async () => {
      const { store, asked } = await swept("closed", 10);
      expect(vi.getTimerCount()).toBe(1);
      await store.close();
      await store.close();
      expect(vi.getTimerCount()).toBe(0);
      // A login through the closed store must not restart the cleanup.
      await store.create(createRecord({ deadline: NOW + DAY }), { now: NOW + 60_000 });
      expect(vi.getTimerCount()).toBe(0);
      asked.taken();
      vi.advanceTimersByTime(600_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(asked.taken()).toEqual([]);
      expect(await countRows("closed")).toBe(12);
    });
  });
});
