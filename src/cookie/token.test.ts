import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns } from "../../test/support/fuzz.ts";
import {
  formatToken,
  getRoot,
  hashRoot,
  hashText,
  isSessionId,
  parseToken,
  randomText,
  type Secret,
} from "./token.ts";

describe("randomText", () => {
  it("returns text of the given length and alphabet", () => {
    for (const length of [0, 1, 20, 43, 5_000])
      expect(randomText(length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
  });

  it("returns every character equally often", () => {
    const counts = new Map<string, number>();
    for (const letter of randomText(620_000)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // 10 000 each, with a deviation of 100. Bytes modulo 62 without a limit would favour eight characters by 24 %.
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(700);
  });

  it("100 000 random ids are distinct [asvs 7.2.3]", () => {
    const seen = new Set<string>();
    for (let count = 0; count < 100_000; count++) seen.add(randomText(20));
    expect(seen.size).toBe(100_000);
  });
});

describe("parseToken", () => {
  it("parses a formatted token", () => {
    const [id, secret] = [randomText(22), randomText(65)];
    expect(parseToken(`${id}.${secret}`)).toEqual({ id, secret });
  });

  it("accepts ids and secrets only within their length limits", () => {
    const fits = (id: number, secret: number) =>
      parseToken(`${"a".repeat(id)}.${"b".repeat(secret)}`) !== undefined;
    expect([fits(18, 65), fits(19, 65), fits(66, 65), fits(67, 65)]).toEqual([false, true, true, false]);
    expect([fits(22, 43), fits(22, 44), fits(22, 150), fits(22, 151)]).toEqual([false, true, true, false]);
  });

  it("rejects other characters and a second dot", () => {
    const [id, secret] = ["a".repeat(22), "b".repeat(65)];
    for (const letter of ["-", "_", ".", " ", "/", ":", "@", "[", "`", "{", "é", "\0", "\ud800"]) {
      expect(parseToken(`${letter}${id.slice(1)}.${secret}`)).toBeUndefined();
      expect(parseToken(`${id}.${secret.slice(1)}${letter}`)).toBeUndefined();
    }
  });

  it("never throws, and accepts exactly the texts of tokens", { timeout: 120_000 }, () => {
    const letters = (minLength: number, maxLength: number) =>
      fc.string({ unit: fc.constantFrom("0", "9", "A", "Z", "a", "z"), minLength, maxLength });
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc
        .tuple(letters(15, 70), fc.constantFrom(".", ".", ".", "..", "", ":"), letters(40, 155))
        .map((parts) => parts.join("")),
    );
    let taken = 0;
    const form = /^[0-9A-Za-z]{19,66}\.[0-9A-Za-z]{44,150}$/;
    fc.assert(
      fc.property(text, (value) => {
        const token = parseToken(value);
        if (token) taken++;
        expect(token !== undefined).toBe(form.test(value));
        if (token) expect(formatToken(token)).toBe(value);
      }),
      fuzzRuns(20_000),
    );
    expect(taken).toBeGreaterThan(100);
  });
});

describe("isSessionId", () => {
  it("rejects text that cannot be a session id", () => {
    for (const length of [19, 22, 66]) expect(isSessionId("a".repeat(length))).toBe(true);
    for (const text of ["", "a", "a".repeat(18), "a".repeat(67), `${"a".repeat(21)}*`])
      expect(isSessionId(text)).toBe(false);
  });
});

describe("hashes", () => {
  it("hashText returns SHA-256 in base64url", () => {
    expect(hashText("abc")).toBe(createHash("sha256").update("abc").digest("base64url"));
  });

  it("the root is the beginning of the secret, and its hash is cut to 22 characters", () => {
    const secret = `${"r".repeat(22)}${"t".repeat(43)}` as Secret;
    expect(getRoot(secret)).toBe("r".repeat(22));
    expect(hashRoot(secret)).toBe(hashText("r".repeat(22)).slice(0, 22));
  });
});
