import type { Pool, ResultSetHeader } from "mysql2/promise";
import { type MysqlStore, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool, until, waiting } from "./fixture.ts";

describe.each(SERVERS)("mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  /** A pool with a single connection, so that a leaked connection fails the next operation. */
  let pool: Pool;
  let other: Pool;
  let store: MysqlStore;
  beforeAll(async () => {
    server = await start();
    [pool, other] = [openPool(server.url, { connectionLimit: 1 }), openPool(server.url)];
    store = mysqlStore(pool, { timeout: "1s" });
    await store.migrate();
  }, 300_000);
  afterAll(async () => {
    await store.close();
    await Promise.all([pool.end(), other.end()]);
    await server.stop();
  });

  const LATE = { code: "ERR_STORE", message: "The session store did not answer within 1000 ms." };

  describe("an operation that times out", () => {
    it("destroys its unresponsive connection, and none of its changes are carried out", async () => {
      const records = [createRecord(), createRecord()];
      for (const record of records) await store.create(record, { now: NOW });
      const [a = "", b = ""] = records.map(({ id }) => id).toSorted();
      const connection = await other.getConnection();
      await connection.query("START TRANSACTION");
      await connection.query(`SELECT id FROM sessionup_sessions WHERE id = '${b}' FOR UPDATE`);
      await expect(store.deleteByUserKey("ann", { reason: "revoked", now: NOW })).rejects.toMatchObject(LATE);
      // The pool has replaced its only connection.
      expect(await store.fetchById(a)).toBeDefined();
      await expect(store.update(b, { data: { v: 1, late: true } }, { now: NOW })).rejects.toMatchObject(LATE);
      expect(await store.fetchById(b)).toBeDefined();
      // The server notices the lost connections only when the statements get the lock, so they are killed here.
      const [rows] = await other.query("SHOW PROCESSLIST");
      for (const { Id, Info } of rows as Array<{ Id: number; Info: string | null }>)
        if (/^(DELETE|UPDATE)/.test(Info ?? "")) await other.query(`KILL ${Id}`);
      await until(async () => (await waiting(other)) === 0);
      await connection.query("ROLLBACK");
      connection.release();
      expect(await store.fetchByIds([a, b])).toMatchObject([{ revision: 0 }, { revision: 0 }]);
    });

    it("is not carried out when the pool provides a connection too late", async () => {
      const record = createRecord({ userKey: "queue" });
      const theirs = await pool.getConnection();
      await expect(store.create(record, { now: NOW })).rejects.toMatchObject(LATE);
      theirs.release();
      expect(await store.fetchById(record.id)).toBeUndefined();
      await store.create(record, { now: NOW });
    });
  });

  describe("a connection with an open transaction of the app", () => {
    const inside = {
      code: "ERR_STORE",
      message: expect.stringContaining("Give the store its own pool"),
    };

    it("is rejected for every change, and no change is acknowledged", async () => {
      for (const begin of ["START TRANSACTION", "SET autocommit = 0"]) {
        const record = createRecord({ userKey: begin });
        await store.create(record, { now: NOW });
        const limit = { max: 1, onExceed: "evict-oldest" } as const;
        const changes: Array<() => Promise<unknown>> = [
          () => store.update(record.id, { data: { v: 1 } }, { now: NOW }),
          () => store.create(createRecord({ userKey: begin }), { now: NOW }),
          () => store.create(createRecord({ userKey: begin }), { now: NOW, limit }),
          () => store.deleteById(record.id, { reason: "logout", now: NOW }),
        ];
        // Without autocommit, these operations still run in their own transactions.
        if (begin === "START TRANSACTION")
          changes.push(
            () => store.deleteExpired(NOW, 9),
            () => store.deleteByUserKey(begin, { reason: "revoked", now: NOW }),
          );
        for (const change of changes) {
          await pool.query(begin);
          await expect(change()).rejects.toMatchObject(inside);
          // The store must use another connection: the rejected one would keep its locks and its snapshot.
          expect(await store.fetchByUserKey(begin, { now: NOW, limit: 9 })).toEqual([record]);
          // These protocol bits say that autocommit is on and that no transaction is open.
          const [{ serverStatus }] = await pool.query<ResultSetHeader>("DO 0");
          expect(serverStatus & 3).toBe(2);
        }
      }
    });
  });
});
