import type { SessionError } from "../../errors.ts";
import { aFunction, type OptionTable, type ParsedOptions, parseOptions } from "../../options/parsers.ts";
import { rejectOption } from "../shared/reject-option.ts";

/** The options of `fetchSessions`. */
export interface FetchSessionsOptions {
  /**
   * Returns the address of the connected peer from the platform's other arguments: Deno's `info`, Bun's
   * `server.requestIP(request)`, or a header that your edge sets and no client can. Default: the address is unknown.
   */
  readonly peerAddress?: (request: Request, ...args: readonly never[]) => string | undefined;
  /**
   * Responds to a rejected request in place of the default JSON. `error.status` is 401, 403 for a page of another origin, or
   * 503 when the store does not answer. Show a 503 as an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, request: Request) => Response | Promise<Response>;
}

const FETCH = {
  peerAddress: { parse: aFunction<NonNullable<FetchSessionsOptions["peerAddress"]>>() },
  reject: rejectOption<FetchSessionsOptions>(),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const FETCH_TABLE: OptionTable = FETCH;

/** Parses the options of `fetchSessions`. Throws `TypeError`. @internal */
export function parseFetchOptions(options: FetchSessionsOptions): ParsedOptions<typeof FETCH> {
  return parseOptions(options, FETCH, "fetchSessions");
}
