import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import { type SqliteStoreOptions, sqlitePush, sqliteStore } from "sessionup/stores/sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HeardEvents } from "../../support/heard-events.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { WITHOUT_FSYNC } from "./connection.ts";
import { SqliteFiles } from "./files.ts";

const PROGRAM = fileURLToPath(new URL("_publisher.ts", import.meta.url));
const EVENTS = "sessionup_sessions_events";
const end = { reason: "revoked", now: NOW } as const;

const files = new SqliteFiles();
let close: Array<() => unknown> = [];
beforeEach(() => files.make());
afterEach(async () => {
  for (const each of close.toReversed()) await each();
  close = [];
  await files.remove();
});

async function open(options: SqliteStoreOptions = { push: sqlitePush({ interval: "10ms" }) }) {
  const database = new Database(files.path());
  database.exec(WITHOUT_FSYNC);
  const store = sqliteStore(database, options);
  close.push(
    () => database.close(),
    () => store.close(),
  );
  await store.migrate();
  return { store, database };
}

async function subscribed(options?: SqliteStoreOptions) {
  const opened = await open(options);
  const heard = new HeardEvents();
  await opened.store.subscribe?.(heard);
  await expect.poll(() => heard.states).toEqual([true]);
  return { ...opened, heard };
}

/** Creates a session and ends it. Returns its id. */
async function endOne(store: Awaited<ReturnType<typeof open>>["store"]): Promise<string> {
  const record = createRecord();
  await store.create(record, { now: NOW });
  await store.deleteById(record.id, end);
  return record.id;
}

const numbers = () => files.query(`SELECT number FROM ${EVENTS} ORDER BY number`).map(({ number }) => number);
/** Makes events as old as if they had been recorded two minutes ago. */
const age = (where: string) =>
  files.query(`UPDATE ${EVENTS} SET at = at - 120 WHERE ${where} RETURNING number`);

describe("push of sqliteStore", () => {
  it("records events only with the option, and is absent unless the option is the result of sqlitePush", async () => {
    for (const [push, count] of [
      [undefined, 0],
      [false, 0],
      [true, 1],
      [sqlitePush(), 1],
    ] as const) {
      const { store } = await open(push === undefined ? {} : { push });
      const before = numbers().length;
      await endOne(store);
      expect(numbers().length - before).toBe(count);
      expect("subscribe" in store).toBe(typeof push === "object");
    }
  });

  it("reports no event of a login whose id is taken, and none of another table", async () => {
    const { store, heard } = await subscribed();
    const { store: other } = await open({ push: true, table: "others" });
    const [first, second, third] = [createRecord(), createRecord(), createRecord()];
    for (const record of [first, second, third]) await store.create(record, { now: NOW });
    const limit = { max: 1, onExceed: "evict-oldest" } as const;
    await expect(store.create(first, { now: NOW, limit, replaces: second.id })).rejects.toThrow();
    await endOne(other);
    const last = await endOne(store);
    await expect.poll(() => heard.ids).toEqual([last]);
  });

  it("records an event in the transaction of the change: neither is there without the other", async () => {
    const { store, database } = await open({ push: true });
    const record = createRecord();
    await store.create(record, { now: NOW });
    for (const [table, action] of [
      ["sessionup_sessions", "DELETE"],
      ["sessionup_sessions", "UPDATE"],
      [EVENTS, "INSERT"],
    ]) {
      database.exec(
        `CREATE TRIGGER fails BEFORE ${action} ON ${table} BEGIN SELECT RAISE(ABORT, 'not now'); END`,
      );
      const operations = {
        DELETE: () => store.deleteById(record.id, end),
        UPDATE: () => store.update(record.id, { data: { v: 2 } }, { now: NOW }),
      };
      for (const [name, operation] of Object.entries(operations))
        if (table === EVENTS || name === action) await expect(operation()).rejects.toThrow("not now");
      expect(numbers()).toEqual([1]);
      expect(await store.fetchById(record.id)).toEqual(record);
      database.exec("DROP TRIGGER fails");
    }
  });

  it("reports each of thousands of sessions that end in several steps once", async () => {
    const { store, heard } = await subscribed();
    const ids: string[] = [];
    for (let count = 0; count < 2_100; count++) {
      const record = createRecord({ userKey: "many" });
      ids.push(record.id);
      await store.create(record, { now: NOW });
    }
    await store.deleteByUserKey("many", { ...end, tombstones: { keepFor: 1_000, max: 5 } });
    await expect.poll(() => heard.ids.length).toBe(ids.length);
    expect(heard.ids.toSorted()).toEqual(ids.toSorted());
  });

  it("reads hundreds of events that were recorded between two reads in their order", async () => {
    const { store, heard } = await subscribed({ push: sqlitePush({ interval: "1s" }) });
    const ids: string[] = [];
    for (let count = 0; count < 250; count++) ids.push(await endOne(store));
    await expect.poll(() => heard.ids.length).toBeGreaterThan(0);
    // By now, without an interval in between, the rest has been read, too.
    expect(heard.ids).toEqual(ids);
  });

  it("the cleanup removes events older than a minute except the newest of them", async () => {
    const { store } = await open({ push: true, cleanupEvery: false });
    for (let count = 0; count < 9; count++) await endOne(store);
    await store.deleteExpired(NOW, 2);
    // The first row, which migrate wrote, is the newest old one.
    expect(numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    age("number < 8");
    // Several steps, each of at most two events.
    await store.deleteExpired(NOW, 2);
    expect(numbers()).toEqual([7, 8, 9, 10]);
    age("number >= 8");
    await store.deleteExpired(NOW, 100);
    expect(numbers()).toEqual([10]);
    await store.deleteExpired(NOW, 100);
    expect(numbers()).toEqual([10]);
    await endOne(store);
    expect(numbers()).toEqual([10, 11]);
  });

  it("a cleanup without the option removes no events", async () => {
    const { store } = await open({ push: true });
    await endOne(store);
    age("number > 0");
    await (await open({})).store.deleteExpired(NOW, 100);
    expect(numbers()).toEqual([1, 2]);
  });

  it("a cleanup of events that were read is not reported", async () => {
    const { store, heard } = await subscribed();
    for (let count = 0; count < 3; count++) await endOne(store);
    await expect.poll(() => heard.ids.length).toBe(3);
    age("number > 0");
    await store.deleteExpired(NOW, 100);
    const last = await endOne(store);
    await expect.poll(() => heard.ids.at(-1)).toBe(last);
    expect(heard.states).toEqual([true]);
  });

  it("a cleanup of events that were not read is reported as a loss", async () => {
    const { heard } = await subscribed({ push: sqlitePush({ interval: "1s" }) });
    const { store } = await open({ push: true });
    for (let count = 0; count < 3; count++) await endOne(store);
    age("number > 0");
    await store.deleteExpired(NOW, 100);
    await expect.poll(() => heard.states).toEqual([true, false, true]);
    const last = await endOne(store);
    await expect.poll(() => heard.ids).toEqual([last]);
  });

  it("a file that was replaced by its backup is reported as a loss", async () => {
    const { store, database, heard } = await subscribed();
    await endOne(store);
    await expect.poll(() => heard.ids.length).toBe(1);
    database.exec(`DELETE FROM ${EVENTS} WHERE number > 1`);
    await expect.poll(() => heard.states).toEqual([true, false, true]);
  });

  it("a read that fails is reported, and the first one that succeeds", async () => {
    const { store, database, heard } = await subscribed();
    database.exec("BEGIN");
    await expect.poll(() => heard.states).toEqual([true, false]);
    database.exec("COMMIT");
    await expect.poll(() => heard.states).toEqual([true, false, true]);
    const id = await endOne(store);
    await expect.poll(() => heard.ids).toEqual([id]);
  });

  it("subscribe rejects when the first read fails, and works later", async () => {
    const { store, database } = await open();
    const heard = new HeardEvents();
    database.exec("BEGIN");
    await expect(store.subscribe?.(heard)).rejects.toThrow("the app has a transaction open");
    database.exec("COMMIT");
    await store.subscribe?.(heard);
    const id = await endOne(store);
    await expect.poll(() => heard.ids).toEqual([id]);
    expect(heard.states).toEqual([true]);
  });

  it("closing the store ends the reads, although the app closes its connection", async () => {
    const { store, database, heard } = await subscribed();
    await store.close();
    database.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard.states).toEqual([true]);
  });

  it("an operation on tables of an earlier release fails with an error that recommends migrate", async () => {
    const { store, database } = await open();
    const record = createRecord();
    await store.create(record, { now: NOW });
    database.exec(`DROP TABLE ${EVENTS}`);
    await expect(store.deleteById(record.id, end)).rejects.toThrow("from an earlier release. Call migrate()");
    expect(await store.fetchById(record.id)).toEqual(record);
  });

  it.each([1, "sqlite", null, {}, () => undefined])("throws a TypeError for %s as push", (value) => {
    const database = new Database(":memory:");
    expect(() => sqliteStore(database, { push: value as never })).toThrow(TypeError);
    database.close();
  });

  it.each(["soon", "0ms", "1.5s", "25d", 5, "10 ms", "-1ms"])(
    "throws a TypeError for the interval %s",
    (value) => {
      expect(() => sqlitePush({ interval: value as never })).toThrow(/^interval must be/);
    },
  );
});

describe("push of sqliteStore between processes", () => {
  const processes: ChildProcess[] = [];
  afterEach(() => {
    for (const each of processes.splice(0)) each.kill("SIGKILL");
  });

  function start(count: number): ChildProcess {
    const args = ["--import", "tsx", PROGRAM, files.path(), String(count)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    processes.push(child);
    return child;
  }

  it("reports exactly the sessions that another process ended before it was killed", async () => {
    const { store, heard } = await subscribed();
    const child = start(1_000_000);
    await expect.poll(() => heard.ids.length, { timeout: 30_000 }).toBeGreaterThan(300);
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
    const last = await endOne(store);
    await expect.poll(() => heard.ids.at(-1)).toBe(last);
    const recorded = files
      .query(`SELECT message FROM ${EVENTS} WHERE number > 1`)
      .flatMap(({ message }) => JSON.parse(String(message)).slice(2));
    expect(heard.ids).toEqual(recorded);
    expect(new Set(heard.ids).size).toBe(heard.ids.length);
    const live = new Set(files.query("SELECT id FROM sessionup_sessions").map(({ id }) => id));
    expect(heard.ids.filter((id) => live.has(id))).toEqual([]);
    expect(heard.states).toEqual([true]);
  }, 60_000);

  it("a subscription does not keep its process alive", async () => {
    await open();
    const [code] = await once(start(0), "close");
    expect(code).toBe(0);
  }, 60_000);
});
