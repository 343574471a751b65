import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forged, fuzzRuns } from "../../test/support/fuzz.ts";
import { createFormToken, isFormToken } from "./form-token.ts";
import { Signer } from "./signer.ts";

const signer = new Signer(["k".repeat(32)], "sid");
const ANN = { id: "a".repeat(22), root: "root-of-ann" };

describe("a form token", () => {
  it("is valid for its session, any number of times", () => {
    const token = createFormToken(signer, ANN);
    expect(token).toMatch(/^[0-9A-Za-z]{22}\.[0-9a-f]{64}$/);
    expect(isFormToken(signer, ANN, token)).toBe(true);
    expect(isFormToken(signer, ANN, token)).toBe(true);
  });

  it("differs each time, so that compression reveals nothing (BREACH)", () => {
    expect(new Set(Array.from({ length: 100 }, () => createFormToken(signer, ANN))).size).toBe(100);
  });

  it("is invalid for another session and for another root", () => {
    const token = createFormToken(signer, ANN);
    expect(isFormToken(signer, { ...ANN, id: "b".repeat(22) }, token)).toBe(false);
    expect(isFormToken(signer, { ...ANN, root: "root-of-bob" }, token)).toBe(false);
  });

  it.each<[what: string, text: unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["an array, as a field that is sent twice", [createFormToken(signer, ANN)]],
    ["an object", { toString: () => createFormToken(signer, ANN) }],
    ["an empty string", ""],
    ["a salt alone", `${"s".repeat(22)}.`],
    ["a token with another salt", `${"s".repeat(22)}${createFormToken(signer, ANN).slice(22)}`],
    ["a token without a dot", createFormToken(signer, ANN).replace(".", "-")],
    ["a token with one more character", `${createFormToken(signer, ANN)}0`],
    ["a token with a space in the salt", `${" ".repeat(22)}.${"0".repeat(64)}`],
    ["a megabyte of text", "s".repeat(1_000_000)],
  ])("%s is invalid", (_what, text) => {
    expect(isFormToken(signer, ANN, text)).toBe(false);
  });

  it("only the created token is valid, whatever a form contains", () => {
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
        const isValid = isFormToken(signer, ANN, value);
        if (isValid) accepted++;
        expect(isValid).toBe(value === own);
      }),
      fuzzRuns(5_000),
    );
    expect(accepted).toBeGreaterThan(50);
  });
});
