import { describe, expect, it } from "vitest";
import { Prover, toBase64url } from "../../test/support/dpop-proof.ts";
import {
  OKP_KEY,
  OKP_THUMBPRINT,
  RFC_KEY,
  RFC_THUMBPRINT,
  RSA_KEY,
  RSA_THUMBPRINT,
} from "../../test/support/dpop-vectors.ts";
import { type DpopAlgorithm, SCHEMES } from "./algorithms.ts";
import { computeThumbprint, parsePublicKey } from "./public-key.ts";

function thumbprint(jwk: Readonly<Record<string, unknown>>, alg: DpopAlgorithm): string | undefined {
  const key = parsePublicKey(jwk, SCHEMES[alg]);
  return key && computeThumbprint(key);
}

describe("computeThumbprint", () => {
  it("returns the thumbprint of the example of RFC 7638", () => {
    expect(thumbprint(RSA_KEY, "RS256")).toBe(RSA_THUMBPRINT);
    expect(thumbprint(RSA_KEY, "PS256")).toBe(RSA_THUMBPRINT);
  });

  it("returns the thumbprint of the example of RFC 8037", () => {
    expect(thumbprint(OKP_KEY, "EdDSA")).toBe(OKP_THUMBPRINT);
  });

  it("returns the thumbprint of the example of RFC 9449", () => {
    expect(thumbprint(RFC_KEY, "ES256")).toBe(RFC_THUMBPRINT);
  });
});

describe("parsePublicKey", () => {
  it("keeps no member that the thumbprint does not cover", () => {
    expect(parsePublicKey({ ...RFC_KEY, kid: "a", use: "enc", key_ops: [] }, SCHEMES.ES256)).toEqual(RFC_KEY);
  });

  it.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])(
    "rejects a key with the private member %s",
    (member) => {
      expect(parsePublicKey({ ...RFC_KEY, [member]: "AQAB" }, SCHEMES.ES256)).toBeUndefined();
      expect(parsePublicKey({ ...RSA_KEY, [member]: undefined }, SCHEMES.RS256)).toBeUndefined();
    },
  );

  it.each<[about: string, jwk: Readonly<Record<string, unknown>>, alg: DpopAlgorithm]>([
    ["a key of another curve", RFC_KEY, "ES384"],
    ["a key of another kind", OKP_KEY, "ES256"],
    ["a curve that the name of the kind contradicts", { ...OKP_KEY, kty: "EC" }, "EdDSA"],
    ["X25519", { ...OKP_KEY, crv: "X25519" }, "EdDSA"],
    ["a short coordinate", { ...RFC_KEY, x: toBase64url(new Uint8Array(31)) }, "ES256"],
    ["a long coordinate", { ...RFC_KEY, y: toBase64url(new Uint8Array(33)) }, "ES256"],
    ["a coordinate with padding", { ...RFC_KEY, y: `${RFC_KEY.y}=` }, "ES256"],
    ["a missing coordinate", { ...RFC_KEY, y: undefined }, "ES256"],
    ["a coordinate that is not text", { ...OKP_KEY, x: [] }, "EdDSA"],
    ["no kind", { x: RFC_KEY.x, y: RFC_KEY.y, crv: "P-256" }, "ES256"],
    ["another exponent", { ...RSA_KEY, e: "Aw" }, "RS256"],
    ["an exponent with a leading zero", { ...RSA_KEY, e: "AAEAAQ" }, "RS256"],
    ["no modulus", { ...RSA_KEY, n: undefined }, "RS256"],
    ["a modulus of 2 040 bits", { ...RSA_KEY, n: toBase64url(new Uint8Array(255).fill(255)) }, "PS256"],
    ["a modulus of 4 104 bits", { ...RSA_KEY, n: toBase64url(new Uint8Array(513).fill(255)) }, "PS256"],
    [
      "a modulus with a leading zero",
      { ...RSA_KEY, n: toBase64url(new Uint8Array(257).fill(255, 1)) },
      "RS256",
    ],
  ])("rejects %s", (_about, jwk, alg) => {
    expect(parsePublicKey(jwk, SCHEMES[alg])).toBeUndefined();
  });

  it("rejects an RSA key of 1 024 bits", async () => {
    const { jwk } = await Prover.create("RS256", 1_024);
    expect(parsePublicKey(jwk, SCHEMES.RS256)).toBeUndefined();
  });
});
