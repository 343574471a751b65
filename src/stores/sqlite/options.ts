import { type OptionTable, type ParsedOptions, parseOptions, resultOf } from "../../options/parsers.ts";
import { cleanupOptions } from "../shared/cleanup.ts";
import { TIMEOUT } from "../shared/deadline.ts";
import { pushOption } from "../shared/push-option.ts";
import type { SqliteAudit } from "./audit.ts";
import type { SqlitePush } from "./push.ts";
import { toSqliteNames } from "./schema.ts";

/** The options of `sqliteStore` and of `libsqlStore`. */
const SQLITE = {
  table: { parse: toSqliteNames, default: "sessionup_sessions" },
  timeout: TIMEOUT,
  push: pushOption<SqlitePush>("sqlitePush or libsqlPush"),
  audit: { parse: resultOf<SqliteAudit>("sqliteAudit", "open") },
  ...cleanupOptions("1m"),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const SQLITE_TABLE: OptionTable = SQLITE;

/** Parses the options of `store`. Throws `TypeError`. @internal */
export function parseSqliteOptions(options: object, store: string): ParsedOptions<typeof SQLITE> {
  return parseOptions(options, SQLITE, store, "");
}
