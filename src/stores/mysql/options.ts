import {
  type OptionTable,
  type ParsedOptions,
  parseBoolean,
  parseOptions,
  resultOf,
} from "../../options/parsers.ts";
import { cleanupOptions } from "../shared/cleanup.ts";
import { TIMEOUT } from "../shared/deadline.ts";
import { pushOption } from "../shared/push-option.ts";
import type { MysqlAudit } from "./audit.ts";
import type { MysqlPush } from "./push.ts";
import { toMysqlNames } from "./schema.ts";

const MYSQL = {
  table: { parse: toMysqlNames, default: "sessionup_sessions" },
  timeout: TIMEOUT,
  prepare: { parse: parseBoolean, default: true },
  push: pushOption<MysqlPush>("mysqlPush"),
  audit: { parse: resultOf<MysqlAudit>("mysqlAudit", "open") },
  ...cleanupOptions("1m"),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const MYSQL_TABLE: OptionTable = MYSQL;

/** Parses the options of `mysqlStore`. Throws `TypeError`. @internal */
export function parseMysqlOptions(options: object): ParsedOptions<typeof MYSQL> {
  return parseOptions(options, MYSQL, "mysqlStore", "");
}
