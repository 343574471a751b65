import type { Carrier } from "../cookie/carrier.ts";
import type { NeededAuthentication, UnauthorizedReason } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { DpopProofs } from "./dpop-proofs.ts";

/** The transport of native clients. Created by `bearer()` of `sessionup/bearer`. */
export interface BearerTransport {
  /** The response header that carries a new token. */
  readonly header: string;
  /** Binds sessions to a key of the client. */
  readonly dpop: DpopProofs | undefined;
  /** Returns the lifecycle of a manager's apps, always the same for a manager. @internal */
  getApps<In, Out>(lifecycle: Lifecycle<In, Out>): AppLifecycle<In, Out>;
  /** Returns a function that finds the lifecycle of a request: that of the browsers, or that of the apps. @internal */
  connect<In, Out>(lifecycle: Lifecycle<In, Out>): (exchange: Exchange) => Lifecycle<In, Out>;
  /** Adds the challenge of a 401 to the response (RFC 6750 section 3). @internal */
  challenge(
    request: { readonly lifecycle: Lifecycle; readonly exchange: Exchange },
    reason: UnauthorizedReason,
    needed: NeededAuthentication | undefined,
  ): void;
}

/** The lifecycle of the sessions whose tokens travel in `Authorization`. @internal */
export interface AppLifecycle<In = unknown, Out = unknown> extends Lifecycle<In, Out> {
  /** Returns the same lifecycle for one login, whose caller receives the token. The record keeps `kept`. */
  issue(kept: Carrier["kept"]): Lifecycle<In, Out>;
}

/** The transports of a manager that has more than the cookie. @internal */
export interface ParsedTransports extends BearerTransport {
  /** Whether the cookie is one of them. */
  readonly hasCookie: boolean;
}
