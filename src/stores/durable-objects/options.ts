import {
  invalidOption,
  type OptionTable,
  type ParsedOptions,
  type Parser,
  parseOptions,
} from "../../options/parsers.ts";
import { TIMEOUT } from "../shared/deadline.ts";
import type { DurableObjectPush } from "./push.ts";

const parsePush: Parser<DurableObjectPush> = (value, name) => {
  if (typeof (value as DurableObjectPush | null)?.attach === "function") return value as DurableObjectPush;
  throw invalidOption(name, "the result of durableObjectPush", value);
};

const DURABLE_OBJECTS = { timeout: TIMEOUT, push: { parse: parsePush } } as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const DURABLE_OBJECTS_TABLE: OptionTable = DURABLE_OBJECTS;

/** Parses the options of `durableObjectStore`. Throws `TypeError`. @internal */
export function parseDurableObjectsOptions(options: object): ParsedOptions<typeof DURABLE_OBJECTS> {
  return parseOptions(options, DURABLE_OBJECTS, "durableObjectStore", "");
}
