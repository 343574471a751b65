import type { DpopProofs } from "../options/dpop-proofs.ts";
import { matching, type OptionTable, type ParsedOptions, parseOptions, resultOf } from "../options/parsers.ts";

/** The options of `bearer`. */
export interface BearerOptions {
  /**
   * The response header that carries a new token. Default `"Session-Token"`. List it in `Access-Control-Expose-Headers` for
   * front ends on another site.
   */
  readonly header?: string;
  /**
   * Binds sessions to a key that never leaves the device: `dpop()` of `sessionup/dpop`. Default: none. A copied token then works
   * on any device.
   */
  readonly dpop?: DpopProofs;
}

const BEARER = {
  header: {
    parse: matching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, "the name of a header, 1 to 64 characters"),
    default: "Session-Token",
  },
  dpop: { parse: resultOf<DpopProofs>("dpop", "verify") },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const BEARER_TABLE: OptionTable = BEARER;

/** The checked options of `bearer`. @internal */
export type ParsedBearer = ParsedOptions<typeof BEARER>;

/** Parses the options of `bearer`. Throws `TypeError`. @internal */
export function parseBearerOptions(options: BearerOptions): ParsedBearer {
  return parseOptions(options, BEARER, "bearer");
}
