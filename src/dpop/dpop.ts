import type { Duration } from "../duration.ts";
import { SessionError } from "../errors.ts";
import type { Exchange, RequestSource } from "../exchange.ts";
import { claimOnce } from "../lifecycle/claim.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { DpopProofs } from "../options/dpop-proofs.ts";
import type { MaybePromise } from "../store.ts";
import type { DpopAlgorithm } from "./algorithms.ts";
import { type ParsedDpop, parseDpopOptions } from "./options.ts";
import { listUris } from "./target-uri.ts";
import { type VerifiedProof, verifyProof } from "./verify-proof.ts";

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
   * Whether a proof may arrive again. Default `"reject"`, which costs one write to the store per request.
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
      const proof = await verifyRequest(exchange, lifecycle, parsed);
      if (proof && (await isFirstUse(exchange, lifecycle, parsed, proof))) return proof.jkt;
      if (exchange.blocked("header") === undefined)
        exchange.setHeader("www-authenticate", `DPoP error="invalid_dpop_proof", ${challenge}`);
      throw SessionError.unauthorized("malformed");
    },
    async verify(exchange, lifecycle, { token, jkt }) {
      const proof = await verifyRequest(exchange, lifecycle, parsed, token);
      if (proof && proof.jkt !== jkt) return "invalid_token";
      // Last, so that only proofs by the session's own key cost a write.
      return proof && (await isFirstUse(exchange, lifecycle, parsed, proof)) ? "ok" : "invalid_dpop_proof";
    },
  } satisfies DpopProofs);
}

/** Verifies the proof of a request, and that it names the token if there is one. */
function verifyRequest(
  exchange: Exchange,
  { options }: Lifecycle,
  { baseUrl, algorithms, window }: ParsedDpop,
  token?: string,
): Promise<VerifiedProof | undefined> {
  const { url, originalUrl = url } = getSource(exchange);
  return verifyProof(exchange.header("dpop"), {
    method: exchange.method(),
    uris: listUris(baseUrl, originalUrl),
    ...(token !== undefined && { token }),
    now: options.clock(),
    window,
    algorithms,
  });
}

/** Claims the proof of a request. Returns false if another request has used it. */
function isFirstUse(
  exchange: Exchange,
  lifecycle: Lifecycle,
  { window, replay }: ParsedDpop,
  { jkt, jti, issuedAt }: VerifiedProof,
): MaybePromise<boolean> {
  if (replay === "allow-within-window") return true;
  const source = getSource(exchange);
  let claim = claims.get(source);
  if (!claim) {
    // Another process may accept the proof for longer, because its clock is behind.
    claim = claimOnce(lifecycle, "dpop", `${jkt} ${jti}`, Math.ceil(issuedAt + 2 * window));
    claims.set(source, claim);
  }
  return claim;
}

function getSource(exchange: Exchange): RequestSource {
  const source = exchange.source?.();
  if (source) return source;
  throw new TypeError(
    "dpop requires an adapter that knows the URL of the request. With Next.js, wrap the Route Handler in public or auth.",
  );
}
