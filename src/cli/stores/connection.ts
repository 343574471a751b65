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
  /** Returns the store, with its option `audit` if it shall write a trail and can. It connects at the first operation. */
  readonly toStore: (audits: boolean) => Store;
  /** The engine's name for people. */
  readonly engine: string;
  readonly driver: Driver;
  /** Closes the driver's connections. The store is closed before. */
  readonly close: () => Promise<unknown>;
}

/** Returns only the options that are set, as stores expect them. */
export function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]?: NonNullable<Options[Name]> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Options]?: NonNullable<Options[Name]> };
}
