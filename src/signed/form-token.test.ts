import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forged, fuzzRuns } from "../../test/support/fuzz.ts";
import { createFormToken, isFormToken } from "./form-token.ts";
import { Signer } from "./signer.ts";

const signer = new Signer(["k".repeat(32)], "sid");
const ANN = { id: "a".repeat(22), root: "root-of-ann" };

describe("form tokens", () => {
  it("isFormToken accepts a token of the session repeatedly", () => {
    const token = createFormToken(signer, ANN);
    expect(token).toMatch(/^[0-9A-Za-z]{22}\.[0-9a-f]{64}$/);
    expect(isFormToken(signer, ANN, token)).toBe(true);
    expect(isFormToken(signer, ANN, token)).toBe(true);
  });

  it("createFormToken returns another text each time, so that compression reveals nothing", () => {
    expect(new Set(Array.from({ length: 100 }, () => createFormToken(signer, ANN))).size).toBe(100);
  });

  it("isFormToken rejects the token for another id and for another root", () => {
    const token = createFormToken(signer, ANN);
    expect(isFormToken(signer, { ...ANN, id: "b".repeat(22) }, token)).toBe(false);
    expect(isFormToken(signer, { ...ANN, root: "root-of-bob" }, token)).toBe(false);
  });

  it.each<[token: string, text: unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["an array, as for a field that is sent twice", [createFormToken(signer, ANN)]],
    ["an object", { toString: () => createFormToken(signer, ANN) }],
    ["an empty string", ""],
    ["a salt alone", `${"s".repeat(22)}.`],
    ["a token with another salt", `${"s".repeat(22)}${createFormToken(signer, ANN).slice(22)}`],
    ["a token without its dot", createFormToken(signer, ANN).replace(".", "-")],
    ["a token with one more character", `${createFormToken(signer, ANN)}0`],
    ["a token with spaces as its salt", `${" ".repeat(22)}.${"0".repeat(64)}`],
    ["a megabyte", "s".repeat(1_000_000)],
  ])("isFormToken rejects %s", (_token, text) => {
    expect(isFormToken(signer, ANN, text)).toBe(false);
  });

  it("isFormToken accepts only the token itself among forged ones", () => {
    const own = createFormToken(signer, ANN);
    const [salt, mac] = [own.slice(0, 22), own.slice(23)];
    const piece = fc.oneof(
      fc.constantFrom(salt, mac, ".", own, own.slice(0, 40), mac.toUpperCase(), "\0", "\ud800", "．"),
      fc.string({ unit: "binary", maxLength: 70 }),
      fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 62, maxLength: 66 }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(forged(own, piece, 4), (value) => {
        const good = isFormToken(signer, ANN, value);
        if (good) accepted++;
        expect(good).toBe(value === own);
      }),
      fuzzRuns(5_000),
    );
    expect(accepted).toBeGreaterThan(10);
  });
});
