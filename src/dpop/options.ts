import { parseDuration } from "../duration.ts";
import {
  invalidOption,
  type OptionTable,
  oneOf,
  type ParsedOptions,
  parseOptions,
} from "../options/parsers.ts";
import { ALGORITHMS, type DpopAlgorithm, SCHEMES } from "./algorithms.ts";
import { normalizeUri } from "./target-uri.ts";

function parseAlgorithms(value: unknown, name: string): readonly DpopAlgorithm[] {
  const isAlgorithm = (item: string): item is DpopAlgorithm => Object.hasOwn(SCHEMES, item);
  if (Array.isArray(value) && value.length > 0 && value.every(isAlgorithm)) return Object.freeze([...value]);
  throw invalidOption(name, `an array of one or more of ${ALGORITHMS.join(", ")}`, value);
}

/** Parses the URLs of the app's root. Returns them without the slash at their end. */
function parseBaseUrls(value: unknown, name: string): readonly string[] {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const urls = given.flatMap(
    (url) => (typeof url === "string" && !/[?#]/.test(url) && normalizeUri(url)) || [],
  );
  if (urls.length === 0 || urls.length < given.length)
    throw invalidOption(
      name,
      'the URL at which clients reach the app, such as "https://api.example.com", or an array of URLs',
      value,
    );
  return urls.map((url) => url.replace(/\/+$/, ""));
}

const DPOP = {
  baseUrl: { parse: parseBaseUrls, required: true },
  algorithms: { parse: parseAlgorithms, default: ALGORITHMS },
  window: { parse: parseDuration, default: "1m" },
  nonce: { parse: parseDuration },
  replay: { parse: oneOf("reject", "allow-within-window"), default: "reject" },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const DPOP_TABLE: OptionTable = DPOP;

/** The parsed options of `dpop`. @internal */
export type ParsedDpop = ParsedOptions<typeof DPOP>;

/** Parses the options of `dpop`. Throws `TypeError`. @internal */
export function parseDpopOptions(options: object): ParsedDpop {
  return parseOptions(options, DPOP, "dpop");
}
