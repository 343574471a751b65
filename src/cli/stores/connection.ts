import type { Store } from "../../store.ts";
import type { Driver } from "./driver.ts";
import type { StoreValues } from "./store-flags.ts";

/** The ways in which commands open a store. */
export interface OpenMode {
  /** Whether the store reports what it ends to the app's processes. Default: true. */
  readonly push?: boolean;
  /** Whether the command also receives the events of others, as `doctor` does. Default: false. */
  readonly subscribes?: boolean;
  /** Whether a file that does not exist may be created, as `migrate` does. Default: false. */
  readonly creates?: boolean;
  /** Whether only the store's statements are needed, and no database. Default: false. */
  readonly isOffline?: boolean;
}

/** The flags of stores, and the way in which the command opens the store. */
export type StoreSettings = Partial<StoreValues> & OpenMode;

/** A connection that the command line has opened. */
export interface Connection {
  /** Returns the store. With `audits` it writes an audit trail, if it can. It connects at the first operation. */
  readonly toStore: (audits: boolean) => Store;
  /** The engine's name for people. */
  readonly engine: string;
  readonly driver: Driver;
  /** Closes the driver's connections. The store is closed before. */
  readonly close: () => Promise<unknown>;
}

/** The options that every store with tables has. */
interface SqlOptions<Audit, Push> {
  readonly table?: string;
  readonly timeout?: NonNullable<StoreValues["timeout"]>;
  readonly audit?: NonNullable<Audit>;
  readonly cleanupEvery: false;
  readonly push: boolean | Push;
}

/** Returns the options of a store with tables. `createPush` is for a store that subscribes. Default: it does not subscribe. */
export function toSqlOptions<Audit, Push>(
  { table, timeout, push = true, subscribes }: StoreSettings,
  audit: Audit | undefined,
  createPush?: () => Push,
): SqlOptions<Audit, Push> {
  return {
    ...given({ table, timeout, audit }),
    cleanupEvery: false,
    push: subscribes && createPush ? createPush() : push,
  };
}

/** Returns only the options that are set, as stores expect them. */
export function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]?: NonNullable<Options[Name]> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Options]?: NonNullable<Options[Name]> };
}
