import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forged, fuzzRuns } from "../../test/support/fuzz.ts";
import { createRevocationToken, parseRevocationToken } from "./revocation-token.ts";
import { Signer } from "./signer.ts";

const signer = new Signer(["k".repeat(32)], "sid");
const ID = "a".repeat(22);

describe("a revocation token", () => {
  it("says which session it ends, until its time is over", () => {
    const token = createRevocationToken(signer, ID, 1_000_000_000_000);
    expect(parseRevocationToken(signer, token, 999_999_999_999)).toBe(ID);
    expect(parseRevocationToken(signer, token, 1_000_000_000_000)).toBeUndefined();
  });

  it("is letters, digits and dots, with none at its end: what makes links of texts cuts nothing off", () => {
    expect(encodeURIComponent(createRevocationToken(signer, ID, 1e15))).toMatch(/^[0-9A-Za-z.]+[0-9A-Za-z]$/);
  });

  it.each<[what: string, text: unknown]>([
    ["nothing", undefined],
    ["a list", [createRevocationToken(signer, ID, 2e12)]],
    ["an id alone", ID],
    ["of another session", createRevocationToken(signer, ID, 2e12).replace("a", "b")],
    ["of a later time", createRevocationToken(signer, ID, 2e12).replace(/\.[0-9a-z]+\./, ".zzzzzzzzz.")],
    ["by another key", createRevocationToken(new Signer(["x".repeat(32)], "sid"), ID, 2e12)],
    ["of another manager", createRevocationToken(new Signer(["k".repeat(32)], "admin"), ID, 2e12)],
    ["for another purpose", `${ID}.pkc.${signer.sign("form", `${ID}.pkc`)}`],
    ["of what is no id", createRevocationToken(signer, "short", 2e12)],
    ["with more behind it", `${createRevocationToken(signer, ID, 2e12)}.`],
    ["a megabyte", "a".repeat(1_000_000)],
  ])("is not %s", (_what, text) => {
    expect(parseRevocationToken(signer, text, 1e12)).toBeUndefined();
  });

  it("is nothing but what was signed, whatever a link holds", () => {
    const own = createRevocationToken(signer, ID, 2e12);
    const [, until = "", mac = ""] = own.split(".");
    const piece = fc.oneof(
      fc.constantFrom(ID, until, mac, ".", own, "zzzzzzzzzzz", "-1", "0", "\n", "\0", "\ud800", "__proto__"),
      fc.string({ unit: "binary", maxLength: 70 }),
    );
    let taken = 0;
    fc.assert(
      fc.property(forged(own, piece, 6), (value) => {
        const id = parseRevocationToken(signer, value, 1e12);
        if (id !== undefined) taken++;
        expect(id).toBe(value === own ? ID : undefined);
        expect(parseRevocationToken(signer, value, 2e12)).toBeUndefined();
      }),
      fuzzRuns(5_000),
    );
    expect(taken).toBeGreaterThan(50);
  });
});
