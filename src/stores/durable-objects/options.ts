import { type OptionTable, type ParsedOptions, parseOptions } from "../../options/parsers.ts";
import { TIMEOUT } from "../shared/deadline.ts";

const DURABLE_OBJECTS = { timeout: TIMEOUT } as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const DURABLE_OBJECTS_TABLE: OptionTable = DURABLE_OBJECTS;

/** Parses the options of `durableObjectStore`. Throws `TypeError`. @internal */
export function parseDurableObjectsOptions(options: object): ParsedOptions<typeof DURABLE_OBJECTS> {
  return parseOptions(options, DURABLE_OBJECTS, "durableObjectStore", "");
}
