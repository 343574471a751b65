import { SessionError } from "../../errors.ts";
import type { ExpiredSession, SessionRecord, Store } from "../../store.ts";

/** A store in a database with SQL, which creates its own tables. */
export interface SqlStore extends Store {
  /**
   * Creates the tables or upgrades them to this release. Several processes may call `migrate` at the same time. Call it
   * once when the app starts or is deployed, or run `migrationSql()` yourself. Rejects when a later release of sessionup
   * has created the tables.
   */
  migrate(): Promise<void>;
  /** Returns the SQL with which `migrate` creates the tables in a database that has none. */
  migrationSql(): string;
  fetchById(id: string): Promise<SessionRecord | undefined>;
  deleteExpired(now: number, limit: number): Promise<number>;
  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void;
  close(): Promise<void>;
}

/** Creates the error of an operation on a table that `migrate` has not created or upgraded. */
export function tableError(
  store: string,
  state: "missing" | "from an earlier release",
  cause: unknown,
): SessionError {
  const message = `${store}: the table is ${state}. Call migrate() before using the store.`;
  return new SessionError("ERR_STORE", message, { cause });
}

/** Creates the error of `migrate` for a table that a later release has upgraded. */
export function versionError(store: string, version: number, supported: number): SessionError {
  const message = `${store}: the table has version ${version}, this release supports ${supported}. Upgrade sessionup.`;
  return new SessionError("ERR_STORE", message);
}
