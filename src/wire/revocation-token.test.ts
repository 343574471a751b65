import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forged, fuzzRuns } from "../../test/support/fuzz.ts";
import { revocationOf, revocationToken } from "./revocation-token.ts";
import { Signer } from "./signature.ts";

const signer = new Signer(["k".repeat(32)], "sid");
const ID = "a".repeat(22);

describe("a revocation token", () => {
  it("says which session it ends, until its time is over", () => {
    const token = revocationToken(signer, ID, 1_000_000_000_000);
    expect(revocationOf(signer, token, 999_999_999_999)).toBe(ID);
    expect(revocationOf(signer, token, 1_000_000_000_000)).toBeUndefined();
  });

  it("is letters, digits and dots, with none at its end: what makes links of texts cuts nothing off", () => {
    expect(encodeURIComponent(revocationToken(signer, ID, 1e15))).toMatch(/^[0-9A-Za-z.]+[0-9A-Za-z]$/);
  });

  it.each<[what: string, text: unknown]>([
    ["nothing", undefined],
    ["a list", [revocationToken(signer, ID, 2e12)]],
    ["an id alone", ID],
    ["of another session", revocationToken(signer, ID, 2e12).replace("a", "b")],
    ["of a later time", revocationToken(signer, ID, 2e12).replace(/\.[0-9a-z]+\./, ".zzzzzzzzz.")],
    ["by another key", revocationToken(new Signer(["x".repeat(32)], "sid"), ID, 2e12)],
    ["of another manager", revocationToken(new Signer(["k".repeat(32)], "admin"), ID, 2e12)],
    ["for another purpose", `${ID}.pkc.${signer.sign("form", `${ID}.pkc`)}`],
    ["of what is no id", revocationToken(signer, "short", 2e12)],
    ["with more behind it", `${revocationToken(signer, ID, 2e12)}.`],
    ["a megabyte", "a".repeat(1_000_000)],
  ])("is not %s", (_what, text) => {
    expect(revocationOf(signer, text, 1e12)).toBeUndefined();
  });

  it("is nothing but what was signed, whatever a link holds", () => {
    const own = revocationToken(signer, ID, 2e12);
    const [, until = "", mac = ""] = own.split(".");
    const piece = fc.oneof(
      fc.constantFrom(ID, until, mac, ".", own, "zzzzzzzzzzz", "-1", "0", "\n", "\0", "\ud800", "__proto__"),
      fc.string({ unit: "binary", maxLength: 70 }),
    );
    let taken = 0;
    fc.assert(
      fc.property(forged(own, piece, 6), (value) => {
        const id = revocationOf(signer, value, 1e12);
        if (id !== undefined) taken++;
        expect(id).toBe(value === own ? ID : undefined);
        expect(revocationOf(signer, value, 2e12)).toBeUndefined();
      }),
      fuzzRuns(5_000),
    );
    expect(taken).toBeGreaterThan(50);
  });
});
