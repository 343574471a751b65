import type { Exchange } from "../exchange.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { MaybePromise } from "../store.ts";

/**
 * Why a proof is rejected: the `error` of the challenge in the 401 (RFC 9449 sections 7.1 and 9). `invalid_token` says that
 * the proof is of another key than the session's.
 *
 * @internal
 */
export type DpopError = "invalid_dpop_proof" | "use_dpop_nonce" | "invalid_token";

/**
 * Binds the sessions of apps to a key that never leaves the device (RFC 9449). Created by `dpop()` of `sessionup/dpop`, for
 * `bearer({ dpop })`.
 *
 * With it, the scheme `DPoP` is read like `Bearer`. A session whose record has `jkt` is accepted only with the scheme `DPoP` and
 * a proof that `verify` accepts. One without `jkt` is accepted only with the scheme `Bearer`.
 */
export interface DpopProofs {
  /** The parameters of the challenge `WWW-Authenticate: DPoP …`, such as `algs="ES256"`. */
  readonly challenge: string;
  /**
   * Called by `initBearer`, after it has checked its options and the request's origin, and before anything is written. Returns
   * the thumbprint of the key that the session is bound to (RFC 7638), which the record keeps as `data.jkt`. Without a proof it
   * returns `undefined`, and the session is not bound to a key. Throws a `SessionError` to reject the login.
   *
   * @internal
   */
  bind(exchange: Exchange, lifecycle: Lifecycle): MaybePromise<string | undefined>;
  /**
   * Called for each request whose token is valid and whose record has `jkt`, before the session is used or written. `token` is
   * the text that the client has presented, for the claim `ath`. `lifecycle` is the one of the bearer transport, for
   * `claimOnce`. May set headers such as `DPoP-Nonce`, unless `exchange.blocked()`.
   *
   * @internal
   */
  verify(
    exchange: Exchange,
    lifecycle: Lifecycle,
    bound: { readonly token: string; readonly jkt: string },
  ): MaybePromise<"ok" | DpopError>;
}
