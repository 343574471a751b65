import type { Duration } from "../duration.ts";
import { SessionError } from "../errors.ts";
import type { Exchange, RequestSource } from "../exchange.ts";
import { claimOnce } from "../lifecycle/claim.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { DpopProofs } from "../options/dpop-proofs.ts";
import type { MaybePromise } from "../store.ts";
import type { DpopAlgorithm } from "./algorithms.ts";
import { createNonce, parseNonce } from "./nonce.ts";
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
   * How long a nonce of the server is valid, such as `"5m"`. Each proof must then contain one (RFC 9449 section 9), and the time of
   * the nonce counts in place of `iat`: clients cannot create proofs ahead, and their clocks may be wrong. Requires the
   * manager's `keys`. Default: none. Proofs need no nonce.
   */
  readonly nonce?: Duration;
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
 * Throws `TypeError` for invalid options. With `nonce`, a request throws it if the manager has no `keys`.
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
      if (typeof proof === "object" && (await isFirstUse(exchange, lifecycle, proof))) return proof.jkt;
      const error = typeof proof === "string" ? proof : "invalid_dpop_proof";
      if (exchange.blocked("header") === undefined)
        exchange.setHeader("www-authenticate", `DPoP error="${error}", ${challenge}`);
      throw SessionError.unauthorized("malformed");
    },
    async verify(exchange, lifecycle, { token, jkt }) {
      const proof = await verifyRequest(exchange, lifecycle, parsed, token);
      if (typeof proof === "string") return proof;
      if (proof.jkt !== jkt) return "invalid_token";
      // Last, so that only proofs by the session's own key cost a write.
      return (await isFirstUse(exchange, lifecycle, proof)) ? "ok" : "invalid_dpop_proof";
    },
  } satisfies DpopProofs);
}

/** A verified proof, and until when it must be claimed. */
interface TimedProof extends VerifiedProof {
  /** In milliseconds since 1970. Undefined if the proof may arrive again. */
  readonly claimUntil: number | undefined;
}

/** Verifies the proof of a request, and that it names the token if there is one. */
async function verifyRequest(
  exchange: Exchange,
  { options }: Lifecycle,
  { baseUrl, algorithms, window, nonce, replay }: ParsedDpop,
  token?: string,
): Promise<TimedProof | "invalid_dpop_proof" | "use_dpop_nonce"> {
  const { url, originalUrl = url } = getSource(exchange);
  const now = options.clock();
  const proof = await verifyProof(exchange.header("dpop"), {
    method: exchange.method(),
    uris: listUris(baseUrl, originalUrl),
    ...(token !== undefined && { token }),
    now,
    window: nonce === undefined ? window : Number.POSITIVE_INFINITY,
    algorithms,
  });
  if (!proof) return "invalid_dpop_proof";
  const age = nonce ?? window;
  const issuedAt = nonce === undefined ? proof.issuedAt : acceptNonce(exchange, options, proof, nonce, now);
  if (issuedAt === undefined) return "use_dpop_nonce";
  // Another process may accept the proof for longer, because its clock is behind.
  return { ...proof, claimUntil: replay === "reject" ? Math.ceil(issuedAt + 2 * age) : undefined };
}

/** Returns the time of a valid nonce. Sends a new one in place of a missing or old one (RFC 9449 section 8.2). */
function acceptNonce(
  exchange: Exchange,
  { signer }: Lifecycle["options"],
  proof: VerifiedProof,
  maxAge: number,
  now: number,
): number | undefined {
  if (!signer) throw new TypeError("dpop.nonce requires the option keys.");
  const createdAt = parseNonce(signer, proof.nonce);
  const age = createdAt === undefined ? Number.POSITIVE_INFINITY : Math.abs(now - createdAt);
  if (age > maxAge / 2 && exchange.blocked("header") === undefined)
    exchange.setHeader("dpop-nonce", createNonce(signer, now));
  return age <= maxAge ? createdAt : undefined;
}

/** Claims the proof of a request. Returns false if another request has used it. */
function isFirstUse(
  exchange: Exchange,
  lifecycle: Lifecycle,
  { jkt, jti, claimUntil }: TimedProof,
): MaybePromise<boolean> {
  if (claimUntil === undefined) return true;
  const source = getSource(exchange);
  let claim = claims.get(source);
  if (!claim) {
    claim = claimOnce(lifecycle, "dpop", `${jkt} ${jti}`, claimUntil);
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
