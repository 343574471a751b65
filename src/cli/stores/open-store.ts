import type { TrailStore } from "../../audit/trail-store.ts";
import type { Duration } from "../../duration.ts";
import { getLifecycle } from "../../lifecycle/lifecycle.ts";
import { Manager } from "../../manager.ts";
import type { Store } from "../../store.ts";
import type { SqlStore } from "../../stores/shared/sql-store.ts";
import { usageError } from "../cli-error.ts";
import type { Context } from "../command.ts";
import type { Connection, StoreSettings } from "./connection.ts";
import type { Driver } from "./driver.ts";
import { findTrail } from "./find-trail.ts";
import { parseLocation, type StoreLocation } from "./location.ts";
import { checkStoreFlags, type StoreValues } from "./store-flags.ts";

/** A store that is ready to be asked. */
export interface OpenedStore {
  readonly manager: Manager<unknown, unknown>;
  readonly store: Store;
  /** The manager's clock. */
  readonly now: () => number;
  readonly location: StoreLocation;
  /** The engine's name for people. */
  readonly engine: string;
  /** Absent for a module, which has its own. */
  readonly driver?: Driver;
  /** Returns the store's audit trail, or `undefined` if it has none. */
  readonly findTrail: () => Promise<TrailStore | undefined>;
  readonly close: () => Promise<void>;
}

/** The needs of a command besides the location of the store. */
export interface StoreNeeds {
  readonly tombstones?: Duration | undefined;
  readonly push?: boolean;
  readonly subscribes?: boolean;
  /** Whether the store writes its audit trail: if there is one, or always, which needs the tables of one. Default: never. */
  readonly trail?: "existing" | "always" | undefined;
  readonly creates?: boolean;
  readonly isOffline?: boolean;
}

/** Whether a store has tables. */
export function isSqlStore(store: Store): store is SqlStore {
  return "migrate" in store && typeof store.migrate === "function";
}

/** Returns the value of `--store` or of the variable. */
function requireStore(given: string | undefined, env: Context["env"]): string {
  const text = given ?? env.SESSIONUP_STORE;
  if (text) return text;
  throw usageError(
    "Name the store with --store or the variable SESSIONUP_STORE.",
    "Examples: --store redis://localhost:6379   --store ./sessions.js",
  );
}

/** Opens the store that the flags or the environment name. */
export async function openStore(
  { env, cwd, terminal }: Context,
  values: StoreValues,
  needs: StoreNeeds = {},
): Promise<OpenedStore> {
  const location = parseLocation(requireStore(values.store, env));
  checkStoreFlags(values, location);
  const { tombstones, push = true, subscribes = false } = needs;
  const { creates = false, isOffline = false } = needs;
  if (location.engine === "module") {
    if (tombstones !== undefined)
      throw usageError("--tombstones has no effect on a module: its Manager has the option.");
    if (needs.trail === "always")
      throw usageError("--audit has no effect on a module: set the store's option audit there.");
    return toOpened(await (await import("./module.ts")).loadManager(location.path, cwd), location);
  }
  const { table, schema, prefix, name, timeout } = values;
  const settings = { table, schema, prefix, name, timeout, push, subscribes, creates, isOffline };
  const warn = (message: string) => terminal.note(message);
  const connection = await connect(location, settings, cwd, env, warn);
  try {
    const audits =
      needs.trail === "existing"
        ? (await findTrail(connection.toStore(true))) !== undefined
        : needs.trail === "always";
    const manager = new Manager<unknown, unknown>(connection.toStore(audits), {
      ...(tombstones && { tombstones }),
    });
    return toOpened(manager, location, connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function toOpened(
  manager: Manager<unknown, unknown>,
  location: StoreLocation,
  connection?: Connection,
): OpenedStore {
  const { repository, options } = getLifecycle(manager);
  return {
    manager,
    store: repository.store,
    now: options.clock,
    location,
    engine: connection?.engine ?? "the app's module",
    ...(connection && { driver: connection.driver }),
    findTrail: () => findTrail(connection?.toStore(true) ?? repository.store),
    close: async () => {
      await manager.close();
      await connection?.close();
    },
  };
}

/** Connects. Only the parts that the engine needs are loaded. */
async function connect(
  location: Exclude<StoreLocation, { engine: "module" }>,
  settings: StoreSettings,
  cwd: string,
  env: Context["env"],
  warn: (message: string) => void,
): Promise<Connection> {
  switch (location.engine) {
    case "redis":
      return (await import("./redis.ts")).connectRedis(location.url, settings, cwd, warn);
    case "postgres":
      return (await import("./postgres.ts")).connectPostgres(location.url, settings, cwd);
    case "mysql":
      return (await import("./mysql.ts")).connectMysql(location.url, settings, cwd);
    case "sqlite":
      return (await import("./sqlite.ts")).connectSqlite(location.path, settings, cwd);
    case "libsql":
      return (await import("./libsql.ts")).connectLibsql(location.url, settings, cwd, env.LIBSQL_AUTH_TOKEN);
    case "lmdb":
      return (await import("./lmdb.ts")).connectLmdb(location.path, settings, cwd);
  }
}
