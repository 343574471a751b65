import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";

/** A folder for files of the suite's, gone when the tests are over. */
export class SqliteFiles {
  #folder = "";

  async make(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "sessionup-sqlite-"));
  }

  path(name = "sessions.db"): string {
    return join(this.#folder, name);
  }

  /** The rows of one statement, by a connection of its own. */
  query(sql: string, name?: string): Array<Record<string, unknown>> {
    const database = new Database(this.path(name));
    try {
      return database.prepare(sql).all() as Array<Record<string, unknown>>;
    } finally {
      database.close();
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
