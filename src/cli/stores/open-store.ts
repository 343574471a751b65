import type { TrailStore } from "../../audit/trail-store.ts";
import type { Duration } from "../../duration.ts";
import { getLifecycle } from "../../lifecycle/lifecycle.ts";
import { Manager } from "../../manager.ts";
import type { Store } from "../../store.ts";
import type { SqlStore } from "../../stores/shared/sql-store.ts";
import { usageError } from "../cli-error.ts";
import type { Context } from "../command.ts";
import type { Connection, OpenMode, StoreSettings } from "./connection.ts";
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
export interface StoreNeeds extends OpenMode {
  readonly tombstones?: Duration | undefined;
  /** Whether the store writes its audit trail: if there is one, or always, which needs the tables of one. Default: never. */
  readonly trail?: "existing" | "always" | undefined;
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
  context: Context,
  values: StoreValues,
  { tombstones, trail, ...mode }: StoreNeeds = {},
): Promise<OpenedStore> {
  const location = parseLocation(requireStore(values.store, context.env));
  checkStoreFlags(values, location);
  if (location.engine === "module") {
    if (tombstones !== undefined)
      throw usageError("--tombstones has no effect on a module: its Manager has the option.");
    if (trail === "always")
      throw usageError("--audit has no effect on a module: set the store's option audit there.");
    const { loadManager } = await import("./module.ts");
    return toOpened(await loadManager(location.path, context.cwd), location);
  }
  const connection = await connect(location, { ...values, ...mode }, context);
  try {
    const store = await toStore(connection, trail);
    const manager = new Manager<unknown, unknown>(store, { ...(tombstones && { tombstones }) });
    return toOpened(manager, location, connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function toStore({ toStore: create }: Connection, trail: StoreNeeds["trail"]): Promise<Store> {
  const store = create(trail !== undefined);
  return trail === "existing" && !(await findTrail(store)) ? create(false) : store;
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
  { cwd, env, terminal }: Context,
): Promise<Connection> {
  switch (location.engine) {
    case "redis":
      return (await import("./redis.ts")).connectRedis(location.url, settings, cwd, (message) =>
        terminal.note(message),
      );
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
