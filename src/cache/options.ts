import { parseDuration } from "../duration.ts";
import {
  aFunction,
  type OptionTable,
  type ParsedOptions,
  parseInterval,
  parseOptions,
  parsePositiveInteger,
} from "../options/parsers.ts";

const CACHE = {
  maxAge: { parse: parseDuration, default: "10s" },
  maxEntries: { parse: parsePositiveInteger, default: 10_000 },
  writeEvery: {
    parse: (value: unknown, name: string) => (value === false ? undefined : parseInterval(value, name)),
    default: "10s",
  },
  onError: { parse: aFunction<(error: unknown) => void>(), default: warn },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const CACHE_TABLE: OptionTable = CACHE;

/** The parsed options of `cached`. @internal */
export type ParsedCache = ParsedOptions<typeof CACHE>;

/** Parses the options of `cached`. Throws `TypeError`. @internal */
export function parseCacheOptions(options: object): ParsedCache {
  return parseOptions(options, CACHE, "cached", "");
}

function warn(error: unknown): void {
  console.warn("sessionup: the cache works with less effect, and tries again.", error);
}
