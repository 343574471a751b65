import { type Duration, parseDuration } from "../../duration.ts";
import { usageError } from "../cli-error.ts";
import { type FlagValues, parseText, type Switch, type ValueFlag } from "../flag.ts";
import type { StoreLocation } from "./location.ts";

/** Accepts a duration such as `5s`. */
function parseSpan(text: string, flag: string): Duration {
  try {
    parseDuration(text, flag);
    return text as Duration;
  } catch {
    throw usageError(`${flag} must be a duration such as 5s, 15m or 30d. Received "${text}".`);
  }
}

const text = (value: string, summary: string): ValueFlag<string> => ({
  group: "Store",
  value,
  summary,
  parse: parseText,
});

/** The flags of every command that uses a store. */
export const STORE_FLAGS: StoreFlags = {
  store: {
    ...text("<store>", "URL or module of the store. Default: the variable SESSIONUP_STORE"),
    short: "s",
    isPath: true,
  },
  table: text("<name>", "Table, if not sessionup_sessions (SQL)"),
  schema: text("<name>", "Schema of the table (PostgreSQL)"),
  prefix: text("<text>", "Beginning of the keys, if not sessionup: (Redis)"),
  name: text("<name>", "Name of the databases, if not sessionup (LMDB)"),
  timeout: {
    group: "Store",
    value: "<duration>",
    summary: "Longest wait for each operation. Default: 5s",
    parse: parseSpan,
  },
};

/** The flags of commands that end sessions. */
export const ENDING_FLAGS: EndingFlags = {
  by: {
    group: "Record",
    value: "<name>",
    summary: "Who does it, for the audit trail and for events. Default: your login name",
    parse: parseText,
  },
  tombstones: {
    group: "Record",
    value: "<duration>",
    summary:
      "Remember the ended sessions for this long, as the app's option tombstones does. Default: none, or the module's",
    parse: parseSpan,
  },
  "no-push": {
    group: "Record",
    summary: "Do not report the ends to the app's processes. Only for apps that use no push",
  },
};

interface StoreFlags {
  readonly store: ValueFlag<string>;
  readonly table: ValueFlag<string>;
  readonly schema: ValueFlag<string>;
  readonly prefix: ValueFlag<string>;
  readonly name: ValueFlag<string>;
  readonly timeout: ValueFlag<Duration>;
}

interface EndingFlags {
  readonly by: ValueFlag<string>;
  readonly tombstones: ValueFlag<Duration>;
  readonly "no-push": Switch;
}

/** The values of the flags of stores. */
export type StoreValues = FlagValues<Pick<StoreFlags, keyof StoreFlags>>;

const ENGINES_OF: Readonly<Record<string, readonly StoreLocation["engine"][]>> = {
  table: ["postgres", "mysql", "sqlite", "libsql"],
  schema: ["postgres"],
  prefix: ["redis"],
  name: ["lmdb"],
  timeout: ["postgres", "mysql", "sqlite", "libsql", "redis", "lmdb"],
};

/** Throws for a flag that the store does not have: it would silently look at other sessions than the operator means. */
export function checkStoreFlags(values: Readonly<Record<string, unknown>>, { engine }: StoreLocation): void {
  for (const [name, engines] of Object.entries(ENGINES_OF)) {
    if (values[name] === undefined || engines.includes(engine)) continue;
    if (engine === "module") throw usageError(`--${name} has no effect on a module: set the option there.`);
    throw usageError(
      `--${name} is not an option of this store (${engine}). It is for ${engines.join(", ")}.`,
    );
  }
}
