import { createHash } from "node:crypto";

type Claims = Readonly<Record<string, unknown>>;

/** The parameters with which WebCrypto creates keys and signatures of an algorithm of JWA. */
const PARAMETERS: Readonly<
  Record<string, { generate: EcKeyGenParams | RsaHashedKeyGenParams | Algorithm; sign: object }>
> = {
  ES256: ecdsa("P-256", "SHA-256"),
  ES384: ecdsa("P-384", "SHA-384"),
  ES512: ecdsa("P-521", "SHA-512"),
  Ed25519: { generate: { name: "Ed25519" }, sign: { name: "Ed25519" } },
  EdDSA: { generate: { name: "Ed25519" }, sign: { name: "Ed25519" } },
  PS256: { generate: rsa("RSA-PSS"), sign: { name: "RSA-PSS", saltLength: 32 } },
  RS256: { generate: rsa("RSASSA-PKCS1-v1_5"), sign: { name: "RSASSA-PKCS1-v1_5" } },
};

function ecdsa(namedCurve: string, hash: string) {
  return { generate: { name: "ECDSA", namedCurve }, sign: { name: "ECDSA", hash } };
}

function rsa(name: string, modulusLength = 2_048): RsaHashedKeyGenParams {
  return { name, modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
}

/** A client of DPoP with a key of its own, which also creates wrong proofs. */
export class Prover {
  readonly alg: string;
  readonly jwk: Claims;
  readonly #key: CryptoKey;

  private constructor(alg: string, jwk: Claims, key: CryptoKey) {
    this.alg = alg;
    this.jwk = jwk;
    this.#key = key;
  }

  static async create(alg = "ES256", modulusLength?: number): Promise<Prover> {
    const { generate } = PARAMETERS[alg] as { generate: RsaHashedKeyGenParams };
    const parameters = modulusLength ? { ...generate, modulusLength } : generate;
    const pair = (await crypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as CryptoKeyPair;
    const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    // Without the members that this kind of key lacks.
    const jwk: Claims = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e }));
    return new Prover(alg, jwk, pair.privateKey);
  }

  /** Creates a proof. `header` and `claims` replace members, and remove those that they set to `undefined`. */
  async prove(claims: Claims, header: Claims = {}): Promise<string> {
    const signed = [
      { typ: "dpop+jwt", alg: this.alg, jwk: this.jwk, ...header },
      { jti: crypto.randomUUID(), ...claims },
    ];
    return this.sign(signed.map((part) => toBase64url(JSON.stringify(part))).join("."));
  }

  /** Appends a signature to a text. */
  async sign(text: string): Promise<string> {
    const { sign } = PARAMETERS[this.alg] as { sign: Algorithm };
    const signature = await crypto.subtle.sign(sign, this.#key, new TextEncoder().encode(text));
    return `${text}.${toBase64url(new Uint8Array(signature))}`;
  }
}

/** Encodes text, as UTF-8, or bytes. */
export function toBase64url(content: string | Uint8Array): string {
  return Buffer.from(content).toString("base64url");
}

/** Returns the claim `ath` of a token. */
export function toAth(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
