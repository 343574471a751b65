import type { Pool } from "mysql2/promise";
import { SessionError, type SessionRecord } from "sessionup";
import { type MysqlStore, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOW, recordOf } from "../support/record.ts";
import type { MysqlServer } from "../support/servers/mysql.ts";
import { SERVERS } from "./_mysql-backends.ts";
import { poolOf, type Recorder, recorded, until, waiting, whileOthersWait } from "./_mysql-fixture.ts";

describe.each(SERVERS)("on %s", (_name, start) => {
  let server: MysqlServer;
  /** The store's own, and that of whoever came first. */
  let pool: Pool;
  let first: Pool;
  let asked: Recorder;
  let store: MysqlStore;
  beforeAll(async () => {
    server = await start();
    [pool, first] = [poolOf(server.url), poolOf(server.url)];
    asked = recorded(pool);
    store = mysqlStore(asked);
    await store.migrate();
  }, 300_000);
  afterAll(async () => {
    await store.close();
    await Promise.all([pool.end(), first.end()]);
    await server.stop();
  });

  /** The operation's answer, where it came second: another's transaction had the session in hand. */
  async function second<Answer>(theirs: readonly string[], operation: () => Promise<Answer>) {
    let answer: Promise<Answer> | undefined;
    await whileOthersWait(
      first,
      1,
      async (ask) => {
        for (const sql of theirs) await ask(sql);
      },
      () => {
        answer = operation();
      },
    );
    return answer;
  }

  const TABLE = "sessionup_sessions";
  const gone = (id: string) => [`DELETE FROM ${TABLE} WHERE id = '${id}'`];
  const changed = (id: string) => [
    `UPDATE ${TABLE} SET data = '{"v":1,"theirs":true}', revision = revision + 1 WHERE id = '${id}'`,
  ];
  const seen = (id: string) => [
    `UPDATE ${TABLE} SET last_seen_at = last_seen_at + 50, expires_at = expires_at + 50 WHERE id = '${id}'`,
  ];
  const ended = (id: string) => [
    `UPDATE ${TABLE} SET ended_at = 1, ended_reason = 'logout', revision = revision + 1 WHERE id = '${id}'`,
  ];
  const idle = (id: string) => [`UPDATE ${TABLE} SET expires_at = ${NOW} WHERE id = '${id}'`];
  const locked = (userKey: string) =>
    `SELECT slot FROM ${TABLE}_slots WHERE slot = CRC32('${userKey}') % 1000 FOR UPDATE`;

  const login = ({ id, userKey }: SessionRecord) =>
    `INSERT INTO ${TABLE} VALUES
    ('${id}', '${userKey}', 0, ${NOW}, ${NOW}, ${NOW + 1_000}, ${NOW + 1_000}, NULL, NULL, '{"v":1}')`;

  async function stored(userKey: string, of: MysqlStore = store) {
    const record = recordOf({ userKey });
    await of.create(record, { now: NOW });
    return record;
  }

  describe("update, of a session that another has in hand", () => {
    const change = { activity: { lastSeenAt: NOW + 20, expiresAt: NOW + 1_000 }, data: { v: 1, ours: true } };

    it.each([
      ["deletes", gone],
      ["ends with a tombstone", ended],
      ["lets end by idleness", idle],
    ])("finds nothing where the other %s it", async (_what, theirs) => {
      const { id } = await stored("update");
      const update = () => store.update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(theirs(id), update)).toBe("not_found");
      expect((await store.fetchById(id))?.data).not.toEqual(change.data);
    });

    it("conflicts where the other raises its revision", async () => {
      const { id } = await stored("update");
      const update = () => store.update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(changed(id), update)).toBe("conflict");
      expect(await store.fetchById(id)).toMatchObject({ revision: 1, data: { v: 1, theirs: true } });
    });

    it("goes on from what the other left", async () => {
      const { id } = await stored("update");
      expect(await second(changed(id), () => store.update(id, change, { now: NOW }))).toBe("updated");
      expect(await store.fetchById(id)).toMatchObject({ revision: 2, data: change.data });
    });

    it("moves no time backwards where the other has seen it later", async () => {
      const { id, lastSeenAt, expiresAt } = await stored("update");
      const update = () => store.update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(seen(id), update)).toBe("updated");
      const later = { lastSeenAt: lastSeenAt + 50, expiresAt: expiresAt + 50 };
      expect(await store.fetchById(id)).toMatchObject({ ...later, revision: 1, data: change.data });
    });
  });

  describe("deleteById, of a session that another has in hand", () => {
    it("ends what the other has changed", async () => {
      for (const theirs of [changed, seen]) {
        const { id } = await stored("delete");
        const remove = () => store.deleteById(id, { reason: "logout", now: NOW }, "delete");
        expect(await second(theirs(id), remove)).toBe("deleted");
        expect(await store.fetchById(id)).toBeUndefined();
      }
    });

    it("finds nothing where the other has ended it", async () => {
      for (const theirs of [gone, ended, idle]) {
        const { id } = await stored("delete");
        const remove = () => store.deleteById(id, { reason: "logout", now: NOW }, "somebody else");
        expect(await second(theirs(id), remove)).toBe("not_found");
      }
    });
  });

  describe("deleteByUserKey, of sessions one of which another has in hand", () => {
    it("ends it too, whatever the other has changed", async () => {
      for (const theirs of [changed, seen]) {
        const ids = [(await stored("all")).id, (await stored("all")).id, (await stored("all")).id];
        const removeAll = () => store.deleteByUserKey("all", { reason: "revoked", now: NOW });
        expect((await second(theirs(ids[1] ?? ""), removeAll))?.toSorted()).toEqual(ids);
        expect(await store.fetchByIds(ids)).toEqual([undefined, undefined, undefined]);
      }
    });

    it("does not name what the other has ended", async () => {
      for (const theirs of [gone, ended, idle]) {
        const ids = [(await stored("named")).id, (await stored("named")).id];
        const removeAll = () => store.deleteByUserKey("named", { reason: "revoked", now: NOW });
        expect(await second(theirs(ids[0] ?? ""), removeAll)).toEqual([ids[1]]);
      }
    });
  });

  describe("deleteByUserKey, beside a login of that user", () => {
    it("ends what the login has begun, where the login was first", async () => {
      const theirs = recordOf({ userKey: "newest" });
      const removeAll = () => store.deleteByUserKey("newest", { reason: "revoked", now: NOW });
      expect(await second([locked("newest"), login(theirs)], removeAll)).toEqual([theirs.id]);
    });
  });

  describe("a login, beside another of that user", () => {
    it.each(["refuse", "evict-oldest", "evict-idlest"] as const)(
      "counts the other within a limit: %s",
      async (onExceed) => {
        const limit = { max: 1, onExceed };
        const theirs = recordOf({ userKey: onExceed });
        const create = () =>
          store.create(recordOf({ userKey: onExceed }), { now: NOW, limit }).catch((error: unknown) => error);
        const answer = await second([locked(onExceed), login(theirs)], create);
        if (onExceed === "refuse") expect(SessionError.is(answer) && answer.code).toBe("ERR_LIMIT");
        else expect(answer).toEqual({ evicted: [theirs.id] });
        expect(await store.fetchByUserKey(onExceed, { now: NOW, limit: 9 })).toHaveLength(1);
      },
    );

    it("counts the other where it comes in place of a session that is gone", async () => {
      const userKey = "in place";
      const theirs = recordOf({ userKey });
      const options = { now: NOW, limit: { max: 1, onExceed: "evict-oldest" }, replaces: "gone" } as const;
      const create = () => store.create(recordOf({ userKey }), options);
      expect(await second([locked(userKey), login(theirs)], create)).toEqual({ evicted: [theirs.id] });
    });

    it("evicts nobody whom the other has ended meanwhile", async () => {
      const [a, b] = [await stored("evict"), await stored("evict")];
      const limit = { max: 1, onExceed: "evict-oldest" } as const;
      const create = () => store.create(recordOf({ userKey: "evict" }), { now: NOW, limit });
      expect(await second(gone(a.id), create)).toEqual({ evicted: [b.id] });
    });

    it("waits for no session of that user which somebody has in hand", async () => {
      const { id } = await stored("in hand");
      const connection = await first.getConnection();
      await connection.query("START TRANSACTION");
      await connection.query(seen(id)[0] ?? "");
      const limit = { max: 2, onExceed: "evict-oldest" } as const;
      const waits = poolOf(server.url);
      const impatient = mysqlStore(waits, { timeout: "2s" });
      const record = recordOf({ userKey: "in hand" });
      expect(await impatient.create(record, { now: NOW, limit })).toEqual({ evicted: [] });
      await connection.query("ROLLBACK");
      connection.release();
      await impatient.close();
      await waits.end();
    });

    it.each(["READ COMMITTED", "REPEATABLE READ"])(
      "waits for a delete-all, without a limit too: which sessions that ends was settled before (%s)",
      async (isolation) => {
        await first.query(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${isolation}`);
        const other = poolOf(server.url);
        const beside = mysqlStore(other);
        const create = () => beside.create(recordOf({ userKey: "beside" }), { now: NOW });
        expect(await second([locked("beside")], create)).toEqual({ evicted: [] });
        await beside.close();
        await other.end();
      },
    );
  });

  describe("an operation that others get in the way of", () => {
    it("is tried again after a deadlock", async () => {
      const ids = [(await stored("dead")).id, (await stored("dead")).id].toSorted();
      const lock = (id = "") => `SELECT id FROM ${TABLE} WHERE id = '${id}' FOR UPDATE`;
      // The server ends the transaction that has changed less.
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

    it("is tried again after a wait that the server gave up", async () => {
      await first.query("SET GLOBAL innodb_lock_wait_timeout = 1");
      const impatient = poolOf(server.url);
      const recorder = recorded(impatient);
      const other = mysqlStore(recorder);
      const { id } = await stored("wait");
      const connection = await first.getConnection();
      await connection.query("START TRANSACTION");
      await connection.query(changed(id)[0] ?? "");
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

  describe("many that lock the same sessions", () => {
    it("each end what they say, 300 times", async () => {
      const end = { reason: "revoked", now: NOW } as const;
      const limit = { max: 2, onExceed: "evict-idlest" } as const;
      for (let round = 0; round < 300; round++) {
        const userKey = `round-${round}`;
        const records = Array.from({ length: 4 }, () => recordOf({ userKey }));
        await Promise.all(records.map((record) => store.create(record, { now: NOW })));
        const [a = "", b = "", c = "", d = ""] = records.map(({ id }) => id);
        const activity = { lastSeenAt: NOW + round, expiresAt: NOW + 10_000 };
        const [all, others, evicting, more] = await Promise.all([
          store.deleteByUserKey(userKey, { ...end, tombstone: 5 }),
          store.deleteByUserKey(userKey, end, [a]),
          store.create(recordOf({ userKey }), { now: NOW, limit, replaces: d }),
          store.create(recordOf({ userKey }), { now: NOW, limit, replaces: a }),
          ...[d, c, b, a].map((id) => store.update(id, { activity }, { now: NOW })),
          store.deleteExpired(NOW + 10, 100),
        ]);
        const named = [...all, ...others, ...evicting.evicted, ...more.evicted];
        expect(new Set(named).size).toBe(named.length);
      }
    }, 120_000);
  });
});
