import type { Pool } from "mysql2/promise";
import type { SessionRecord } from "sessionup";
import { type MysqlStore, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockTests, seen } from "../../contract/locks.ts";
import { createRecord, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool, type Recorder, recorded, second, until, waiting } from "./fixture.ts";

describe.each(SERVERS)("mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  /** The store's pool, and the pool of the competing transaction. */
  let pool: Pool;
  let first: Pool;
  let asked: Recorder;
  let store: MysqlStore;
  beforeAll(async () => {
    server = await start();
    [pool, first] = [openPool(server.url), openPool(server.url)];
    asked = recorded(pool);
    store = mysqlStore(asked);
    await store.migrate();
  }, 300_000);
  afterAll(async () => {
    await store.close();
    await Promise.all([pool.end(), first.end()]);
    await server.stop();
  });

  const TABLE = "sessionup_sessions";
  const locked = (userKey: string) =>
    `SELECT slot FROM ${TABLE}_slots WHERE slot = CRC32('${userKey}') % 1000 FOR UPDATE`;
  const login = ({ id, userKey, createdAt, expiresAt }: SessionRecord) => [
    locked(userKey),
    `INSERT INTO ${TABLE} VALUES
    ('${id}', '${userKey}', 0, ${createdAt}, ${NOW}, ${expiresAt}, ${expiresAt}, NULL, NULL, '{"v":1}', NULL)`,
  ];

  lockTests({ store: () => store, second: (theirs, operation) => second(first, theirs, operation), login });

  async function stored(userKey: string) {
    const record = createRecord({ userKey });
    await store.create(record, { now: NOW });
    return record;
  }

  describe("deleteByUserKey concurrent with a login of the user", () => {
    it("ends the session of a login that got the lock first", async () => {
      const theirs = createRecord({ userKey: "newest" });
      const removeAll = () => store.deleteByUserKey("newest", { reason: "revoked", now: NOW });
      expect(await second(first, login(theirs), removeAll)).toEqual([theirs.id]);
    });
  });

  describe("a login concurrent with another login of the user", () => {
    it("counts the other session when it replaces a session that no longer exists", async () => {
      const userKey = "in place";
      const theirs = createRecord({ userKey });
      const options = { now: NOW, limit: { max: 1, onExceed: "evict-oldest" }, replaces: "gone" } as const;
      const create = () => store.create(createRecord({ userKey }), options);
      expect(await second(first, login(theirs), create)).toMatchObject({ evicted: [theirs.id] });
    });

    it("does not wait for a session that another transaction has locked", async () => {
      const { id } = await stored("in hand");
      const connection = await first.getConnection();
      await connection.query("START TRANSACTION");
      await connection.query(seen(id)[0] ?? "");
      const limit = { max: 2, onExceed: "evict-oldest" } as const;
      const waits = openPool(server.url);
      const impatient = mysqlStore(waits, { timeout: "2s" });
      const record = createRecord({ userKey: "in hand" });
      expect(await impatient.create(record, { now: NOW, limit })).toMatchObject({ evicted: [] });
      await connection.query("ROLLBACK");
      connection.release();
      await impatient.close();
      await waits.end();
    });

    it.each(["READ COMMITTED", "REPEATABLE READ"])(
      "without a limit waits for a running deleteByUserKey, which has already selected its sessions (%s)",
      async (isolation) => {
        await first.query(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${isolation}`);
        const other = openPool(server.url);
        const beside = mysqlStore(other);
        const create = () => beside.create(createRecord({ userKey: "beside" }), { now: NOW });
        expect(await second(first, [locked("beside")], create)).toMatchObject({ evicted: [] });
        await beside.close();
        await other.end();
      },
    );
  });

  describe("an operation that meets a lock error", () => {
    it("is retried after a deadlock", async () => {
      const ids = [(await stored("dead")).id, (await stored("dead")).id].toSorted();
      const lock = (id = "") => `SELECT id FROM ${TABLE} WHERE id = '${id}' FOR UPDATE`;
      // The server rolls back the transaction that changed fewer rows.
      const heavier = "UPDATE weights SET weight = weight + 1";
      await first.query(
        "CREATE TABLE weights (weight INT) AS SELECT slot AS weight FROM sessionup_sessions_slots",
      );
      const before = asked.errnos.length;
      const connection = await first.getConnection();
      await connection.query("START TRANSACTION");
      await connection.query(heavier);
      await connection.query(lock(ids[1]));
      const answer = store.deleteByUserKey("dead", { reason: "revoked", now: NOW });
      await until(async () => (await waiting(first)) === 1);
      await connection.query(lock(ids[0]));
      await connection.query("COMMIT");
      connection.release();
      expect((await answer).toSorted()).toEqual(ids);
      expect(asked.errnos.slice(before)).toEqual([1213]);
    });

    it("is retried after a lock wait timeout", async () => {
      await first.query("SET GLOBAL innodb_lock_wait_timeout = 1");
      const impatient = openPool(server.url);
      const recorder = recorded(impatient);
      const other = mysqlStore(recorder);
      const { id } = await stored("wait");
      const connection = await first.getConnection();
      await connection.query("START TRANSACTION");
      await connection.query(seen(id)[0] ?? "");
      const removed = other.deleteByUserKey("wait", { reason: "revoked", now: NOW });
      await until(async () => recorder.errnos.length > 0);
      await connection.query("COMMIT");
      connection.release();
      expect(await removed).toEqual([id]);
      expect(recorder.errnos[0]).toBe(1205);
      await first.query("SET GLOBAL innodb_lock_wait_timeout = 50");
      await other.close();
      await impatient.end();
    });
  });
});
