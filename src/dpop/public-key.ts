import { hashText } from "../cookie/token.ts";
import type { SignatureScheme } from "./algorithms.ts";
import { decodeBase64url } from "./base64url.ts";

/** The members of a public key that its thumbprint covers, in the order of RFC 7638 section 3.3. No other member is kept. */
export type PublicKey =
  | { readonly crv: string; readonly kty: "EC"; readonly x: string; readonly y: string }
  | { readonly crv: string; readonly kty: "OKP"; readonly x: string }
  | { readonly e: string; readonly kty: "RSA"; readonly n: string };

/** The members of JSON Web Keys that are secret (RFC 7518 section 6, RFC 8037). */
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/** The exponent that every generator uses. A large one would make each request expensive. */
const RSA_EXPONENT = "AQAB";
/** A longer modulus makes each request expensive. */
const RSA_BYTES = { min: 256, max: 512 } as const;

/** Parses the public key of a proof. Returns `undefined` for a key that is private or does not fit the scheme. */
export function parsePublicKey(
  jwk: Readonly<Record<string, unknown>>,
  { kty, crv, coordinateBytes }: SignatureScheme,
): PublicKey | undefined {
  if (jwk.kty !== kty || SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member))) return undefined;
  const { x, y, n, e } = jwk;
  if (kty === "RSA") {
    if (e !== RSA_EXPONENT || typeof n !== "string") return undefined;
    const modulus = decodeBase64url(n);
    // A leading zero would be another text of the same key.
    if (!modulus?.[0] || modulus.length < RSA_BYTES.min || modulus.length > RSA_BYTES.max) return undefined;
    return { e, kty, n };
  }
  const isCoordinate = (value: unknown): value is string =>
    typeof value === "string" && decodeBase64url(value)?.length === coordinateBytes;
  if (crv === undefined || jwk.crv !== crv || !isCoordinate(x)) return undefined;
  if (kty === "OKP") return { crv, kty, x };
  return isCoordinate(y) ? { crv, kty, x, y } : undefined;
}

/** Returns the SHA-256 thumbprint of a key (RFC 7638), in base64url. */
export function computeThumbprint(key: PublicKey): string {
  return hashText(JSON.stringify(key));
}
