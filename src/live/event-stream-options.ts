import type { Duration } from "../duration.ts";
import {
  type OptionTable,
  type ParsedOptions,
  parseInterval,
  parseOptions,
  parsePositiveInteger,
} from "../options/parsers.ts";

/** The options of `eventStream`. */
export interface EventStreamOptions {
  /**
   * How often a comment is sent, so that proxies keep a silent connection open, and so that a client that has disappeared is
   * noticed. Default `"15s"`; at most `"24d"`.
   */
  readonly heartbeat?: Duration;
  /**
   * How many bytes may wait for a client that reads slowly. When more would wait, the stream ends after those that do, and the
   * browser reconnects with its `Last-Event-ID`. A single event may be larger. Default `262_144`.
   */
  readonly maxBufferedBytes?: number;
}

const EVENT_STREAM = {
  heartbeat: { parse: parseInterval, default: "15s" },
  maxBufferedBytes: { parse: parsePositiveInteger, default: 262_144 },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const EVENT_STREAM_TABLE: OptionTable = EVENT_STREAM;

/** Parses the options of `eventStream`. Throws `TypeError`. @internal */
export function parseEventStreamOptions(options: EventStreamOptions): ParsedOptions<typeof EVENT_STREAM> {
  return parseOptions(options, EVENT_STREAM, "eventStream");
}
