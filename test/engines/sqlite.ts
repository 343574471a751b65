/** The SQLite store over the drivers that the runtime itself has, or that are named in DRIVERS. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "sessionup/stores/sqlite";
import { storeContract } from "sessionup/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KILLS_TIMEOUT, killRuns, killWriters } from "../stores/_kills.ts";
import { closedConnectionTest } from "../stores/_sqlite-closed.ts";
import { connectionTests } from "../stores/_sqlite-connection.ts";
import { driverNamed } from "./_drivers.ts";

const names = process.env.DRIVERS?.split(",") ?? [];
if (names.length === 0) throw new Error("DRIVERS names no driver.");
for (const name of names) {
  const driver = await driverNamed(name);
  describe(`sqlite × ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "sessionup-engine-"));
    const path = join(folder, "sessions.db");
    const database = driver.open(path);
    beforeAll(() => sqliteStore(database).migrate());
    afterAll(() => {
      database.close();
      rmSync(folder, { recursive: true });
    });
    storeContract({ describe, it }, { create: () => sqliteStore(database) });
    describe("connection", () => {
      for (const [title, body] of Object.entries(connectionTests(driver, () => path))) it(title, body);
      it("rejects every operation after the app closed it, and the process lives", () =>
        closedConnectionTest(name, join(folder, "closed.db")));
      it(
        "keeps every acknowledged write while processes are killed and others open the file",
        async () => {
          const { problems, opened } = await killWriters(name, join(folder, "killed.db"), killRuns(3));
          expect(problems).toEqual([]);
          expect(opened).toBeGreaterThan(3);
        },
        KILLS_TIMEOUT,
      );
    });
  });
}
