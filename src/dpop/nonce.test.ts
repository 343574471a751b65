import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forged, fuzzRuns } from "../../test/support/fuzz.ts";
import { Signer } from "../signed/signer.ts";
import { createNonce, parseNonce } from "./nonce.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const signer = new Signer(["k".repeat(32)], "sid");
const own = createNonce(signer, NOW);

describe("parseNonce", () => {
  it("returns the time of a nonce, also by an older key", () => {
    expect(parseNonce(signer, own)).toBe(NOW);
    expect(parseNonce(new Signer(["n".repeat(32), "k".repeat(32)], "sid"), own)).toBe(NOW);
  });

  it.each<[nonce: string, value: unknown]>([
    ["undefined", undefined],
    ["a number", NOW],
    ["an array", [own]],
    ["an empty text", ""],
    ["another time", own.replace(/^./, "z")],
    ["a nonce by another key", createNonce(new Signer(["x".repeat(32)], "sid"), NOW)],
    ["a nonce of another manager", createNonce(new Signer(["k".repeat(32)], "admin"), NOW)],
    ["a signature for another purpose", `${NOW.toString(36)}.${signer.sign("form", NOW.toString(36))}`],
  ])("rejects %s", (_nonce, value) => {
    expect(parseNonce(signer, value)).toBeUndefined();
  });

  it("accepts only the nonce itself among forged ones", () => {
    const piece = fc.oneof(fc.constantFrom(...own.split("."), ".", own), fc.string({ maxLength: 66 }));
    fc.assert(
      fc.property(forged(own, piece, 4), (value) => {
        expect(parseNonce(signer, value)).toBe(value === own ? NOW : undefined);
      }),
      fuzzRuns(2_000),
    );
  });
});
