import type { Pool } from "mysql2/promise";
import { type MysqlPool, type MysqlStoreOptions, mysqlPush, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { pushOutages } from "../../contract/push-outages.ts";
import { HeardEvents } from "../../support/heard-events.ts";
import { createRecord, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { DURABLE_SERVERS, SERVERS } from "./_backends.ts";
import { openPool, recorded, until } from "./fixture.ts";

for (const [name, start] of DURABLE_SERVERS)
  pushOutages({
    title: name,
    polls: true,
    start: () => start(),
    async open(_port, eventPort) {
      const pool = openPool(`mysql://root@127.0.0.1:${eventPort}/sessionup`, { connectTimeout: 1_000 });
      const store = mysqlStore(pool, { timeout: "1s", push: mysqlPush({ interval: "50ms" }) });
      await store.migrate();
      return { store, close: () => pool.end() };
    },
  });

describe.each(SERVERS)("push of mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  let pool: Pool;
  let close: Array<() => unknown> = [];
  beforeAll(async () => {
    server = await start();
    pool = openPool(server.url);
  }, 300_000);
  afterEach(async () => {
    for (const each of close) await each();
    close = [];
    await pool.query(`DROP TABLE IF EXISTS ${TABLES.map((part) => `sessionup_sessions${part}`).join(", ")}`);
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  const TABLES = ["", "_schema", "_slots", "_events"];
  const EVENTS = "sessionup_sessions_events";
  const end = { reason: "revoked", now: NOW } as const;

  async function open(options: MysqlStoreOptions, own: MysqlPool = pool) {
    const store = mysqlStore(own, options);
    close.push(() => store.close());
    await store.migrate();
    return store;
  }

  async function subscribed(push = mysqlPush({ interval: "10ms" })) {
    const store = await open({ push });
    const heard = new HeardEvents();
    await store.subscribe?.(heard);
    await expect.poll(() => heard.states).toEqual([true]);
    return { store, heard };
  }

  /** Creates a session and ends it. Returns its id. */
  async function endOne(store: Awaited<ReturnType<typeof open>>): Promise<string> {
    const record = createRecord();
    await store.create(record, { now: NOW });
    await store.deleteById(record.id, end);
    return record.id;
  }

  async function numbers(): Promise<number[]> {
    const [rows] = await pool.query(`SELECT number FROM ${EVENTS} ORDER BY number`);
    return (rows as Array<{ number: number }>).map(({ number }) => number);
  }

  /** Makes events as old as if they had been recorded two minutes ago. */
  const age = (where: string) => pool.query(`UPDATE ${EVENTS} SET at = at - 120 WHERE ${where}`);

  /** Opens a store whose next COMMIT waits until `commit` is called. `waits` resolves when it does. */
  async function openHeld() {
    let commit: (value?: undefined) => void = () => undefined;
    let wait: (value?: undefined) => void = () => undefined;
    const gate = new Promise<undefined>((resolve) => {
      commit = resolve;
    });
    const waits = new Promise<undefined>((resolve) => {
      wait = resolve;
    });
    const held: MysqlPool = {
      async getConnection() {
        const connection = await pool.getConnection();
        return {
          async query(options) {
            if (options.sql.startsWith("COMMIT")) {
              wait();
              await gate;
            }
            return connection.query(options);
          },
          execute: (options) => connection.execute(options),
          release: () => connection.release(),
          destroy: () => connection.destroy(),
        };
      },
    };
    return { store: await open({ push: true, timeout: "30s" }, held), commit, waits };
  }

  it("reports an event although one with a later number was committed first", async () => {
    const { store, heard } = await subscribed();
    const held = await openHeld();
    const [slow, fast] = [createRecord(), createRecord()];
    for (const record of [slow, fast]) await store.create(record, { now: NOW });
    const ending = held.store.deleteById(slow.id, end);
    await held.waits;
    await store.deleteById(fast.id, end);
    await expect.poll(() => heard.ids).toEqual([fast.id]);
    const later = await endOne(store);
    await expect.poll(() => heard.ids).toEqual([fast.id, later]);
    held.commit();
    await ending;
    await expect.poll(() => heard.ids).toEqual([fast.id, later, slow.id]);
    expect(heard.states).toEqual([true]);
  });

  it("reports an event that was committed after the subscription, with a number from before it", async () => {
    const writer = await open({ push: true });
    const held = await openHeld();
    const slow = createRecord();
    await writer.create(slow, { now: NOW });
    const ending = held.store.deleteById(slow.id, end);
    await held.waits;
    await endOne(writer);
    const { heard } = await subscribed();
    held.commit();
    await ending;
    await expect.poll(() => heard.ids).toEqual([slow.id]);
  });

  it("hundreds of events of one transaction that is committed late are reported once", async () => {
    const { store, heard } = await subscribed();
    const held = await openHeld();
    const LONG_AGO = NOW - 1_000_000_000_000;
    const old = Array.from({ length: 300 }, (_, index) =>
      createRecord({ userKey: `user ${index}`, createdAt: LONG_AGO }),
    );
    for (const record of old) await store.create(record, { now: NOW });
    const endAll = async () => {
      for await (const _ of held.store.deleteCreatedBefore?.(LONG_AGO + 1, end) ?? []);
    };
    const ending = endAll();
    await held.waits;
    const first = await endOne(store);
    await expect.poll(() => heard.ids).toEqual([first]);
    held.commit();
    await ending;
    await expect.poll(() => heard.ids.length).toBe(301);
    expect(heard.ids.slice(1).toSorted()).toEqual(old.map(({ id }) => id).toSorted());
    expect(heard.states).toEqual([true]);
  });

  it("a number whose transaction was rolled back is no loss", async () => {
    const { store, heard } = await subscribed();
    const connection = await pool.getConnection();
    await connection.query("START TRANSACTION");
    await connection.query(
      `INSERT INTO ${EVENTS} (at, message) VALUES (UNIX_TIMESTAMP(), '["revoked","ann","x"]')`,
    );
    await connection.query("ROLLBACK");
    connection.release();
    const ids = [await endOne(store), await endOne(store)];
    await expect.poll(() => heard.ids).toEqual(ids);
    expect(heard.states).toEqual([true]);
  });

  it("reads hundreds of events that were recorded between two reads in their order", async () => {
    const { store, heard } = await subscribed(mysqlPush({ interval: "2s" }));
    const ids: string[] = [];
    for (let count = 0; count < 250; count++) ids.push(await endOne(store));
    await expect.poll(() => heard.ids.length).toBe(ids.length);
    expect(heard.ids).toEqual(ids);
  });

  it("records events only with the option, and is absent unless the option is the result of mysqlPush", async () => {
    for (const [push, count] of [
      [undefined, 0],
      [false, 0],
      [true, 1],
      [mysqlPush(), 1],
    ] as const) {
      const store = await open(push === undefined ? {} : { push });
      const before = (await numbers()).length;
      await endOne(store);
      expect((await numbers()).length - before).toBe(count);
      expect("subscribe" in store).toBe(typeof push === "object");
    }
  });

  it("an event is recorded by the last statement before the commit, and never without its change", async () => {
    const asked = recorded(pool);
    const store = await open({ push: true }, asked);
    const sent = async (operation: () => Promise<unknown>) => {
      asked.taken();
      await operation();
      return asked.taken();
    };
    const records = Array.from({ length: 4 }, () => createRecord());
    for (const record of records) await store.create(record, { now: NOW });
    const [a, b, c] = records;
    if (!a || !b || !c) throw new Error("The test needs three sessions.");
    const data = { v: 2 };
    const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + 2 };
    const begun = ["SET TRANSACTION", "START TRANSACTION"];
    expect(await sent(() => store.update(a.id, { data }, { now: NOW }))).toEqual([
      ...begun,
      ...["UPDATE, prepared", "INSERT", "COMMIT"],
    ]);
    expect(await sent(() => store.update(a.id, { data }, { now: NOW, ifRevision: 9 }))).toEqual([
      ...begun,
      ...["UPDATE, prepared", "SELECT", "COMMIT"],
    ]);
    expect(await sent(() => store.update(a.id, { activity }, { now: NOW }))).toEqual(["UPDATE, prepared"]);
    expect(await sent(() => store.deleteById(a.id, end, "ann"))).toEqual([
      ...begun,
      ...["SELECT", "DELETE, prepared", "INSERT", "COMMIT"],
    ]);
    expect(await sent(() => store.deleteById(a.id, end))).toEqual([...begun, "SELECT", "COMMIT"]);
    expect(await sent(() => store.deleteById(b.id, end, "bob"))).toEqual([...begun, "SELECT", "COMMIT"]);
    expect(await sent(() => store.create(createRecord(), { now: NOW, replaces: b.id }))).toEqual([
      ...begun,
      ...["SELECT", "SELECT", "DELETE", "INSERT", "INSERT", "COMMIT"],
    ]);
    expect(await sent(() => store.create(createRecord(), { now: NOW, replaces: b.id }))).toEqual([
      ...begun,
      ...["SELECT", "SELECT", "INSERT", "COMMIT"],
    ]);
    expect(await sent(() => store.create(createRecord(), { now: NOW }))).toEqual(["INSERT"]);
    expect(await sent(() => store.deleteByUserKey("ann", end))).toEqual([
      ...begun,
      ...["SELECT", "SELECT", "DELETE", "INSERT", "COMMIT"],
    ]);
    expect(await sent(() => store.deleteExpired(NOW, 9))).toEqual([
      ...begun,
      ...["SELECT", "COMMIT", "SELECT", "DELETE"],
    ]);
    await store.create(c, { now: NOW });
    await pool.query(
      `CREATE TRIGGER fails BEFORE INSERT ON ${EVENTS} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not now'`,
    );
    await expect(store.deleteById(c.id, end)).rejects.toThrow("not now");
    await expect(store.update(c.id, { data }, { now: NOW })).rejects.toThrow("not now");
    await expect(store.deleteByUserKey(c.userKey, end)).rejects.toThrow("not now");
    expect(await store.fetchById(c.id)).toEqual(c);
  });

  it("the cleanup removes events older than a minute except the newest of them", async () => {
    const store = await open({ push: true, cleanupEvery: false });
    for (let count = 0; count < 9; count++) await endOne(store);
    await store.deleteExpired(NOW, 2);
    // The first row, which migrate wrote, is the newest old one.
    expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await age("number < 8");
    // Several steps, each of at most two events.
    await store.deleteExpired(NOW, 2);
    expect(await numbers()).toEqual([7, 8, 9, 10]);
    await age("number >= 8");
    await store.deleteExpired(NOW, 100);
    expect(await numbers()).toEqual([10]);
    await store.deleteExpired(NOW, 100);
    expect(await numbers()).toEqual([10]);
  });

  it("the cleanup waits for no transaction that has recorded an event", async () => {
    const writer = await open({ push: true });
    for (let count = 0; count < 3; count++) await endOne(writer);
    await age("number < 4");
    const held = await openHeld();
    const record = createRecord();
    await writer.create(record, { now: NOW });
    const ending = held.store.deleteById(record.id, end);
    await held.waits;
    await writer.deleteExpired(NOW, 100);
    expect(await numbers()).toEqual([3, 4]);
    held.commit();
    await ending;
    expect(await numbers()).toEqual([3, 4, 5]);
  });

  it("a cleanup is reported as a loss if events were not read, and not reported otherwise", async () => {
    const quick = await subscribed();
    const { heard: slow } = await subscribed(mysqlPush({ interval: "3s" }));
    for (let count = 0; count < 3; count++) await endOne(quick.store);
    await expect.poll(() => quick.heard.ids.length).toBe(3);
    await age("number > 0");
    await quick.store.deleteExpired(NOW, 100);
    await expect.poll(() => slow.states).toEqual([true, false, true]);
    await endOne(quick.store);
    await expect.poll(() => quick.heard.ids.length).toBe(4);
    expect(quick.heard.states).toEqual([true]);
  });

  it("a table of events that is behind, as after a failover, is reported as a loss", async () => {
    const { store, heard } = await subscribed();
    await endOne(store);
    await expect.poll(() => heard.ids.length).toBe(1);
    await pool.query(`DELETE FROM ${EVENTS} WHERE number > 1`);
    await expect.poll(() => heard.states).toEqual([true, false, true]);
  });

  it("an operation on tables of an earlier release fails with an error that recommends migrate", async () => {
    const store = await open({ push: mysqlPush() });
    const record = createRecord();
    await store.create(record, { now: NOW });
    await pool.query(`DROP TABLE ${EVENTS}`);
    const message = "the table is from an earlier release. Call migrate()";
    await expect(store.deleteById(record.id, end)).rejects.toThrow(message);
    await expect(store.subscribe?.(new HeardEvents())).rejects.toThrow(message);
  });

  it("throws a TypeError for invalid options", () => {
    for (const push of [1, "mysql", null, {}, () => undefined])
      expect(() => mysqlStore(pool, { push: push as never })).toThrow("push must be the result of mysqlPush");
    expect(() => mysqlPush({ interval: "soon" as never })).toThrow("interval must be a duration");
  });

  it("closing the store ends the reads", async () => {
    const asked = recorded(pool);
    const store = await open({ push: mysqlPush({ interval: "10ms" }) }, asked);
    await store.subscribe?.(new HeardEvents());
    await until(async () => asked.taken().length > 0);
    await store.close();
    // A read that was running may end now.
    await new Promise((resolve) => setTimeout(resolve, 100));
    asked.taken();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(asked.taken()).toEqual([]);
  });
});
