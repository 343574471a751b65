import {
  invalidOption,
  type OptionTable,
  type ParsedOptions,
  type Parser,
  parseBoolean,
  parseOptions,
} from "../../options/parsers.ts";
import { cleanupOptions } from "../shared/cleanup.ts";
import { TIMEOUT } from "../shared/deadline.ts";
import type { PostgresPush } from "./push.ts";
import { parseName } from "./schema.ts";

const parsePush: Parser<PostgresPush | boolean> = (value, name) => {
  if (typeof value === "boolean" || typeof (value as PostgresPush | null)?.attach === "function")
    return value as PostgresPush | boolean;
  throw invalidOption(name, "the result of postgresPush, or a boolean", value);
};

const POSTGRES = {
  schema: { parse: parseName },
  table: { parse: parseName, default: "sessionup_sessions" },
  timeout: TIMEOUT,
  prepare: { parse: parseBoolean, default: true },
  push: { parse: parsePush, default: false },
  ...cleanupOptions("1m"),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const POSTGRES_TABLE: OptionTable = POSTGRES;

/** Parses the options of `postgresStore`. Throws `TypeError`. @internal */
export function parsePostgresOptions(options: object): ParsedOptions<typeof POSTGRES> {
  return parseOptions(options, POSTGRES, "postgresStore", "");
}
