/** The SQLite store over the drivers that the runtime itself has, or that are named in DRIVERS. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { KILLS_TIMEOUT, killRuns, killWriters } from "../contract/kills.ts";
import { closedConnectionTest } from "../stores/sqlite/closed.ts";
import { driverNamed } from "./_drivers.ts";
import { sqliteSuite } from "./_sqlite-suite.ts";

const names = process.env.DRIVERS?.split(",") ?? [];
if (names.length === 0) throw new Error("DRIVERS names no driver.");
for (const name of names) {
  sqliteSuite(name, await driverNamed(name));
  describe(`sqlite × ${name}, in processes of its own`, () => {
    const folder = mkdtempSync(join(tmpdir(), "sessionup-engine-"));
    afterAll(() => rmSync(folder, { recursive: true }));
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
}
