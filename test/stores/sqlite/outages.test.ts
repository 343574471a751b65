import assert from "node:assert/strict";
import { join } from "node:path";
import Database from "libsql";
import { sqliteStore } from "sessionup/stores/sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type OutageApp, startApp } from "../../contract/outages/app.ts";
import { crashSuite } from "../../contract/outages/crashes.ts";
import { expectOutage, expectRecovery } from "../../contract/outages/traffic.ts";
import { signIn, stranger } from "../../contract/outages/visitor.ts";
import { SqliteFiles } from "./files.ts";

describe("an outage of sqlite × libsql", () => {
  const files = new SqliteFiles();
  let database: Database.Database;
  let other: Database.Database | undefined;
  let store: ReturnType<typeof sqliteStore>;
  let app: OutageApp;
  beforeAll(async () => {
    await files.make();
    database = new Database(files.path());
    store = sqliteStore(database, { timeout: "1s" });
    await store.migrate();
    app = await startApp(store);
  });
  afterAll(async () => {
    await app?.close();
    await store?.close();
    database?.close();
    await files.remove();
  });
  afterEach(() => {
    other?.close();
    other = undefined;
  });

  it("serves signed-in users and answers 503 to writes while another connection writes", async () => {
    const visitors = await signIn(app.origin, 1);
    const [visitor = assert.fail()] = visitors;
    other = new Database(files.path());
    other.exec("BEGIN EXCLUSIVE");
    const newcomer = stranger(app.origin);
    const [login, logout, revoke, me] = await Promise.all([
      newcomer.login(),
      visitor.ask("/logout"),
      visitor.ask("/revoke-others"),
      visitor.ask("/me"),
    ]);
    expect([login.status, logout.status, revoke.status]).toEqual([503, 503, 503]);
    expect(me.status).toBe(200);
    expect(newcomer.cookie).toBeUndefined();
    other.exec("COMMIT");
    expect((await newcomer.login()).status).toBe(200);
    expect((await newcomer.ask("/devices")).body.ids).toHaveLength(1);
    await expectRecovery(visitors);
  });

  it("serves a request whose activity cannot be written", async () => {
    const visitors = await signIn(app.origin, 1, 1);
    const [visitor = assert.fail()] = visitors;
    other = new Database(files.path());
    other.exec("BEGIN EXCLUSIVE");
    app.advance(120_000);
    expect((await visitor.ask("/me")).status).toBe(200);
    other.exec("COMMIT");
    await expectRecovery(visitors);
  });

  it("answers 503 while another connection locks the file exclusively, and recovers afterwards", async () => {
    // Outside WAL mode, a writer blocks readers too.
    const path = files.path("journal.db");
    const own = new Database(path);
    const ownStore = sqliteStore(own, { timeout: "1s" });
    await ownStore.migrate();
    own.exec("PRAGMA journal_mode = DELETE");
    const ownApp = await startApp(ownStore);
    try {
      const visitors = await signIn(ownApp.origin, 2);
      other = new Database(path);
      other.exec("BEGIN EXCLUSIVE");
      await expectOutage(ownApp.origin, visitors);
      other.exec("COMMIT");
      await expectRecovery(visitors);
    } finally {
      await ownApp.close();
      await ownStore.close();
      own.close();
    }
  });

  it("answers 503 to writes while the disk is full, and recovers afterwards", async () => {
    const visitors = await signIn(app.origin, 2);
    const [{ page_count: pages } = assert.fail()] = database.prepare("PRAGMA page_count").all() as [
      { page_count: number },
    ];
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const newcomers = Array.from({ length: 200 }, () => stranger(app.origin));
    const statuses: number[] = [];
    for (const newcomer of newcomers) statuses.push((await newcomer.login()).status);
    expect(statuses).toContain(503);
    await expectRecovery(visitors);
    database.exec("PRAGMA max_page_count = 1000000");
    expect((await stranger(app.origin).login()).status).toBe(200);
    for (const [index, newcomer] of newcomers.entries()) {
      expect((await newcomer.ask("/me")).status).toBe(statuses[index] === 200 ? 200 : 401);
    }
  });
});

describe("sqlite × libsql at shutdown", () => {
  it("answers 503 to requests that arrive after the app closed the database", async () => {
    const files = new SqliteFiles();
    await files.make();
    const database = new Database(files.path());
    const store = sqliteStore(database);
    await store.migrate();
    const app = await startApp(store);
    try {
      const [visitor = assert.fail()] = await signIn(app.origin, 1);
      database.close();
      for (const path of ["/me", "/logout", "/devices"]) expect((await visitor.ask(path)).status).toBe(503);
      expect((await stranger(app.origin).login()).status).toBe(503);
    } finally {
      await app.close();
      await store.close();
      await files.remove();
    }
  });
});

crashSuite("sqlite", (folder) => join(folder, "sessions.db"));
