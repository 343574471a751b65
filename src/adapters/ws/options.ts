import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duration } from "../../duration.ts";
import type { SessionError } from "../../errors.ts";
import { type OptionTable, type ParsedOptions, parseInterval, parseOptions } from "../../options/parsers.ts";
import { rejectOption } from "../shared/reject-option.ts";

/** The options of `wsSessions`. */
export interface WsSessionsOptions {
  /**
   * How often one query asks the store which sessions of open connections have ended in another process or expired. Connections
   * whose session this manager ends close at once. Default `"1m"`; at most `"24d"`.
   */
  readonly recheck?: Duration;
  /**
   * Responds to a rejected upgrade in place of the default JSON. The connection closes when the response has been sent. No page
   * can read the response: browsers tell a script only that the connection failed. `error.status` is 401, 403 for a page of
   * another origin, or 503 when the store does not answer.
   */
  readonly reject?: (error: SessionError, request: IncomingMessage, response: ServerResponse) => unknown;
}

const WS = {
  recheck: { parse: parseInterval, default: "1m" },
  reject: rejectOption<WsSessionsOptions>(),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const WS_TABLE: OptionTable = WS;

/** Parses the options of `wsSessions`. Throws `TypeError`. @internal */
export function parseWsOptions(options: WsSessionsOptions): ParsedOptions<typeof WS> {
  return parseOptions(options, WS, "wsSessions");
}
