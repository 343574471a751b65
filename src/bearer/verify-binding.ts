import { formatToken, type Token } from "../cookie/token.ts";
import type { Exchange } from "../exchange.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { DpopError, DpopProofs } from "../options/dpop-proofs.ts";
import type { AcceptedToken } from "../rules/verify-token.ts";
import type { MaybePromise } from "../store.ts";
import { readCredentials } from "./authorization.ts";

/**
 * Whether a request may use the session of its valid token. A session that is bound to a key needs the scheme `DPoP` and a
 * proof. Any other needs the scheme `Bearer`, so that an attacker cannot make a server skip the proof.
 */
export function verifyBinding(
  lifecycle: Lifecycle,
  exchange: Exchange,
  token: Token,
  { data: { jkt } }: AcceptedToken,
  dpop: DpopProofs | undefined,
): MaybePromise<"ok" | DpopError> {
  const scheme = readCredentials(exchange.header("authorization"), dpop !== undefined)?.scheme;
  if (jkt === undefined) return scheme === "bearer" ? "ok" : "invalid_token";
  if (!dpop || scheme !== "dpop") return "invalid_token";
  return dpop.verify(exchange, lifecycle, { token: formatToken(token), jkt });
}
