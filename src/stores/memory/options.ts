import {
  type OptionTable,
  type ParsedOptions,
  parseOptions,
  parsePositiveInteger,
} from "../../options/parsers.ts";
import { cleanupOptions } from "../shared/cleanup.ts";

const MEMORY = { maxRecords: { parse: parsePositiveInteger }, ...cleanupOptions("1s") } as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const MEMORY_TABLE: OptionTable = MEMORY;

/** Parses the options of `memoryStore`. Throws `TypeError`. @internal */
export function parseMemoryOptions(options: object): ParsedOptions<typeof MEMORY> {
  return parseOptions(options, MEMORY, "memoryStore", "");
}
