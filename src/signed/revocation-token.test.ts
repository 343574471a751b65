import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forged, fuzzRuns } from "../../test/support/fuzz.ts";
import { createRevocationToken, parseRevocationToken } from "./revocation-token.ts";
import { Signer } from "./signer.ts";

const signer = new Signer(["k".repeat(32)], "sid");
const ID = "a".repeat(22);

describe("revocation tokens", () => {
  it("parseRevocationToken returns the id of the session until the token expires", () => {
    const token = createRevocationToken(signer, ID, 1_000_000_000_000);
    expect(parseRevocationToken(signer, token, 999_999_999_999)).toBe(ID);
    expect(parseRevocationToken(signer, token, 1_000_000_000_000)).toBeUndefined();
  });

  it("a token has only letters, digits and dots, and no dot at its end, so that no mail client cuts its link", () => {
    expect(encodeURIComponent(createRevocationToken(signer, ID, 1e15))).toMatch(/^[0-9A-Za-z.]+[0-9A-Za-z]$/);
  });

  it.each<[token: string, text: unknown]>([
    ["undefined", undefined],
    ["an array", [createRevocationToken(signer, ID, 2e12)]],
    ["an id alone", ID],
    ["a token with another id", createRevocationToken(signer, ID, 2e12).replace("a", "b")],
    [
      "a token with a later time",
      createRevocationToken(signer, ID, 2e12).replace(/\.[0-9a-z]+\./, ".zzzzzzzzz."),
    ],
    ["a token by another key", createRevocationToken(new Signer(["x".repeat(32)], "sid"), ID, 2e12)],
    ["a token of another manager", createRevocationToken(new Signer(["k".repeat(32)], "admin"), ID, 2e12)],
    ["a signature for another purpose", `${ID}.pkc.${signer.sign("form", `${ID}.pkc`)}`],
    ["a token of an invalid id", createRevocationToken(signer, "short", 2e12)],
    ["a token with one more character", `${createRevocationToken(signer, ID, 2e12)}.`],
    ["a megabyte", "a".repeat(1_000_000)],
  ])("parseRevocationToken rejects %s", (_token, text) => {
    expect(parseRevocationToken(signer, text, 1e12)).toBeUndefined();
  });

  it("parseRevocationToken accepts only the token itself among forged ones", () => {
    const own = createRevocationToken(signer, ID, 2e12);
    const [, until = "", mac = ""] = own.split(".");
    const piece = fc.oneof(
      fc.constantFrom(ID, until, mac, ".", own, "zzzzzzzzzzz", "-1", "0", "\n", "\0", "\ud800", "__proto__"),
      fc.string({ unit: "binary", maxLength: 70 }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(forged(own, piece, 6), (value) => {
        const id = parseRevocationToken(signer, value, 1e12);
        if (id !== undefined) accepted++;
        expect(id).toBe(value === own ? ID : undefined);
        expect(parseRevocationToken(signer, value, 2e12)).toBeUndefined();
      }),
      fuzzRuns(5_000),
    );
    expect(accepted).toBeGreaterThan(10);
  });
});
