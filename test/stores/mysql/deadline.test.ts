import type { Pool, ResultSetHeader } from "mysql2/promise";
import { type MysqlStore, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOW, recordOf } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { poolOf, until, waiting } from "./fixture.ts";

describe.each(SERVERS)("on %s", (_name, start) => {
  let server: MysqlServer;
  /** One connection, which must not get lost. */
  let pool: Pool;
  let other: Pool;
  let store: MysqlStore;
  beforeAll(async () => {
    server = await start();
    [pool, other] = [poolOf(server.url, { connectionLimit: 1 }), poolOf(server.url)];
    store = mysqlStore(pool, { timeout: "1s" });
    await store.migrate();
  }, 300_000);
  afterAll(async () => {
    await store.close();
    await Promise.all([pool.end(), other.end()]);
    await server.stop();
  });

  const LATE = { code: "ERR_STORE", message: "The session store did not answer within 1000 ms." };

  describe("an operation whose time is over", () => {
    it("gives up the connection that has not answered, in a transaction too, and none of it happens", async () => {
      const records = [recordOf(), recordOf()];
      for (const record of records) await store.create(record, { now: NOW });
      const [a = "", b = ""] = records.map(({ id }) => id).toSorted();
      const connection = await other.getConnection();
      await connection.query("START TRANSACTION");
      await connection.query(`SELECT id FROM sessionup_sessions WHERE id = '${b}' FOR UPDATE`);
      await expect(store.deleteByUserKey("ann", { reason: "revoked", now: NOW })).rejects.toMatchObject(LATE);
      // The only connection there was.
      expect(await store.fetchById(a)).toBeDefined();
      await expect(store.update(b, { data: { v: 1, late: true } }, { now: NOW })).rejects.toMatchObject(LATE);
      expect(await store.fetchById(b)).toBeDefined();
      // The server finds out only when it gets the lock; before that they end here.
      const [rows] = await other.query("SHOW PROCESSLIST");
      for (const { Id, Info } of rows as Array<{ Id: number; Info: string | null }>)
        if (/^(DELETE|UPDATE)/.test(Info ?? "")) await other.query(`KILL ${Id}`);
      await until(async () => (await waiting(other)) === 0);
      await connection.query("ROLLBACK");
      connection.release();
      expect(await store.fetchByIds([a, b])).toMatchObject([{ revision: 0 }, { revision: 0 }]);
    });

    it("is not carried out when it gets a connection after all", async () => {
      const record = recordOf({ userKey: "queue" });
      const theirs = await pool.getConnection();
      await expect(store.create(record, { now: NOW })).rejects.toMatchObject(LATE);
      theirs.release();
      expect(await store.fetchById(record.id)).toBeUndefined();
      await store.create(record, { now: NOW });
    });
  });

  describe("a connection with a transaction of the app's", () => {
    const inside = {
      code: "ERR_STORE",
      message: expect.stringContaining("Give the store its own pool"),
    };

    it("is refused for every change, and nothing is acknowledged", async () => {
      for (const begin of ["START TRANSACTION", "SET autocommit = 0"]) {
        const record = recordOf({ userKey: begin });
        await store.create(record, { now: NOW });
        const limit = { max: 1, onExceed: "evict-oldest" } as const;
        const changes: Array<() => Promise<unknown>> = [
          () => store.update(record.id, { data: { v: 1 } }, { now: NOW }),
          () => store.create(recordOf({ userKey: begin }), { now: NOW }),
          () => store.create(recordOf({ userKey: begin }), { now: NOW, limit }),
          () => store.deleteById(record.id, { reason: "logout", now: NOW }),
        ];
        // Without autocommit these are transactions of their own all the same.
        if (begin === "START TRANSACTION")
          changes.push(
            () => store.deleteExpired(NOW, 9),
            () => store.deleteByUserKey(begin, { reason: "revoked", now: NOW }),
          );
        for (const change of changes) {
          await pool.query(begin);
          await expect(change()).rejects.toMatchObject(inside);
          // On another connection: that one would keep what it has locked, and see what it saw, for as long as it lives.
          expect(await store.fetchByUserKey(begin, { now: NOW, limit: 9 })).toEqual([record]);
          // Autocommit is on, and no transaction is open: both as bits of the protocol.
          const [{ serverStatus }] = await pool.query<ResultSetHeader>("DO 0");
          expect(serverStatus & 3).toBe(2);
        }
      }
    });
  });
});
