import { type DpopAlgorithm, SCHEMES, type SignatureScheme } from "./algorithms.ts";
import { decodeBase64url } from "./base64url.ts";
import { type PublicKey, parsePublicKey } from "./public-key.ts";

/** A well-formed proof. Nothing of it has been verified. */
export interface DpopProof {
  readonly scheme: SignatureScheme;
  readonly key: PublicKey;
  readonly claims: ProofClaims;
  /** The text that the signature covers. */
  readonly signed: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** The claims of RFC 9449 section 4.2 that this server reads. */
export interface ProofClaims {
  /** Differs in each proof of a key. */
  readonly jti: string;
  /** The method of the request. */
  readonly htm: string;
  /** The URI of the request. */
  readonly htu: string;
  /** When the client created the proof, in seconds since 1970. */
  readonly iat: number;
  /** The hash of the token that is sent with the proof. */
  readonly ath: string | undefined;
  /** The nonce of the server, in a server that asks for one. */
  readonly nonce: unknown;
}

/** The longest accepted proof, in characters. With an RSA key of 4 096 bits, a proof has about 2 kB. */
const MAX_LENGTH = 8_192;
const MAX_JTI_LENGTH = 256;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses the header `DPoP`: one JWT in compact form. Returns `undefined` for anything else, also for two headers that were
 * joined to one. Never throws.
 */
export function parseProof(
  text: string | undefined,
  algorithms: readonly DpopAlgorithm[],
): DpopProof | undefined {
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  const parts = text.split(".");
  const [header = "", payload = "", last = ""] = parts;
  const signature = parts.length === 3 && decodeBase64url(last);
  if (!signature) return undefined;
  const { typ, alg, jwk, crit } = parseObject(header) ?? {};
  // `crit` lists extensions that a verifier must know, and this one knows none.
  if (typ !== "dpop+jwt" || crit !== undefined || !isObject(jwk)) return undefined;
  const algorithm = algorithms.find((name) => name === alg);
  const scheme = algorithm && SCHEMES[algorithm];
  const key = scheme && parsePublicKey(jwk, scheme);
  const claims = key && parseClaims(parseObject(payload) ?? {});
  return claims && { scheme, key, claims, signed: `${header}.${payload}`, signature };
}

function parseClaims({ jti, htm, htu, iat, ath, nonce }: JsonObject): ProofClaims | undefined {
  if (typeof jti !== "string" || jti === "" || jti.length > MAX_JTI_LENGTH) return undefined;
  if (typeof htm !== "string" || typeof htu !== "string" || typeof iat !== "number") return undefined;
  return ath === undefined || typeof ath === "string" ? { jti, htm, htu, iat, ath, nonce } : undefined;
}

/** Parses a part of a JWT: a JSON object as UTF-8 in base64url. */
function parseObject(part: string): JsonObject | undefined {
  const bytes = decodeBase64url(part);
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
