import type { Duration } from "../duration.ts";
import { SessionError } from "../errors.ts";
import type { Exchange, RequestSource } from "../exchange.ts";
import { claimOnce } from "../lifecycle/claim.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { DpopProofs } from "../options/dpop-proofs.ts";
import type { DpopAlgorithm } from "./algorithms.ts";
import { type ParsedDpop, parseDpopOptions } from "./options.ts";
import { type VerifiedProof, verifyProof } from "./verify-proof.ts";
import { listUris } from "./target-uri.ts";

export type { DpopProofs } from "../options/dpop-proofs.ts";
export type { DpopAlgorithm } from "./algorithms.ts";

/** The options of `dpop`. */
export interface DpopOptions {
  /**
   * The URL at which clients reach the app's root, such as `"https://api.example.com"`, or an array of such URLs. It contains the
   * path that a proxy removes, if any. Never derive it from a header: a proof for the attacker's host would then be accepted.
   */
  readonly baseUrl: string | readonly string[];
  /** The signature algorithms that clients may use. Default: all that every runtime has. RSA keys need 2 048 to 4 096 bits. */
  readonly algorithms?: readonly DpopAlgorithm[];
  /**
   * How far the time of a proof may be from the server's, in the past or in the future. Default `"1m"`. Clients with a wrong
   * clock are rejected.
   */
  readonly window?: Duration;
  /**
   * What happens to a proof that arrives again. Default `"reject"`, which costs one write to the store per request.
   * `"allow-within-window"` writes nothing: an attacker who reads a request can repeat it during the window.
   */
  readonly replay?: "reject" | "allow-within-window";
}

/** The claims of the proofs of the requests under way. A login verifies the proof for the token that it replaces, too. */
const claims = new WeakMap<RequestSource, Promise<boolean>>();

/**
 * Returns the option `dpop` of the bearer transport (RFC 9449): a session that a client begins with a proof is bound to the
 * client's key. Each of its requests then needs a proof by this key, so a copied token is useless without the key. A client
 * that sends no proof at its login gets a plain bearer token.
 *
 * Only requests with the scheme `DPoP` wait for the signature. Needs an adapter that knows the URL of the request: all except
 * `sessionup/socket.io`, and `sessionup/next` outside of wrapped Route Handlers.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { bearer } from "sessionup/bearer";
 * import { dpop } from "sessionup/dpop";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const proofs = dpop({ baseUrl: "https://api.example.com" });
 * export const manager = new Manager(memoryStore(), { transports: ["cookie", bearer({ dpop: proofs })] });
 * ```
 */
export function dpop(options: DpopOptions): DpopProofs {
  const parsed = parseDpopOptions(options);
  const challenge = `algs="${parsed.algorithms.join(" ")}"`;
  return Object.freeze({
    challenge,
    async bind(exchange, lifecycle) {
      if (exchange.header("dpop") === undefined) return undefined;
      const proof = await acceptProof(exchange, lifecycle, parsed);
      if (proof) return proof.jkt;
      if (exchange.blocked("header") === undefined)
        exchange.setHeader("www-authenticate", `DPoP error="invalid_dpop_proof", ${challenge}`);
      throw SessionError.unauthorized("malformed");
    },
    async verify(exchange, lifecycle, bound) {
      const proof = await acceptProof(exchange, lifecycle, parsed, bound);
      return proof ? "ok" : "invalid_dpop_proof";
    },
  } satisfies DpopProofs);
}

/** Verifies the proof of a request and claims it, so that no other request can use it. */
async function acceptProof(
  exchange: Exchange,
  lifecycle: Lifecycle,
  { baseUrl, algorithms, window, replay }: ParsedDpop,
  bound: { readonly token?: string; readonly jkt?: string } = {},
): Promise<VerifiedProof | undefined> {
  const source = exchange.source?.();
  if (!source)
    throw new TypeError(
      "dpop requires the URL of the request, which this adapter does not know here. See the caveats in the guide about DPoP.",
    );
  const proof = await verifyProof(exchange.header("dpop"), {
    ...bound,
    method: exchange.method(),
    uris: listUris(baseUrl, source.originalUrl ?? source.url),
    now: lifecycle.options.clock(),
    window,
    algorithms,
  });
  // Last, so that only proofs by the right key cost a write.
  if (!proof || replay === "allow-within-window") return proof;
  let claim = claims.get(source);
  if (!claim) {
    // Another process may accept the proof for longer, because its clock is behind.
    const until = Math.ceil(proof.issuedAt + 2 * window);
    claim = claimOnce(lifecycle, "dpop", `${proof.jkt} ${proof.jti}`, until);
    claims.set(source, claim);
  }
  return (await claim) ? proof : undefined;
}
