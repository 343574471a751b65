import { hashText } from "../cookie/token.ts";
import type { DpopAlgorithm } from "./algorithms.ts";
import { type DpopProof, parseProof } from "./parse-proof.ts";
import { computeThumbprint } from "./public-key.ts";
import { normalizeUri } from "./target-uri.ts";

/** The request that a proof must be for. */
export interface ProofContext {
  readonly method: string;
  /** The normalized URIs that the request may have. */
  readonly uris: readonly string[];
  /** The token that the request presents. Then the proof must name its hash. */
  readonly token?: string;
  /** In milliseconds since 1970. */
  readonly now: number;
  /** How far `iat` may be from now, in milliseconds. */
  readonly window: number;
  readonly algorithms: readonly DpopAlgorithm[];
}

/** A proof whose signature and claims are right. It may be a replay. */
export interface VerifiedProof {
  /** The thumbprint of the key (RFC 7638). */
  readonly jkt: string;
  readonly jti: string;
  /** When the proof was created, in milliseconds since 1970. */
  readonly issuedAt: number;
  /** The claim `nonce`, which nothing has verified. */
  readonly nonce: unknown;
}

/** Verifies a proof (RFC 9449 section 4.3), except that it is new. Returns `undefined` for a wrong proof. Never throws. */
export async function verifyProof(
  text: string | undefined,
  context: ProofContext,
): Promise<VerifiedProof | undefined> {
  const proof = parseProof(text, context.algorithms);
  if (!proof || !matchesRequest(proof, context)) return undefined;
  const { jti, iat, nonce } = proof.claims;
  if (!(await verifiesSignature(proof))) return undefined;
  return { jkt: computeThumbprint(proof.key), jti, issuedAt: iat * 1_000, nonce };
}

function matchesRequest({ claims }: DpopProof, { method, uris, token, now, window }: ProofContext): boolean {
  const { htm, htu, iat, ath } = claims;
  const uri = normalizeUri(htu);
  return (
    htm === method &&
    uri !== undefined &&
    uris.includes(uri) &&
    Math.abs(now - iat * 1_000) <= window &&
    (token === undefined || ath === hashText(token))
  );
}

async function verifiesSignature({ scheme, key, signed, signature }: DpopProof): Promise<boolean> {
  const { subtle } = globalThis.crypto;
  try {
    const imported = await subtle.importKey("jwk", key, scheme.importAs, false, ["verify"]);
    return await subtle.verify(scheme.verifyAs, imported, signature, new TextEncoder().encode(signed));
  } catch {
    // The coordinates are no point of the curve.
    return false;
  }
}
