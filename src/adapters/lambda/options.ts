import type { SessionError } from "../../errors.ts";
import { aFunction, type OptionTable, type ParsedOptions, parseOptions } from "../../options/parsers.ts";
import { rejectOption } from "../shared/reject-option.ts";
import type { LambdaEvent } from "./event.ts";
import type { LambdaResult } from "./result.ts";

/** The options of `lambdaSessions`. `Event` is the app's own type of the event, as far as an option names it. */
export interface LambdaSessionsOptions<Event extends LambdaEvent = LambdaEvent> {
  /**
   * Returns the address of the connected peer, for a proxy before the function that names the client in a header which no
   * client can set. Default: `requestContext.http.sourceIp`.
   */
  readonly peerAddress?: (event: Event) => string | undefined;
  /**
   * Returns the result for a rejected request in place of the default JSON. The result gets the error's status unless it has
   * another one. `error.status` is 401, 403 for a page of another origin, or 503 when the store does not answer. Show a 503 as
   * an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, event: Event) => LambdaResult | Promise<LambdaResult>;
}

const LAMBDA = {
  peerAddress: {
    parse: aFunction<NonNullable<LambdaSessionsOptions["peerAddress"]>>(),
    default: (event: LambdaEvent) => event.requestContext.http.sourceIp,
  },
  reject: rejectOption<LambdaSessionsOptions>(),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const LAMBDA_TABLE: OptionTable = LAMBDA;

/** Parses the options of `lambdaSessions`. Throws `TypeError`. @internal */
export function parseLambdaOptions(options: LambdaSessionsOptions): ParsedOptions<typeof LAMBDA> {
  return parseOptions(options, LAMBDA, "lambdaSessions");
}
