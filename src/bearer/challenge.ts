import type { NeededAuthentication } from "../errors.ts";
import type { DpopError } from "../options/dpop-proofs.ts";

/** The rejection that a challenge describes. */
interface Rejection {
  readonly needed: NeededAuthentication | undefined;
  /** Whether the client presented a token by this transport. Without one, the challenge has no error. */
  readonly isPresented: boolean;
  /** The result of the proof, if it was rejected. */
  readonly dpopError: DpopError | undefined;
  /** The parameters of the scheme `DPoP`, if the manager accepts it. */
  readonly dpop: string | undefined;
}

/** Returns the value of `WWW-Authenticate`: RFC 6750 section 3, RFC 9470 section 3 and RFC 9449 section 7.1. */
export function toChallenge({ needed, isPresented, dpopError, dpop }: Rejection): string {
  // RFC 6750 section 3 requires a parameter.
  const parameters = { realm: "sessions", ...(isPresented && !dpopError && toError(needed)) };
  const bearer = `Bearer ${Object.entries(parameters)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ")}`;
  if (dpop === undefined) return bearer;
  return `${bearer}, DPoP ${dpopError ? `error="${dpopError}", ` : ""}${dpop}`;
}

function toError(needed: NeededAuthentication | undefined): Readonly<Record<string, string | number>> {
  if (!needed) return { error: "invalid_token" };
  return {
    error: "insufficient_user_authentication",
    error_description: "The user must re-authenticate.",
    ...(needed.maxAge !== undefined && { max_age: needed.maxAge }),
    ...(needed.level !== undefined && { acr_values: needed.level }),
  };
}
