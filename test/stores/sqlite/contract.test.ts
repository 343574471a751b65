import Database from "libsql";
import { CLAIM_PREFIX } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { type SqliteStore, type SqliteStoreOptions, sqlitePush, sqliteStore } from "sessionup/stores/sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../../contract/backend.ts";
import { storeSuite } from "../../contract/suite.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { closedConnectionTest } from "./closed.ts";
import { connectionTests, WITHOUT_FSYNC } from "./connection.ts";
import { SqliteFiles } from "./files.ts";

const files = new SqliteFiles();
const COUNT = "SELECT count(*) AS count FROM sessionup_sessions";

async function makeFile(): Promise<void> {
  await files.make();
  const database = new Database(files.path());
  await sqliteStore(database).migrate();
  database.close();
}

const backend = (client: string, options: SqliteStoreOptions): Backend => ({
  store: "sqlite",
  client,
  start: makeFile,
  stop: () => files.remove(),
  open: async () => {
    const database = new Database(files.path());
    database.exec(WITHOUT_FSYNC);
    const store = sqliteStore(database, options);
    return {
      store,
      ping: async () => database.prepare("SELECT 1").get(),
      close: async () => {
        await store.close();
        database.close();
      },
    };
  },
  version: async () => `SQLite ${files.query("SELECT sqlite_version() AS version")[0]?.version}`,
  left: async () => Number(files.query(COUNT)[0]?.count),
});

storeSuite(backend("libsql (sync)", {}));
storeSuite({
  ...backend("libsql (sync), push", { push: sqlitePush({ interval: "10ms" }) }),
  contractOnly: true,
  subscribes: true,
});

describe("sqliteStore over the app's libsql connection", () => {
  beforeAll(makeFile);
  afterAll(() => files.remove());
  const open = (path: string, bigints = false) => new Database(path).defaultSafeIntegers(bigints);
  for (const [title, test] of Object.entries(connectionTests({ open }, () => files.path()))) it(title, test);

  it("rejects every operation after the app closed the connection, without a crash", () =>
    closedConnectionTest("libsql", files.path("closed.db")));

  it("close() leaves the app's connection open", async () => {
    const database = new Database(files.path());
    const store = sqliteStore(database);
    await store.close();
    await store.close();
    expect(database.open).toBe(true);
    database.close();
  });

  it("rejects an object that is not a database", () => {
    // @ts-expect-error: a database has the method prepare.
    expect(() => sqliteStore({})).toThrow(TypeError);
    // @ts-expect-error: a store is not a database.
    expect(() => sqliteStore(memoryStore())).toThrow("database must be a DatabaseSync of node:sqlite");
  });
});

describe("the cleanup of sqliteStore", () => {
  beforeEach(async () => {
    await makeFile();
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "performance"] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await files.remove();
  });

  const record = (id: string, deadline: number) => createRecord({ id, userKey: "user", deadline });
  const ids = () => files.query("SELECT id FROM sessionup_sessions ORDER BY id").map(({ id }) => id);

  it("removes 450 expired sessions a minute after their end and keeps live ones", async () => {
    const database = new Database(files.path());
    const store = sqliteStore(database);
    for (let count = 0; count < 450; count++)
      await store.create(record(`dead${count}`, NOW + 1), { now: NOW });
    await store.create(record("live", NOW + 3_600_000), { now: NOW });
    await vi.advanceTimersByTimeAsync(59_000);
    expect(ids()).toHaveLength(451);
    await vi.advanceTimersByTimeAsync(62_000);
    expect(ids()).toEqual(["live"]);
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
    database.close();
  });

  it("runs in one process at a time", async () => {
    const databases = [new Database(files.path()), new Database(files.path())] as const;
    const stores = databases.map((database) => sqliteStore(database));
    await stores[0]?.create(record("dead1", NOW + 1), { now: NOW });
    await vi.advanceTimersByTimeAsync(20_000);
    await stores[1]?.create(record("live", NOW + 3_600_000), { now: NOW + 20_000 });
    await vi.advanceTimersByTimeAsync(101_000);
    expect(ids()).toEqual(["live"]);
    // The first store swept a moment ago, so the second store skips its turn.
    await stores[1]?.create(record("dead2", NOW + 21_000), { now: NOW + 20_000 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(ids()).toEqual(["dead2", "live"]);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(ids()).toEqual(["live"]);
    for (const store of stores) await store.close();
    for (const database of databases) database.close();
  });

  it("reports a failed run to onCleanupError and retries", async () => {
    const database = new Database(files.path());
    const errors: unknown[] = [];
    const store = sqliteStore(database, { onCleanupError: (error) => errors.push(error) });
    await store.create(record("dead", NOW + 1), { now: NOW });
    database.exec("BEGIN");
    await vi.advanceTimersByTimeAsync(125_000);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({ message: expect.stringContaining("the app has a transaction open") });
    database.exec("COMMIT");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ids()).toEqual([]);
    await store.close();
    database.close();
  });

  it("runs at the interval that cleanupEvery sets", async () => {
    const database = new Database(files.path());
    const store = sqliteStore(database, { cleanupEvery: "5m" });
    await store.create(record("dead", NOW + 1), { now: NOW });
    await vi.advanceTimersByTimeAsync(299_000);
    expect(ids()).toEqual(["dead"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ids()).toEqual([]);
    await store.close();
    database.close();
  });

  it("never runs by itself when cleanupEvery is false, and deleteExpired still removes sessions", async () => {
    const database = new Database(files.path());
    const store = sqliteStore(database, { cleanupEvery: false });
    const reported: string[] = [];
    store.onExpired((sessions) => reported.push(...sessions.map(({ id }) => id)));
    await store.create(record("dead", NOW + 1), { now: NOW });
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(ids()).toEqual(["dead"]);
    expect(await store.deleteExpired(NOW + 1, 10)).toBe(1);
    expect(reported).toEqual(["dead"]);
    await store.close();
    database.close();
  });

  it("reports each expired session once, in the process that removed the session", async () => {
    const databases = [new Database(files.path()), new Database(files.path())] as const;
    const reported: [string[], string[]] = [[], []];
    const stores = databases.map((database, index) => {
      const store = sqliteStore(database);
      store.onExpired((sessions) => reported[index]?.push(...sessions.map(({ id }) => id)));
      return store;
    });
    for (let count = 0; count < 250; count++)
      await stores[count % 2]?.create(record(`dead${count}`, NOW + 1), { now: NOW });
    await vi.advanceTimersByTimeAsync(125_000);
    expect(ids()).toEqual([]);
    const all = reported.flat();
    expect(all).toHaveLength(250);
    expect(new Set(all).size).toBe(250);
    // The process that claimed this interval removed all of them.
    expect(reported.some((ids) => ids.length === 0)).toBe(true);
    for (const store of stores) await store.close();
    for (const database of databases) database.close();
  });

  it("leaves no rows behind after all sessions ended", async () => {
    const database = new Database(files.path());
    const store = sqliteStore(database);
    await store.create(record("a", NOW + 1), { now: NOW });
    await store.create(record("b", NOW + 5), { now: NOW });
    await store.create(record("c", NOW + 5), { now: NOW });
    await store.deleteById("b", { reason: "logout", now: NOW, tombstones: { keepFor: 1_000, max: 9 } });
    await store.deleteByUserKey("user", { reason: "revoked", now: NOW });
    expect(await store.deleteExpired(NOW + 1_000, 10)).toBe(1);
    expect(ids()).toEqual([]);
    await store.close();
    database.close();
  });
});

describe("the event loop with sqliteStore", () => {
  let database: Database.Database;
  let store: SqliteStore;
  beforeEach(async () => {
    await makeFile();
    database = new Database(files.path());
    store = sqliteStore(database);
  });
  afterEach(async () => {
    await store.close();
    database.close();
    await files.remove();
  });

  const fill = (total: number, userKey: (count: number) => string) => {
    database.exec("BEGIN");
    const insert = database.prepare(
      "INSERT INTO sessionup_sessions VALUES (?, ?, 0, ?, ?, ?, ?, NULL, NULL, '{\"v\":1}', NULL)",
    );
    const encoder = new TextEncoder();
    for (let count = 0; count < total; count++)
      insert.run(`id${count}`, encoder.encode(userKey(count)), NOW + count, NOW, NOW + 1, NOW + 1);
    database.exec("COMMIT");
  };

  /** Counts the turns of the event loop that pass during an operation. */
  const countTurns = async (operation: () => Promise<unknown>) => {
    let turns = 0;
    let isRunning = true;
    const turn = () => {
      turns++;
      if (isRunning) setImmediate(turn);
    };
    setImmediate(turn);
    await operation();
    isRunning = false;
    return turns;
  };

  it("is not blocked while 20 000 sessions of one user end", async () => {
    fill(20_000, () => "many");
    const ended = new Set<string>();
    const turns = await countTurns(async () => {
      for (const id of await store.deleteByUserKey("many", { reason: "revoked", now: NOW })) ended.add(id);
    });
    expect(ended.size).toBe(20_000);
    // At least one turn passes between two steps of a thousand sessions.
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it("is not blocked while 45 000 sessions are counted, of one user or of many", async () => {
    const many = 45_000;
    // Claims and tombstones do not count, nor do they hide sessions.
    fill(many, (count) => (count % 3 ? "many" : count % 2 ? `${CLAIM_PREFIX}${count}` : `\0${count}`));
    database.exec("UPDATE sessionup_sessions SET ended_at = 1, ended_reason = 'logout' WHERE rowid % 7 = 0");
    const [expected] = files.query(`SELECT count(*) AS count FROM sessionup_sessions
WHERE ended_at IS NULL AND substr(user_key, 1, 7) <> CAST(char(0) || 'claim ' AS BLOB)`);
    let counted: unknown;
    const turns = await countTurns(async () => {
      counted = await store.count?.(NOW);
    });
    expect(counted).toEqual({ count: expected?.count, isExact: false });
    expect(expected?.count).toBeLessThan(many * 0.8);
    expect(turns).toBeGreaterThanOrEqual(2);
  });

  it("one step of a scan looks at a bounded number of sessions", async () => {
    fill(2_500, (count) => `user-${count}`);
    const page = { now: NOW, limit: 9, filter: { lastSeenAt: { before: NOW } } } as const;
    const steps: Array<number | undefined> = [];
    for (let cursor: string | undefined; ; ) {
      const step = await store.scan?.({ ...page, ...(cursor && { cursor }) });
      steps.push(step?.records.length);
      cursor = step?.cursor;
      if (!cursor) break;
    }
    expect(steps).toEqual([0, 0, 0]);
  });
});
