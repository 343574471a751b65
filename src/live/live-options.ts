import type { Duration } from "../duration.ts";
import { type OptionTable, type ParsedOptions, parseInterval, parseOptions } from "../options/parsers.ts";

/** The options of `liveSessions`. */
export interface LiveOptions {
  /**
   * How often one query asks the store about all sessions that have open connections or a signal. It finds what no event
   * reported: sessions that another process ended, if the store has no `subscribe` or an event was lost. Default `"1m"`; at
   * most `"24d"`.
   */
  readonly recheck?: Duration;
}

const LIVE = { recheck: { parse: parseInterval, default: "1m" } } as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const LIVE_TABLE: OptionTable = LIVE;

/** Parses the options of `liveSessions`. Throws `TypeError`. @internal */
export function parseLiveOptions(options: LiveOptions): ParsedOptions<typeof LIVE> {
  return parseOptions(options, LIVE, "liveSessions");
}
