import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqlitePush, sqliteStore } from "sessionup/stores/sqlite";
import { storeContract } from "sessionup/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { connectionTests, type SqliteDriver, WITHOUT_FSYNC } from "../stores/sqlite/connection.ts";

/** Runs the SQLite store's contract and the tests of the connection over a driver. */
export function sqliteSuite(name: string, driver: SqliteDriver): void {
  describe(`sqlite × ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "sessionup-engine-"));
    const path = join(folder, "sessions.db");
    const database = driver.open(path);
    database.exec(WITHOUT_FSYNC);
    beforeAll(() => sqliteStore(database).migrate());
    afterAll(() => {
      database.close();
      rmSync(folder, { recursive: true });
    });
    storeContract({ describe, it }, { create: () => sqliteStore(database) });
    describe("connection", () => {
      for (const [title, body] of Object.entries(connectionTests(driver, () => path))) it(title, body);
    });
    // Its tests leave tombstones, which the tests above would count.
    describe("push", () => {
      const create = () => sqliteStore(database, { push: sqlitePush({ interval: "10ms" }) });
      storeContract({ describe, it }, { create, another: create });
    });
  });
}
