import type { Context } from "hono";
import type { SessionError } from "../../errors.ts";
import {
  aFunction,
  matching,
  type OptionTable,
  type ParsedOptions,
  parseOptions,
} from "../../options/parsers.ts";
import { rejectOption } from "../shared/reject-option.ts";
import { socketAddress } from "./exchange.ts";

/** The options of `honoSessions`. */
export interface HonoSessionsOptions<As extends string = "session"> {
  /** The name of the session in `c.var`. Default `"session"`. A second manager needs a name of its own. */
  readonly as?: As;
  /**
   * Returns the address of the connected peer: `(c) => getConnInfo(c).remote.address` with the `getConnInfo` of your runtime,
   * or a header that your edge sets and no client can. Default: the socket's address on `@hono/node-server`, unknown elsewhere.
   */
  readonly peerAddress?: (c: Context) => string | undefined;
  /**
   * Responds to a rejected request in place of the default JSON. `error.status` is 401, 403 for a page of another origin, or
   * 503 when the store does not answer. Show a 503 as an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, c: Context) => Response | Promise<Response>;
}

const HONO = {
  as: { parse: matching(/./s, "a name for c.var"), default: "session" },
  peerAddress: {
    parse: aFunction<NonNullable<HonoSessionsOptions["peerAddress"]>>(),
    default: socketAddress,
  },
  reject: rejectOption<HonoSessionsOptions>(),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const HONO_TABLE: OptionTable = HONO;

/** Parses the options of `honoSessions`. Throws `TypeError`. @internal */
export function parseHonoOptions(options: HonoSessionsOptions<string>): ParsedOptions<typeof HONO> {
  return parseOptions(options, HONO, "honoSessions");
}
