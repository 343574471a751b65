import type { Exchange } from "../exchange.ts";
import type { NoSession } from "../lifecycle/auth-result.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { AcceptedToken } from "../rules/verify-token.ts";
import type { MaybePromise, SessionRecord } from "../store.ts";
import type { ClientValidationOptions } from "./client-validation-options.ts";
import type { ResolvedOptions } from "./manager-options.ts";

/** Compares the client of each request with that of the login. Created by `clientValidation()` of `sessionup/client-validation`. */
export interface ClientValidator extends Required<ClientValidationOptions> {
  /** Throws `TypeError` where the manager's other options do not allow it. @internal */
  check(options: ResolvedOptions): void;
  /** Rejects the client of a request, or returns `undefined`. `held` are the sessions that the client has proved to hold. @internal */
  rejectChanged(
    lifecycle: Lifecycle,
    exchange: Exchange,
    accepted: AcceptedToken,
    held: readonly SessionRecord[],
    at: number,
  ): MaybePromise<NoSession> | undefined;
}
