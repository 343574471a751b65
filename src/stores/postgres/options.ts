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
import type { PostgresAudit } from "./audit.ts";
import type { PostgresPush } from "./push.ts";
import { parseName } from "./schema.ts";

const POSTGRES = {
  schema: { parse: parseName },
  table: { parse: parseName, default: "sessionup_sessions" },
  timeout: TIMEOUT,
  prepare: { parse: parseBoolean, default: true },
  push: pushOption<PostgresPush>("postgresPush"),
  audit: { parse: resultOf<PostgresAudit>("postgresAudit", "open") },
  ...cleanupOptions("1m"),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const POSTGRES_TABLE: OptionTable = POSTGRES;

/** Parses the options of `postgresStore`. Throws `TypeError`. @internal */
export function parsePostgresOptions(options: object): ParsedOptions<typeof POSTGRES> {
  return parseOptions(options, POSTGRES, "postgresStore", "");
}
