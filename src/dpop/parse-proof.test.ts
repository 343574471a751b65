import { describe, expect, it } from "vitest";
import { toBase64url } from "../../test/support/dpop-proof.ts";
import { RFC_KEY, RFC_LOGIN } from "../../test/support/dpop-vectors.ts";
import { ALGORITHMS } from "./algorithms.ts";
import { parseProof } from "./parse-proof.ts";

const [HEADER = "", PAYLOAD = "", SIGNATURE = ""] = RFC_LOGIN.proof.split(".");
const CLAIMS = { jti: "a", htm: "POST", htu: "https://a.example/", iat: 1 };

/** The claims with the byte 255 in place of the `jti`. */
const NOT_UTF8 = Buffer.from(JSON.stringify(CLAIMS).replace('"a"', '"\u00ff"'), "latin1");

const header = (members: object) =>
  toBase64url(JSON.stringify({ typ: "dpop+jwt", alg: "ES256", jwk: RFC_KEY, ...members }));
const payload = (members: object) => toBase64url(JSON.stringify({ ...CLAIMS, ...members }));
const parse = (text: string | undefined) => parseProof(text, ALGORITHMS);

describe("parseProof", () => {
  it("parses the example of RFC 9449 section 4.1", () => {
    expect(parse(RFC_LOGIN.proof)).toMatchObject({
      key: RFC_KEY,
      claims: { jti: RFC_LOGIN.jti, htm: "POST", htu: RFC_LOGIN.uri, iat: RFC_LOGIN.iat },
      signed: `${HEADER}.${PAYLOAD}`,
    });
  });

  it("accepts unknown members of the header and of the claims", () => {
    const text = `${header({ kid: "a" })}.${payload({ nonce: "b", extra: {} })}.${SIGNATURE}`;
    expect(parse(text)?.claims).toEqual({ ...CLAIMS, ath: undefined, nonce: "b" });
  });

  it("accepts only algorithms of the list", () => {
    expect(parseProof(RFC_LOGIN.proof, ["ES384", "ES256"])).toBeDefined();
    expect(parseProof(RFC_LOGIN.proof, ["ES384"])).toBeUndefined();
    expect(parseProof(RFC_LOGIN.proof, [])).toBeUndefined();
  });

  it.each<[about: string, text: string | undefined]>([
    ["a missing header", undefined],
    ["an empty header", ""],
    ["two dots", ".."],
    ["two headers, which Node joins to one", `${RFC_LOGIN.proof}, ${RFC_LOGIN.proof}`],
    ["a JWT without a signature", `${HEADER}.${PAYLOAD}`],
    ["an empty signature", `${HEADER}.${PAYLOAD}.`],
    ["a fourth part", `${RFC_LOGIN.proof}.${SIGNATURE}`],
    ["a space before it", ` ${RFC_LOGIN.proof}`],
    ["a header with padding", `${toBase64url('{"typ":"dpop+jwt"}')}==.${PAYLOAD}.${SIGNATURE}`],
    ["a header that is no JSON", `${toBase64url("{")}.${PAYLOAD}.${SIGNATURE}`],
    ["a header that is an array", `${toBase64url("[]")}.${PAYLOAD}.${SIGNATURE}`],
    ["a header that is null", `${toBase64url("null")}.${PAYLOAD}.${SIGNATURE}`],
    ["claims that are no UTF-8", `${HEADER}.${toBase64url(NOT_UTF8)}.${SIGNATURE}`],
    ["claims that are no object", `${HEADER}.${toBase64url('"a"')}.${SIGNATURE}`],
    ["a signature that is no base64url", `${HEADER}.${PAYLOAD}.${SIGNATURE.slice(1)}=`],
    ["a signature with unused bits", `${HEADER}.${PAYLOAD}.${SIGNATURE.slice(0, -1)}h`],
    ["more than 8 kB", `${HEADER}.${payload({ extra: "a".repeat(8_192) })}.${SIGNATURE}`],
    ["a megabyte", "a".repeat(1_000_000)],
  ])("rejects %s", (_about, text) => {
    expect(parse(text)).toBeUndefined();
  });

  it.each<[about: string, members: object]>([
    ["no typ", { typ: undefined }],
    ["the typ of other JWTs", { typ: "JWT" }],
    ["the typ in upper case", { typ: "DPOP+JWT" }],
    ["alg none", { alg: "none" }],
    ["alg HS256", { alg: "HS256", jwk: { kty: "oct", k: "AQAB" } }],
    ["alg ES512", { alg: "ES512" }],
    ["a name of Object.prototype as alg", { alg: "constructor" }],
    ["an array as alg", { alg: ["ES256"] }],
    ["no key", { jwk: undefined }],
    ["null as the key", { jwk: null }],
    ["a private key", { jwk: { ...RFC_KEY, d: RFC_KEY.x } }],
    ["a symmetric key", { jwk: { kty: "oct", k: "AQAB" } }],
    ["crit", { crit: ["exp"] }],
    ["an empty crit", { crit: [] }],
  ])("rejects a header with %s", (_about, members) => {
    expect(parse(`${header({})}.${payload({})}.${SIGNATURE}`)).toBeDefined();
    expect(parse(`${header(members)}.${payload({})}.${SIGNATURE}`)).toBeUndefined();
  });

  it.each<[about: string, members: object]>([
    ["no jti", { jti: undefined }],
    ["an empty jti", { jti: "" }],
    ["a jti of 257 characters", { jti: "a".repeat(257) }],
    ["a number as jti", { jti: 1 }],
    ["no htm", { htm: undefined }],
    ["an array as htm", { htm: ["POST"] }],
    ["no htu", { htu: undefined }],
    ["an object as htu", { htu: {} }],
    ["no iat", { iat: undefined }],
    ["text as iat", { iat: "1" }],
    ["null as iat", { iat: null }],
    ["an array as ath", { ath: ["a"] }],
    ["null as ath", { ath: null }],
  ])("rejects claims with %s", (_about, members) => {
    expect(parse(`${header({})}.${payload(members)}.${SIGNATURE}`)).toBeUndefined();
  });

  it("accepts a jti of 256 characters", () => {
    expect(parse(`${header({})}.${payload({ jti: "a".repeat(256) })}.${SIGNATURE}`)).toBeDefined();
  });
});
