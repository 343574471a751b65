import type { Duration } from "../duration.ts";
import type { LmdbRoot } from "./lmdb/client.ts";
import { parseLmdbOptions } from "./lmdb/options.ts";
import { takeFile } from "./lmdb/owner.ts";
import type { LmdbPush } from "./lmdb/push.ts";
import { LmdbSessions, type LmdbStore } from "./lmdb/sessions.ts";
import { LmdbTables } from "./lmdb/tables.ts";
import type { CleanupOptions } from "./shared/cleanup.ts";
import { Deadline } from "./shared/deadline.ts";

export type { LmdbDatabase, LmdbRoot } from "./lmdb/client.ts";
export { type LmdbPush, lmdbPush } from "./lmdb/push.ts";
export type { LmdbStore } from "./lmdb/sessions.ts";
export type { PollOptions } from "./shared/poll-channel.ts";

/** Options of `lmdbStore`. */
export interface LmdbStoreOptions extends CleanupOptions {
  /**
   * The file, with an extension, such as `sessions.lmdb`. No other program may have the file open at the same time, not even
   * for reading: that can undo the last write.
   */
  readonly path: string;
  /** The first part of the names of the databases in the file: six, and a seventh one with `push`. Default: `sessionup`. */
  readonly name?: string;
  /**
   * How long `lmdbStore` waits for another process to close the file, and a write for its commit, before they fail with
   * `ERR_STORE` (503). Default: `"5s"`.
   */
  readonly timeout?: Duration;
  /**
   * Whether the store records the sessions that it ends and changes, in the same transaction. The result of `lmdbPush` also
   * gives the store `subscribe`. `true` is for a thread that records and does not subscribe. Every store of the process that
   * ends or changes sessions needs the option. Default: false.
   */
  readonly push?: LmdbPush | boolean;
}

/**
 * Keeps sessions in an LMDB file, for one process at a time. Takes the function `open` of the package lmdb, or a function
 * that calls it with more options. The store calls it once no other process has the file, because opening the file beside
 * another process can undo that process's last write. Stores of one process may share a file, also in worker threads. A
 * store needs six named databases of `maxDbs` (12 by default), and seven with `push`.
 *
 * Rejects with `TypeError` for invalid options, and with `ERR_STORE` when another process keeps the file for longer than
 * `timeout`, or when a later release has changed the file.
 *
 * @example
 * ```ts
 * import { open } from "lmdb";
 * import { Manager } from "sessionup";
 * import { lmdbStore } from "sessionup/stores/lmdb";
 *
 * const manager = new Manager(await lmdbStore(open, { path: "sessions.lmdb" }));
 * ```
 */
export async function lmdbStore(
  open: (file: { readonly path: string }) => LmdbRoot,
  options: LmdbStoreOptions,
): Promise<LmdbStore> {
  if (typeof open !== "function")
    throw new TypeError(
      'open must be the function open of the package lmdb, as in lmdbStore(open, { path: "sessions.lmdb" }).',
    );
  const { path, name, timeout, push, ...cleanup } = parseLmdbOptions(options);
  const deadline = new Deadline(timeout);
  const release = await takeFile(path, deadline.milliseconds);
  let root: LmdbRoot | undefined;
  try {
    root = open({ path });
    const tables = new LmdbTables(validateRoot(root), name, push !== false);
    await tables.migrate();
    const store = new LmdbSessions(tables, deadline, cleanup, release);
    return tables.events && typeof push === "object" ? push.attach(store, tables.events) : store;
  } catch (error) {
    await root?.close?.();
    release();
    throw error;
  }
}

function validateRoot(root: LmdbRoot): LmdbRoot {
  if (typeof root?.openDB !== "function" || typeof root.transaction !== "function")
    throw new TypeError("open must return the root database that open of the package lmdb returns.");
  if (root.useWritemap)
    throw new TypeError(
      "useWritemap must not be set: LMDB could not undo a write that failed halfway. Open the file without it.",
    );
  return root;
}
