import { SessionError } from "../../errors.ts";
import { type LmdbRoot, lmdbStore } from "../../stores/lmdb.ts";
import { CliError } from "../cli-error.ts";
import { type Connection, given, type StoreSettings } from "./connection.ts";
import { loadDriver } from "./driver.ts";
import { requireFile } from "./sqlite.ts";

interface LmdbModule {
  open(file: { readonly path: string }): LmdbRoot;
}

/** Opens a file that no other process has open. */
export async function connectLmdb(
  path: string,
  { name, timeout, creates }: StoreSettings,
  cwd: string,
): Promise<Connection> {
  const driver = loadDriver(["lmdb"], cwd);
  const { open } = driver.exports as LmdbModule;
  const file = requireFile(path, cwd, creates);
  try {
    const options = { ...given({ name, timeout }), path: file, cleanupEvery: false } as const;
    const store = await lmdbStore(open, options);
    return { toStore: () => store, engine: "LMDB", driver, close: async () => undefined };
  } catch (cause) {
    if (!SessionError.is(cause)) throw cause;
    throw new CliError(cause.message, {
      cause: cause.cause,
      hints: [
        "An LMDB file has one owner process: stop the app first, or end sessions through the app itself.",
      ],
    });
  }
}
