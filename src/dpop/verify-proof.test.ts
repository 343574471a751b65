import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Prover, toAth } from "../../test/support/dpop-proof.ts";
import { RFC_LOGIN, RFC_REQUEST, RFC_THUMBPRINT } from "../../test/support/dpop-vectors.ts";
import { fuzzRuns } from "../../test/support/fuzz.ts";
import { ALGORITHMS } from "./algorithms.ts";
import { type ProofContext, verifyProof } from "./verify-proof.ts";

const MINUTE = 60_000;

function toContext(
  { method, uri, iat }: { readonly method: string; readonly uri: string; readonly iat: number },
  changes: Partial<ProofContext> = {},
): ProofContext {
  return { method, uris: [uri], now: iat * 1_000, window: MINUTE, algorithms: ALGORITHMS, ...changes };
}

describe("the examples of RFC 9449", () => {
  it("verifyProof accepts the proof of section 4.1", async () => {
    expect(await verifyProof(RFC_LOGIN.proof, toContext(RFC_LOGIN))).toEqual({
      jkt: RFC_THUMBPRINT,
      jti: RFC_LOGIN.jti,
      issuedAt: RFC_LOGIN.iat * 1_000,
      nonce: undefined,
    });
  });

  it("verifyProof accepts the proof of section 7.1 with its token", async () => {
    const context = toContext(RFC_REQUEST, { token: RFC_REQUEST.token });
    expect(await verifyProof(RFC_REQUEST.proof, context)).toEqual({
      jkt: RFC_THUMBPRINT,
      jti: RFC_REQUEST.jti,
      issuedAt: RFC_REQUEST.iat * 1_000,
      nonce: undefined,
    });
  });

  it.each<[about: string, changes: Partial<ProofContext>]>([
    ["another method", { method: "POST" }],
    ["the method in lower case", { method: "get" }],
    ["another path", { uris: ["https://resource.example.org/protectedresource/"] }],
    ["another host", { uris: ["https://resource.example.com/protectedresource"] }],
    ["http", { uris: ["http://resource.example.org/protectedresource"] }],
    ["another port", { uris: ["https://resource.example.org:8443/protectedresource"] }],
    ["a request without a known URI", { uris: [] }],
    ["another token", { token: `${RFC_REQUEST.token}a` }],
    ["an empty token", { token: "" }],
    ["a list without its algorithm", { algorithms: ["EdDSA"] }],
    ["a time that is too late by a millisecond", { now: RFC_REQUEST.iat * 1_000 + MINUTE + 1 }],
    ["a time that is too early by a millisecond", { now: RFC_REQUEST.iat * 1_000 - MINUTE - 1 }],
  ])("verifyProof rejects the proof of section 7.1 for %s", async (_about, changes) => {
    const context = toContext(RFC_REQUEST, { token: RFC_REQUEST.token, ...changes });
    expect(await verifyProof(RFC_REQUEST.proof, context)).toBeUndefined();
  });

  it("verifyProof accepts the proof of section 7.1 at both ends of the window", async () => {
    for (const distance of [-MINUTE, MINUTE]) {
      const context = toContext(RFC_REQUEST, { now: RFC_REQUEST.iat * 1_000 + distance });
      expect(await verifyProof(RFC_REQUEST.proof, context)).toBeDefined();
    }
  });

  it("verifyProof accepts the proof of section 7.1 where the request may have several URIs", async () => {
    const context = toContext(RFC_REQUEST, { uris: ["https://a.example/", RFC_REQUEST.uri] });
    expect(await verifyProof(RFC_REQUEST.proof, context)).toBeDefined();
  });

  it("verifyProof rejects the proof of section 4.1 with a token, because it lacks ath", async () => {
    const context = toContext(RFC_LOGIN, { token: RFC_REQUEST.token });
    expect(await verifyProof(RFC_LOGIN.proof, context)).toBeUndefined();
  });

  it("verifyProof rejects the claims of one example with the signature of the other", async () => {
    const [header, payload] = RFC_REQUEST.proof.split(".");
    const [, , signature] = RFC_LOGIN.proof.split(".");
    const mixed = `${header}.${payload}.${signature}`;
    expect(await verifyProof(mixed, toContext(RFC_REQUEST))).toBeUndefined();
  });
});

describe.each(ALGORITHMS)("the algorithm %s", (alg) => {
  const request = { method: "GET", uri: "https://a.example/b", iat: 1_000_000_000 };
  const claims = { htm: request.method, htu: request.uri, iat: request.iat, ath: toAth("t") };

  it("verifyProof accepts a proof, and none by another key", async () => {
    const [own, other] = [await Prover.create(alg), await Prover.create(alg)];
    const context = toContext(request, { token: "t" });
    expect(await verifyProof(await own.prove(claims), context)).toBeDefined();
    const forged = await own.prove(claims, { jwk: other.jwk });
    expect(await verifyProof(forged, context)).toBeUndefined();
  });

  it("verifyProof rejects changed and truncated signatures", async () => {
    const proof = await (await Prover.create(alg)).prove(claims);
    const context = toContext(request, { token: "t" });
    const start = proof.lastIndexOf(".") + 1;
    const bytes = Buffer.from(proof.slice(start), "base64url");
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const text = proof.slice(0, start) + changed.toString("base64url");
      expect(await verifyProof(text, context)).toBeUndefined();
      const shorter = proof.slice(0, start) + bytes.subarray(0, at).toString("base64url");
      expect(await verifyProof(shorter, context)).toBeUndefined();
    }
  });
});

describe("wrong proofs", () => {
  const request = { method: "GET", uri: "https://a.example/b", iat: 1_000_000_000 };
  const claims = { htm: request.method, htu: request.uri, iat: request.iat };

  it("verifyProof rejects a key whose coordinates are no point of the curve", async () => {
    const own = await Prover.create();
    const proof = await own.prove(claims, { jwk: { ...own.jwk, x: own.jwk.y } });
    expect(await verifyProof(proof, toContext(request))).toBeUndefined();
  });

  it("verifyProof rejects a valid signature by an algorithm for the same key, under the name of another", async () => {
    const pss = await Prover.create("PS256");
    expect(await verifyProof(await pss.prove(claims), toContext(request))).toBeDefined();
    expect(await verifyProof(await pss.prove(claims, { alg: "RS256" }), toContext(request))).toBeUndefined();
  });

  it.each<[about: string, htu: string]>([
    ["a query and a fragment", `${request.uri}?c=d#e`],
    ["the default port", "https://a.example:443/b"],
    ["the host in upper case", "https://A.EXAMPLE/b"],
    ["an escape of an unreserved character", "https://a.example/%62"],
    ["a dot segment", "https://a.example/c/../b"],
  ])("verifyProof accepts an htu with %s", async (_about, htu) => {
    const proof = await (await Prover.create()).prove({ ...claims, htu });
    expect(await verifyProof(proof, toContext(request))).toBeDefined();
  });

  it.each<[about: string, htu: string]>([
    ["the path in upper case", "https://a.example/B"],
    ["a path alone", "/b"],
    ["a user name", "https://a@a.example/b"],
    ["a tab that URL would drop", "https://a.exa\tmple/b"],
    ["a backslash that URL would replace", "https://a.example\\b"],
    ["an empty text", ""],
  ])("verifyProof rejects an htu with %s", async (_about, htu) => {
    const proof = await (await Prover.create()).prove({ ...claims, htu });
    expect(await verifyProof(proof, toContext(request))).toBeUndefined();
  });

  it.each([Number.MAX_VALUE, -Number.MAX_VALUE, 0, request.iat * 1_000])(
    "verifyProof rejects the iat %s",
    async (iat) => {
      const proof = await (await Prover.create()).prove({ ...claims, iat });
      expect(await verifyProof(proof, toContext(request))).toBeUndefined();
    },
  );

  it("verifyProof accepts only the proof itself among changed and truncated ones, and never throws", async () => {
    const { proof } = RFC_REQUEST;
    const context = toContext(RFC_REQUEST, { token: RFC_REQUEST.token });
    const at = fc.nat(proof.length);
    const changed = fc
      .tuple(
        at,
        fc.oneof(fc.string({ unit: "binary", maxLength: 3 }), fc.constantFrom(".", "=", "A", "-", "_")),
      )
      .map(([from, put]) => proof.slice(0, from) + put + proof.slice(from + put.length));
    const cut = fc.tuple(at, at).map(([from, to]) => proof.slice(from, to));
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, cut, fc.constant(proof)), async (text) => {
        const verified = await verifyProof(text, context);
        if (verified) accepted++;
        expect(verified !== undefined).toBe(text === proof);
      }),
      fuzzRuns(2_000),
    );
    expect(accepted).toBeGreaterThan(10);
  });
});
