import assert from "node:assert/strict";
// Imports use paths rather than the package's name, because runtimes without the build run this file too.
import { SessionError } from "../../../src/errors.ts";
import type { SessionRecord } from "../../../src/store.ts";
import { type SqliteDatabase, type SqliteStore, sqliteStore } from "../../../src/stores/sqlite.ts";
import { createRecord, NOW } from "../../support/record.ts";

/** Opens a file with one driver. With `bigints`, the driver returns all integers as bigints. */
export interface SqliteDriver {
  open(path: string, bigints?: boolean): SqliteDatabase & { close(): unknown };
}

/** Does not wait for the disk. Writes of a killed process survive, but not those of a crashed machine. */
export const WITHOUT_FSYNC = "PRAGMA synchronous = OFF";

/** Returns the tests of the app's connection, by title, for one driver. `path` is a file that has the tables. */
export function connectionTests(
  { open }: SqliteDriver,
  path: () => string,
): Readonly<Record<string, () => Promise<void>>> {
  const opened = async (
    work: (database: SqliteDatabase, store: SqliteStore) => Promise<void>,
    bigints = false,
  ) => {
    const database = open(path(), bigints);
    database.exec(WITHOUT_FSYNC);
    const store = sqliteStore(database, { timeout: "2s" });
    try {
      await work(database, store);
    } finally {
      await store.close();
      database.close();
    }
  };
  return {
    "rejects every operation while the app has a transaction open": () =>
      opened(async (database, store) => {
        const record = createRecord({ userKey: "transaction" });
        await store.create(record, { now: NOW });
        database.exec("BEGIN");
        await expectRejections(store, record);
        database.exec("ROLLBACK");
        assert.deepEqual(await store.fetchById(record.id), record);
      }),
    "detects the app's transaction although the driver does not report it": () =>
      opened(async (database) => {
        const silent = sqliteStore({
          prepare: (sql) => database.prepare(sql),
          exec: (sql) => database.exec(sql),
        });
        const record = createRecord({ userKey: "silent" });
        await silent.create(record, { now: NOW });
        assert.deepEqual(await silent.fetchById(record.id), record);
        database.exec("BEGIN");
        await expectRejections(silent, record);
        database.exec("ROLLBACK");
        assert.equal(await silent.deleteById(record.id, { reason: "logout", now: NOW }), "deleted");
      }),
    "leaves the connection's busy timeout as it was": () =>
      opened(async (database, store) => {
        for (const timeout of [0, 3, 7_000]) {
          database.exec(`PRAGMA busy_timeout = ${timeout}`);
          await store.create(createRecord({ userKey: "timeout" }), { now: NOW });
          await store.deleteByUserKey("timeout", { reason: "revoked", now: NOW });
          assert.deepEqual(plain(database.prepare("PRAGMA busy_timeout").all()), [{ timeout }]);
        }
      }),
    "waits for another connection's transaction without blocking the event loop": () =>
      opened(async (database, store) => {
        database.exec("PRAGMA busy_timeout = 30000");
        const record = createRecord({ userKey: "waiting" });
        const other = open(path());
        try {
          other.exec("BEGIN IMMEDIATE");
          const creating = store.create(record, { now: NOW });
          // Event-loop turns release the lock. With a blocked loop, the create would time out.
          for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
          assert.equal(await store.fetchById(record.id), undefined);
          other.exec("COMMIT");
          await creating;
          assert.deepEqual(await store.fetchById(record.id), record);
        } finally {
          other.close();
        }
      }),
    "fails with ERR_STORE when the lock is held for longer than the timeout": () =>
      opened(async (database) => {
        const store = sqliteStore(database, { timeout: "1s" });
        const record = createRecord({ userKey: "locked" });
        const other = open(path());
        try {
          other.exec("BEGIN IMMEDIATE");
          await assert.rejects(
            store.create(record, { now: NOW }),
            (error) =>
              SessionError.is(error) &&
              error.code === "ERR_STORE" &&
              /locked for 1000 ms/.test(error.message),
          );
          other.exec("COMMIT");
          assert.equal(await store.fetchById(record.id), undefined);
          await store.create(record, { now: NOW });
        } finally {
          other.close();
        }
      }),
    "returns numbers although the connection returns bigints": () =>
      opened(async (database, store) => {
        assert.equal(typeof count(database), "bigint");
        const record = createRecord({ userKey: "bigint" });
        await store.create(record, { now: NOW });
        assert.deepEqual(await store.fetchById(record.id), record);
        const limit = { max: 1, onExceed: "evict-oldest" } as const;
        const next = createRecord({ userKey: "bigint" });
        assert.deepEqual(await store.create(next, { now: NOW, limit }), {
          evicted: [record.id],
          replaced: false,
        });
        assert.equal(await store.update(next.id, { data: { v: 1 } }, { now: NOW, ifRevision: 0 }), "updated");
        assert.equal((await store.fetchById(next.id))?.revision, 1);
      }, true),
    "create ends no session when the id is a duplicate": () =>
      opened(async (_database, store) => {
        const [oldest, replaced, there] = [
          createRecord({ userKey: "there", createdAt: NOW }),
          createRecord({ userKey: "there", createdAt: NOW + 1 }),
          createRecord({ userKey: "elsewhere" }),
        ];
        for (const record of [oldest, replaced, there]) await store.create(record, { now: NOW });
        const again = { ...createRecord({ userKey: "there", createdAt: NOW + 2 }), id: there.id };
        for (const onExceed of ["evict-oldest", "evict-idlest", "reject"] as const) {
          const options = { now: NOW, limit: { max: 2, onExceed }, replaces: replaced.id };
          await assert.rejects(
            store.create(again, options),
            (error) => SessionError.is(error) && error.code === "ERR_DUPLICATE_ID",
          );
        }
        await assert.rejects(store.create(again, { now: NOW, replaces: replaced.id }), SessionError);
        const live = await store.fetchByUserKey("there", { now: NOW, limit: 10 });
        assert.deepEqual(live, [replaced, oldest]);
      }),
    "deleteByUserKey ends thousands of sessions in steps and returns each id once": () =>
      opened(async (_database, store) => {
        const many = Array.from({ length: 2_500 }, (_, index) =>
          createRecord({ userKey: "thousands", createdAt: NOW - (index % 100) }),
        );
        for (const record of many) await store.create(record, { now: NOW });
        const [kept] = many;
        const end = { reason: "revoked", now: NOW, tombstones: { keepFor: 1_000, max: 100 } } as const;
        const ending = store.deleteByUserKey("thousands", end, [kept?.id ?? ""]);
        // This session is created between two steps and must survive all of them.
        const later = createRecord({ userKey: "thousands", createdAt: NOW + 1 });
        await store.create(later, { now: NOW });
        const ended = await ending;
        assert.deepEqual(
          [...ended].sort(),
          many
            .slice(1)
            .map(({ id }) => id)
            .sort(),
        );
        const live = await store.fetchByUserKey("thousands", { now: NOW, limit: 10 });
        assert.deepEqual(live, [later, kept]);
        await store.deleteByUserKey("thousands", end);
        assert.equal(await store.deleteTombstones?.("thousands"), 100);
      }),
    "create evicts thousands of sessions in steps after the limit was lowered": () =>
      opened(async (_database, store) => {
        const many = Array.from({ length: 2_500 }, (_, index) =>
          createRecord({ userKey: "lowered", createdAt: NOW + index }),
        );
        for (const record of many) await store.create(record, { now: NOW });
        const limit = { max: 3, onExceed: "evict-oldest" } as const;
        const replaces = many.at(-1)?.id ?? "";
        const newest = createRecord({ userKey: "lowered", createdAt: NOW + 10_000 });
        const { evicted } = await store.create(newest, { now: NOW, limit, replaces });
        assert.deepEqual(
          [...evicted].sort(),
          many
            .slice(0, -3)
            .map(({ id }) => id)
            .sort(),
        );
        const live = await store.fetchByUserKey("lowered", { now: NOW, limit: 10 });
        assert.deepEqual(live, [newest, many.at(-2), many.at(-3)]);
        await store.deleteByUserKey("lowered", { reason: "revoked", now: NOW });
      }),
  };
}

async function expectRejections(store: SqliteStore, record: SessionRecord): Promise<void> {
  const end = { reason: "revoked", now: NOW } as const;
  const attempts = [
    store.fetchById(record.id),
    store.fetchByIds([record.id]),
    store.fetchByUserKey(record.userKey, { now: NOW, limit: 1 }),
    store.create(createRecord({ userKey: record.userKey }), { now: NOW }),
    store.update(record.id, { data: { v: 2 } }, { now: NOW, ifRevision: 0 }),
    store.deleteById(record.id, end),
    store.deleteByUserKey(record.userKey, end),
    store.deleteExpired(NOW, 10),
    store.migrate(),
  ];
  for (const attempt of attempts) {
    await assert.rejects(
      attempt,
      (error) =>
        SessionError.is(error) &&
        error.code === "ERR_STORE" &&
        /the app has a transaction open/.test(error.message),
    );
  }
}

/** Copies rows to plain objects, because rows of some drivers have no prototype. */
function plain(rows: readonly unknown[]): unknown {
  return JSON.parse(JSON.stringify(rows));
}

function count(database: SqliteDatabase): unknown {
  const [row] = database.prepare("SELECT count(*) AS count FROM sessionup_sessions").all();
  return (row as { count: unknown }).count;
}
