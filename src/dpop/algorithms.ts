/** An asymmetric signature algorithm (JWA) that WebCrypto has on every runtime. `Ed25519` and `EdDSA` are two names of one. */
export type DpopAlgorithm = "ES256" | "ES384" | "Ed25519" | "EdDSA" | "PS256" | "RS256";

/** The keys of an algorithm, and the parameters with which WebCrypto verifies its signatures. @internal */
export interface SignatureScheme {
  readonly kty: "EC" | "OKP" | "RSA";
  /** The curve of the key. None for RSA. */
  readonly crv?: string;
  /** The bytes of a coordinate of the key. 0 for RSA. */
  readonly coordinateBytes: number;
  readonly importAs: EcKeyImportParams | RsaHashedImportParams | Algorithm;
  readonly verifyAs: EcdsaParams | RsaPssParams | Algorithm;
}

const ED25519: SignatureScheme = {
  kty: "OKP",
  crv: "Ed25519",
  coordinateBytes: 32,
  importAs: { name: "Ed25519" },
  verifyAs: { name: "Ed25519" },
};

/** @internal */
export const SCHEMES: Readonly<Record<DpopAlgorithm, SignatureScheme>> = {
  ES256: {
    kty: "EC",
    crv: "P-256",
    coordinateBytes: 32,
    importAs: { name: "ECDSA", namedCurve: "P-256" },
    verifyAs: { name: "ECDSA", hash: "SHA-256" },
  },
  ES384: {
    kty: "EC",
    crv: "P-384",
    coordinateBytes: 48,
    importAs: { name: "ECDSA", namedCurve: "P-384" },
    verifyAs: { name: "ECDSA", hash: "SHA-384" },
  },
  Ed25519: ED25519,
  EdDSA: ED25519,
  PS256: {
    kty: "RSA",
    coordinateBytes: 0,
    importAs: { name: "RSA-PSS", hash: "SHA-256" },
    verifyAs: { name: "RSA-PSS", saltLength: 32 },
  },
  RS256: {
    kty: "RSA",
    coordinateBytes: 0,
    importAs: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    verifyAs: { name: "RSASSA-PKCS1-v1_5" },
  },
};

/** @internal */
export const ALGORITHMS: readonly DpopAlgorithm[] = Object.keys(SCHEMES) as DpopAlgorithm[];
