import { fileURLToPath } from "node:url";
import Database from "libsql";
import { CLAIM_PREFIX, type ExpiredSession, type SessionRecord } from "sessionup";
import { type SqliteStore, sqliteStore } from "sessionup/stores/sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testEndedOnce } from "../../support/ended-once/ended-once.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { SqliteFiles } from "./files.ts";

const files = new SqliteFiles();
const MINUTE = 60_000;

describe.each(["sqlite", "libsql"])("%sStore in several processes that clean up", (kind) => {
  beforeAll(async () => {
    await files.make();
    const database = new Database(files.path());
    await sqliteStore(database).migrate();
    database.close();
  });
  afterAll(() => files.remove());
  testEndedOnce({
    program: fileURLToPath(new URL("_ended-once.ts", import.meta.url)),
    args: () => [kind, files.path()],
    stores: 2,
  });
});

describe("onExpired of sqliteStore", () => {
  let database: Database.Database;
  let store: SqliteStore;
  let reported: ExpiredSession[];
  beforeEach(async () => {
    database = new Database(":memory:");
    store = sqliteStore(database, { cleanupEvery: false });
    await store.migrate();
    reported = [];
    store.onExpired((sessions) => void reported.push(...sessions));
  });
  afterEach(() => void database.close());

  const expire = async (overrides: Partial<SessionRecord> = {}) => {
    const record = createRecord({ expiresAt: NOW + 1, deadline: NOW + 2, ...overrides });
    await store.create(record, { now: NOW });
    return record;
  };
  const ids = () => reported.map(({ id }) => id);
  const entries = () => database.prepare("SELECT id FROM sessionup_sessions_ends").all();
  /** Leaves an entry as a process does that died. */
  const leave = (id: string, claimedUntil: number) =>
    database
      .prepare(
        `INSERT INTO sessionup_sessions_ends (id, user_key, expires_at, deadline, claimed_until)
VALUES (?, X'61', 5, 6, ?)`,
      )
      .run(id, claimedUntil);

  it("is called when the session is gone for every operation and its id can be used again", async () => {
    const record = await expire();
    const seen: unknown[] = [];
    const again = sqliteStore(database, { cleanupEvery: false });
    store.onExpired(([{ id } = record]) => {
      seen.push(database.prepare("SELECT 1 FROM sessionup_sessions WHERE id = ?").all(id));
      void again.create(record, { now: NOW });
    });
    expect(await store.deleteExpired(NOW + 2, 9)).toBe(1);
    expect(seen).toEqual([[]]);
    expect(await store.deleteExpired(NOW + 2, 9)).toBe(1);
    expect(ids()).toEqual([record.id, record.id]);
    expect(entries()).toEqual([]);
  });

  it("reports sessions of a process that died when its claim has run out, not before", async () => {
    leave("abcd", NOW + MINUTE);
    await store.deleteExpired(NOW, 9);
    await store.deleteExpired(NOW + MINUTE - 1, 9);
    expect(reported).toEqual([]);
    expect(await store.deleteExpired(NOW + MINUTE, 9)).toBe(0);
    expect(reported).toEqual([{ id: "abcd", userKey: "a", expiresAt: 5, deadline: 6 }]);
    expect(entries()).toEqual([]);
  });

  it("reports all sessions of a process that died, also more than the limit", async () => {
    for (let count = 0; count < 20; count++) leave(`id${count}`, NOW);
    await store.deleteExpired(NOW, 3);
    expect(new Set(ids()).size).toBe(20);
    expect(reported).toHaveLength(20);
  });

  it("a claim by a clock that was far ahead does not keep a session from being reported", async () => {
    leave("abcd", NOW + 10 * MINUTE);
    await store.deleteExpired(NOW, 9);
    expect(ids()).toEqual(["abcd"]);
  });

  it("does not report a session again although it could not be forgotten at once", async () => {
    const record = await expire();
    // With a transaction open, the statement that forgets the session fails.
    const stop = store.onExpired(() => void database.exec("BEGIN"));
    await expect(store.deleteExpired(NOW + 2, 9)).rejects.toThrow("a transaction open");
    database.exec("COMMIT");
    stop();
    expect(entries()).toHaveLength(1);
    await store.deleteExpired(NOW + 2 + MINUTE, 9);
    expect(ids()).toEqual([record.id]);
    expect(entries()).toEqual([]);
  });

  it("an error that a listener throws rejects deleteExpired, and the session is not reported again", async () => {
    const record = await expire();
    const stop = store.onExpired(() => {
      throw new Error("listener");
    });
    await expect(store.deleteExpired(NOW + 2, 9)).rejects.toThrow("listener");
    stop();
    await store.deleteExpired(NOW + 2 + MINUTE, 9);
    expect(ids()).toEqual([record.id]);
  });

  it("removes the records of claims without reporting them", async () => {
    await expire({ userKey: `${CLAIM_PREFIX}used` });
    expect(await store.deleteExpired(NOW + 2, 9)).toBe(1);
    expect(reported).toEqual([]);
  });
});
