import {
  invalidOption,
  type OptionTable,
  type ParsedOptions,
  type Parser,
  parseOptions,
} from "../../options/parsers.ts";
import { cleanupOptions } from "../shared/cleanup.ts";

const parseMaxRecords: Parser<number> = (value, name) => {
  if (typeof value === "number" && value >= 1) return value;
  throw invalidOption(name, "a number of at least 1", value);
};

const MEMORY = { maxRecords: { parse: parseMaxRecords }, ...cleanupOptions("1s") } as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const MEMORY_TABLE: OptionTable = MEMORY;

/** Parses the options of `memoryStore`. Throws `TypeError`. @internal */
export function parseMemoryOptions(options: object): ParsedOptions<typeof MEMORY> {
  return parseOptions(options, MEMORY, "memoryStore", "");
}
