import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forged, fuzzRuns } from "../../test/support/fuzz.ts";
import { createFormToken, isFormToken } from "./form-token.ts";
import { Signer } from "./signer.ts";

const signer = new Signer(["k".repeat(32)], "sid");
const ANN = { id: "a".repeat(22), root: "root-of-ann" };

describe("a form's token", () => {
  it("is good for its session, as often as it is asked for", () => {
    const token = createFormToken(signer, ANN);
    expect(token).toMatch(/^[0-9A-Za-z]{22}\.[0-9a-f]{64}$/);
    expect(isFormToken(signer, ANN, token)).toBe(true);
    expect(isFormToken(signer, ANN, token)).toBe(true);
  });

  it("is another text each time, so that no compression gives it away", () => {
    expect(new Set(Array.from({ length: 100 }, () => createFormToken(signer, ANN))).size).toBe(100);
  });

  it("is good for no other session, nor for one whose root is another", () => {
    const token = createFormToken(signer, ANN);
    expect(isFormToken(signer, { ...ANN, id: "b".repeat(22) }, token)).toBe(false);
    expect(isFormToken(signer, { ...ANN, root: "root-of-bob" }, token)).toBe(false);
  });

  it.each<[what: string, text: unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a list, as a field that is sent twice is", [createFormToken(signer, ANN)]],
    ["an object", { toString: () => createFormToken(signer, ANN) }],
    ["an empty text", ""],
    ["a salt alone", `${"s".repeat(22)}.`],
    ["another salt", `${"s".repeat(22)}${createFormToken(signer, ANN).slice(22)}`],
    ["no dot", createFormToken(signer, ANN).replace(".", "-")],
    ["one more character", `${createFormToken(signer, ANN)}0`],
    ["a blank in the salt", `${" ".repeat(22)}.${"0".repeat(64)}`],
    ["a megabyte", "s".repeat(1_000_000)],
  ])("is not %s", (_what, text) => {
    expect(isFormToken(signer, ANN, text)).toBe(false);
  });

  it("is nothing but what was made for the session, whatever a form holds", () => {
    const own = createFormToken(signer, ANN);
    const [salt, mac] = [own.slice(0, 22), own.slice(23)];
    const piece = fc.oneof(
      fc.constantFrom(salt, mac, ".", own, own.slice(0, 40), mac.toUpperCase(), "\0", "\ud800", "．"),
      fc.string({ unit: "binary", maxLength: 70 }),
      fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 62, maxLength: 66 }),
    );
    let taken = 0;
    fc.assert(
      fc.property(forged(own, piece, 4), (value) => {
        const good = isFormToken(signer, ANN, value);
        if (good) taken++;
        expect(good).toBe(value === own);
      }),
      fuzzRuns(5_000),
    );
    expect(taken).toBeGreaterThan(50);
  });
});
