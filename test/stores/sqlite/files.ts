import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";

/** A temporary folder for database files. */
export class SqliteFiles {
  #folder = "";

  async make(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "sessionup-sqlite-"));
  }

  path(name = "sessions.db"): string {
    return join(this.#folder, name);
  }

  /** Runs one statement on a separate connection and returns its rows. */
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
