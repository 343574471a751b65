/** Runs the SQLite store over the runtime's own drivers, or over those that DRIVERS names. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { KILLS_TIMEOUT, killRuns, killWriters } from "../contract/kills.ts";
import { closedConnectionTest } from "../stores/sqlite/closed.ts";
import { driverNamed } from "./_drivers.ts";
import { sqliteSuite } from "./_sqlite-suite.ts";

const names = process.env.DRIVERS?.split(",") ?? [];
if (names.length === 0) throw new Error("DRIVERS must name at least one driver.");
for (const name of names) {
  sqliteSuite(name, await driverNamed(name));
  describe(`sqlite × ${name}, in separate processes`, () => {
    const folder = mkdtempSync(join(tmpdir(), "sessionup-engine-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    it("every operation rejects after the app closed the connection, and the process stays alive", () =>
      closedConnectionTest(name, join(folder, "closed.db")));
    it(
      "every acknowledged write survives while processes are killed and others open the file",
      async () => {
        const { problems, opened } = await killWriters(name, join(folder, "killed.db"), killRuns(3));
        expect(problems).toEqual([]);
        expect(opened).toBeGreaterThan(3);
      },
      KILLS_TIMEOUT,
    );
  });
}
