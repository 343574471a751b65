import type { Pool } from "mysql2/promise";
import { type MysqlStore, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MysqlEnds } from "../../../src/stores/mysql/ends.ts";
import { toMysqlNames } from "../../../src/stores/mysql/schema.ts";
import type { Sql } from "../../../src/stores/mysql/sql.ts";
import { MysqlStatements } from "../../../src/stores/mysql/statements.ts";
import { encodeUserKey } from "../../../src/stores/shared/rows.ts";
import { createRecord, DAY, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { SERVERS } from "./_backends.ts";
import { openPool, type Recorder, recorded } from "./fixture.ts";

describe.each(SERVERS)("mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  let pool: Pool;
  let asked: Recorder;
  let store: MysqlStore;
  beforeAll(async () => {
    server = await start();
    pool = openPool(server.url);
    asked = recorded(pool);
    store = mysqlStore(asked);
    await store.migrate();
  }, 300_000);
  afterAll(async () => {
    await store.close();
    await pool.end();
    await server.stop();
  });

  const END = { reason: "revoked", now: NOW } as const;
  const KEEP = { keepFor: 5, max: 100 };
  const COMMITTED = "SET TRANSACTION";
  const BEGUN = [COMMITTED, "START TRANSACTION", "SELECT", "SELECT"];

  /** Returns the statements that an operation sends to the server. */
  async function sent(operation: () => Promise<unknown>): Promise<string[]> {
    asked.taken();
    await operation().catch(() => undefined);
    return asked.taken();
  }

  describe("the number of statements", () => {
    it("one statement serves a lookup, and one serves all lookups of an event-loop turn", async () => {
      const ids = Array.from({ length: 9 }, () => createRecord().id);
      const one = ["SELECT, prepared"];
      expect(await sent(() => store.fetchById("abcd"))).toEqual(one);
      expect(await sent(() => Promise.all(ids.map((id) => store.fetchById(id))))).toEqual(one);
      expect(await sent(() => store.fetchByIds(ids))).toEqual(one);
      expect(await sent(() => store.fetchByIds([]))).toEqual([]);
    });

    it("one statement serves fetchByUserKey and a create without a limit", async () => {
      expect(await sent(() => store.fetchByUserKey("bob", { now: NOW, limit: 9 }))).toEqual(["SELECT"]);
      expect(await sent(() => store.create(createRecord(), { now: NOW }))).toEqual(["INSERT"]);
    });

    it("one statement serves update and deleteById, plus one when no row matches", async () => {
      const record = createRecord();
      await store.create(record, { now: NOW });
      const data = { v: 1 };
      const update = (ifRevision: number) => store.update(record.id, { data }, { now: NOW, ifRevision });
      expect(await sent(() => update(0))).toEqual(["UPDATE, prepared"]);
      expect(await sent(() => update(0))).toEqual(["UPDATE, prepared", "SELECT"]);
      expect(await sent(() => store.update("abcd", { data }, { now: NOW }))).toEqual(["UPDATE, prepared"]);
      expect(await sent(() => store.deleteById(record.id, END, "bob"))).toEqual([
        "DELETE, prepared",
        "SELECT",
      ]);
      expect(await sent(() => store.deleteById(record.id, END, "ann"))).toEqual(["DELETE, prepared"]);
      expect(await sent(() => store.deleteById(record.id, END))).toEqual(["DELETE, prepared"]);
    });

    it("two statements serve deleteById with a tombstone, plus one when the user has too many tombstones", async () => {
      const records = [1, 2, 3].map(() => createRecord({ userKey: "buried" }));
      for (const record of records) await store.create(record, { now: NOW });
      const [first, second, third] = records.map(
        ({ id }) =>
          () =>
            store.deleteById(id, { ...END, tombstones: { keepFor: 5, max: 2 } }),
      );
      if (!first || !second || !third) throw new Error("The test needs three sessions.");
      expect(await sent(first)).toEqual(["UPDATE, prepared", "SELECT"]);
      expect(await sent(second)).toEqual(["UPDATE, prepared", "SELECT"]);
      expect(await sent(third)).toEqual(["UPDATE, prepared", "SELECT", "DELETE"]);
      expect(await sent(third)).toEqual(["UPDATE, prepared"]);
    });

    it("two statements serve a create below its limit, plus a transaction when the limit is reached", async () => {
      const login = (max: number, onExceed: "reject" | "evict-oldest") =>
        sent(() => store.create(createRecord({ userKey: "within" }), { now: NOW, limit: { max, onExceed } }));
      expect(await login(2, "reject")).toEqual([COMMITTED, "INSERT"]);
      expect(await login(2, "reject")).toEqual([COMMITTED, "INSERT"]);
      expect(await login(2, "reject")).toEqual([COMMITTED, "INSERT", ...BEGUN, "ROLLBACK"]);
      expect(await login(2, "evict-oldest")).toEqual([
        ...[COMMITTED, "INSERT"],
        ...[...BEGUN, "DELETE", "INSERT", "COMMIT"],
      ]);
    });

    it("one transaction serves a create that replaces a session", async () => {
      const record = createRecord({ userKey: "again" });
      await store.create(record, { now: NOW });
      const replaces = record.id;
      const login = () => store.create(createRecord({ userKey: "again" }), { now: NOW, replaces });
      expect(await sent(login)).toEqual([...BEGUN, "DELETE", "INSERT", "COMMIT"]);
      expect(await sent(login)).toEqual([...BEGUN, "INSERT", "COMMIT"]);
      const tombstones = { keepFor: 5, max: 1 };
      const again = async () => {
        const [last] = await store.fetchByUserKey("again", { now: NOW, limit: 1 });
        const options = { now: NOW, replaces: last?.id ?? "", tombstones };
        return sent(() => store.create(createRecord({ userKey: "again" }), options));
      };
      expect(await again()).toEqual([...BEGUN, "UPDATE", "SELECT", "INSERT", "COMMIT"]);
      expect(await again()).toEqual([...BEGUN, "UPDATE", "SELECT", "DELETE", "INSERT", "COMMIT"]);
    });

    it("one transaction serves deleteByUserKey of a thousand sessions", async () => {
      expect(await sent(() => store.deleteByUserKey("unknown", END))).toEqual([...BEGUN, "COMMIT"]);
      await fill("thousand", 1_000);
      const ends = (max: number) =>
        sent(() => store.deleteByUserKey("thousand", { ...END, tombstones: { keepFor: 5, max } }));
      expect(await ends(1_000)).toEqual([...BEGUN, "UPDATE", "UPDATE", "SELECT", "COMMIT"]);
      await fill("thousand", 1_000, "again ");
      expect(await ends(700)).toEqual([
        ...BEGUN,
        ...["UPDATE", "UPDATE", "SELECT"],
        ...["DELETE", "DELETE", "DELETE", "COMMIT"],
      ]);
    });

    it("one transaction serves a batch of deleteExpired, without a DELETE when nothing has expired", async () => {
      const batch = [COMMITTED, "START TRANSACTION", "SELECT"];
      expect(await sent(() => store.deleteExpired(NOW, 9))).toEqual([...batch, "COMMIT"]);
      await store.create(createRecord({ expiresAt: NOW + 1, deadline: NOW + 1 }), { now: NOW });
      expect(await sent(() => store.deleteExpired(NOW + 1, 9))).toEqual([...batch, "DELETE", "COMMIT"]);
    });

    it("one more transaction serves a batch of deleteExpired with a listener, unless nothing has expired", async () => {
      const batch = [COMMITTED, "START TRANSACTION", "SELECT"];
      const stop = store.onExpired(() => undefined);
      const idle = [...batch, "SELECT", "COMMIT"];
      expect(await sent(() => store.deleteExpired(NOW, 9))).toEqual(idle);
      await store.create(createRecord({ expiresAt: NOW + 1, deadline: NOW + 1 }), { now: NOW });
      expect(await sent(() => store.deleteExpired(NOW + 1, 9))).toEqual([
        ...[...batch, "DELETE", "SELECT", "INSERT", "COMMIT"],
        ...[COMMITTED, "START TRANSACTION", "DELETE", "COMMIT"],
      ]);
      stop();
    });

    it("two statements serve a step of scan and inspect, and one serves count", async () => {
      expect(await sent(async () => store.scan?.({ now: NOW, limit: 9 }))).toEqual(["SELECT", "SELECT"]);
      expect(await sent(async () => store.inspect?.())).toEqual(["SHOW", "SELECT"]);
      expect(await sent(async () => store.count?.(NOW))).toEqual(["SELECT"]);
    });

    it("one transaction serves deleteTombstones", async () => {
      const removal = [COMMITTED, "START TRANSACTION", "DELETE", "SELECT", "COMMIT"];
      expect(await sent(async () => store.deleteTombstones?.("ann"))).toEqual(removal);
    });

    it("fetchByIds prepares few different statements for any number of ids", async () => {
      const one = openPool(server.url, { connectionLimit: 1 });
      const other = mysqlStore(one);
      for (let count = 1; count <= 600; count += Math.ceil(count / 9))
        await other.fetchByIds(Array.from({ length: count }, (_, index) => `id${index}`));
      const [rows] = await one.query("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'");
      expect(rows).toEqual([expect.objectContaining({ Value: "10" })]);
      await other.close();
      await one.end();
    });

    it("no statement is prepared when prepare is false", async () => {
      const recorder = recorded(pool);
      const plain = mysqlStore(recorder, { prepare: false });
      const record = createRecord();
      await plain.create(record, { now: NOW });
      await plain.fetchById(record.id);
      await plain.update(record.id, { data: { v: 1 } }, { now: NOW });
      await plain.deleteById(record.id, END);
      expect(recorder.taken()).toEqual(["INSERT", "SELECT", "UPDATE", "DELETE"]);
      await plain.close();
    });
  });

  describe("more than a thousand sessions of one user", () => {
    it("are each returned once by a create with a lower limit and by deleteByUserKey", async () => {
      await fill("many", 2_500);
      const record = createRecord({ userKey: "many", createdAt: NOW });
      const limit = { max: 1_200, onExceed: "evict-oldest" } as const;
      const { evicted } = await store.create(record, { now: NOW, limit });
      expect(new Set(evicted).size).toBe(1_301);
      const kept = await store.fetchByUserKey("many", { now: NOW, limit: 9_999 });
      expect(kept).toHaveLength(1_200);
      const ended = await store.deleteByUserKey("many", END, [kept[3]?.id ?? "", record.id]);
      expect(new Set(ended).size).toBe(1_198);
      const left = await store.fetchByUserKey("many", { now: NOW, limit: 9_999 });
      expect(left.map(({ id }) => id)).toEqual([kept[3]?.id, record.id]);
    });
  });

  describe("query plans, with 10 000 sessions", () => {
    const statements = new MysqlStatements(toMysqlNames("sessionup_sessions"));
    const ends = new MysqlEnds(toMysqlNames("sessionup_sessions"));
    const page = { createdAt: NOW + 5_000, id: "ab1" };
    const limit = { max: 5, onExceed: "evict-idlest" } as const;
    // Below the limit, because MySQL omits the lock from the plan when EXPLAIN finds the limit reached.
    const roomy = { ...limit, max: 2_000 };
    const record = createRecord({ userKey: "user7" });
    const change = { activity: { lastSeenAt: NOW, expiresAt: NOW }, data: { v: 1 } };

    beforeAll(async () => {
      for (let user = 0; user < 10; user++) await fill(`user${user}`, 1_000);
      await pool.query("ANALYZE TABLE sessionup_sessions");
    });

    it.each<[string, Sql, string[], number]>([
      ["byIds with one id", statements.byIds(["user7 5"]), ["PRIMARY"], 1],
      ["byIds with three ids", statements.byIds(["user7 5", "user7 6", "user8 7"]), ["PRIMARY"], 3],
      ["page", statements.page("user7", NOW, 10, undefined), ["by_user"], 1_100],
      ["page behind a cursor", statements.page("user7", NOW, 10, page), ["by_user"], 1_100],
      ["byLink", statements.byLink("none", 10), ["by_link"], 1],
      ["idsCreatedBefore", statements.idsCreatedBefore(NOW, "user7 5", "user7 50"), ["PRIMARY"], 500],
      ["update", statements.update("user7 5", change, { now: NOW, ifRevision: 0 }), ["PRIMARY"], 1],
      ["end", statements.end("user7 5", END, "user7"), ["PRIMARY"], 1],
      [
        "end with a tombstone",
        statements.end("user7 5", { ...END, tombstones: KEEP }, undefined),
        ["PRIMARY"],
        1,
      ],
      ["sessionIds", statements.sessionIds("user7", 1_000, page), ["by_user"], 1_100],
      [
        "endAll",
        statements.endAll(
          Array.from({ length: 500 }, (_, id) => `user7 ${id}`),
          END,
        ),
        ["PRIMARY"],
        500,
      ],
      [
        "tombstonesBeyond of one user",
        statements.tombstonesBeyond([encodeUserKey("user7")], 2),
        ["by_user"],
        1_100,
      ],
      [
        "tombstonesBeyond of a session's user",
        statements.tombstonesBeyond([statements.userKeyById("user7 5")], 2),
        ["PRIMARY", "by_user"],
        1_100,
      ],
      [
        "tombstonesBeyond of many users",
        statements.tombstonesBeyond(
          Array.from({ length: 500 }, (_, id) => encodeUserKey(`user${id}`)),
          2,
        ),
        ["by_user"],
        1_100,
      ],
      ["lock", statements.lock("user7"), ["PRIMARY"], 1],
      ["insertShared", statements.insertShared(record), ["PRIMARY"], 1],
      ["insertWithin", statements.insertWithin(record, NOW, roomy), ["PRIMARY", "by_user"], 1_100],
      ["conflicts", statements.conflicts(record, NOW, limit, "user7 5", 9), ["PRIMARY", "by_user"], 1_100],
      ["deleteTombstones", statements.deleteTombstones("user7"), ["by_user"], 1_100],
      ["unclaimed ends", ends.unclaimed(NOW, 9), ["by_claim"], 1],
      ["reported ends", ends.forget(["user7 5"], NOW), ["PRIMARY"], 1],
      ["deleteEvents", statements.deleteEvents(5), ["PRIMARY"], 1],
      ["expired records", ends.expired(NOW, 1_000), ["by_deadline"], 1_000],
    ])("search by an index: %s", async (_what, { literal }, keys, most) => {
      const [plan] = await pool.query(`EXPLAIN FORMAT=TRADITIONAL ${literal}`);
      const steps = (plan as Array<Record<string, unknown>>).filter(
        ({ table }) => table && !/^<|^$/.test(String(table)),
      );
      const used = steps.map(({ key }) => key).filter((key) => key);
      expect([...new Set(used)].sort()).toEqual([...keys].sort());
      for (const { type, rows, table } of steps) {
        // The target table of an INSERT is a step without a plan.
        if (type === "ALL") expect([table, rows]).toEqual([expect.anything(), null]);
        expect(Number(rows ?? 0)).toBeLessThanOrEqual(most);
      }
    });

    it("list a user's sessions newest first without a sort", async () => {
      const [plan] = await pool.query(
        `EXPLAIN FORMAT=TRADITIONAL ${statements.page("user7", NOW, 10, page).literal}`,
      );
      expect(JSON.stringify(plan)).not.toContain("filesort");
    });
  });

  describe("a user with 2 000 tombstones", () => {
    it("logs in, is listed and is revoked without reads of the tombstones", async () => {
      await fill("weary", 2_000);
      await store.deleteByUserKey("weary", { ...END, tombstones: { keepFor: DAY, max: 9_999 } });
      await pool.query("ANALYZE TABLE sessionup_sessions");
      const one = openPool(server.url, { connectionLimit: 1 });
      const other = mysqlStore(one);
      const read = async () => {
        const [rows] = await one.query("SHOW SESSION STATUS LIKE 'Handler_read%'");
        return (rows as Array<{ Value: unknown }>).reduce((sum, { Value }) => sum + Number(Value), 0);
      };
      const before = await read();
      await other.create(createRecord({ userKey: "weary" }), { now: NOW });
      for (const onExceed of ["evict-oldest", "evict-idlest"] as const) {
        const limit = { max: 2, onExceed };
        await other.create(createRecord({ userKey: "weary" }), { now: NOW, limit });
      }
      expect(await other.fetchByUserKey("weary", { now: NOW, limit: 9 })).toHaveLength(2);
      expect(await other.deleteByUserKey("weary", END)).toHaveLength(2);
      // SHOW itself reads the variables, which counts too.
      expect((await read()) - before).toBeLessThan(200);
      await other.close();
      await one.end();
    });
  });

  /** Inserts `count` sessions of a user, one second apart. An id consists of the key, `more` and a number. */
  async function fill(user: string, count: number, more = ""): Promise<void> {
    await pool.query(
      `INSERT INTO sessionup_sessions
    SELECT CONCAT('${user} ${more}', number), '${user}', 0, ${NOW} + 1000 * number, ${NOW}, ${NOW + DAY}, ${NOW + DAY} + number, NULL, NULL, '{"v":1}', NULL
    FROM (SELECT a.slot + 1000 * b.slot AS number FROM sessionup_sessions_slots AS a, sessionup_sessions_slots AS b WHERE b.slot < 10) AS numbers
    WHERE number < ${count}`,
    );
  }
});
