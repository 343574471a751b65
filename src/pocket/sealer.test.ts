import { Buffer } from "node:buffer";
import { createSecretKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forged, fuzzRuns } from "../../test/support/fuzz.ts";
import { decodeAlphanumeric, encodeAlphanumeric } from "./alphanumeric.ts";
import { Sealer } from "./sealer.ts";

const [KEY, OLD] = ["k", "o"].map((letter) => createSecretKey(letter.repeat(32), "utf8")) as [
  ReturnType<typeof createSecretKey>,
  ReturnType<typeof createSecretKey>,
];
const NOW = 1_700_000_000_000;
const UNTIL = NOW + 60_000;
const sealer = new Sealer([KEY], "sid");

const open = (sealed: string, label = "cart", now = NOW) => sealer.open(label, sealed, now)?.text;

describe("Sealer", () => {
  it("opens what it sealed, until the text expires and not a millisecond longer", () => {
    const sealed = sealer.seal("cart", "café", UNTIL);
    expect(sealer.open("cart", sealed, UNTIL - 1)).toMatchObject({ text: "café", expiresAt: UNTIL });
    expect(sealer.open("cart", sealed, UNTIL)).toBeUndefined();
  });

  it("a sealed text has only letters and digits, and contains nothing of the text", () => {
    const sealed = sealer.seal("cart", "plaintext".repeat(50), UNTIL);
    expect(sealed).toMatch(/^[0-9A-Za-z]+$/);
    expect(decodeAlphanumeric(sealed)?.toString("latin1")).not.toContain("plaintext");
  });

  it("the same text is sealed differently each time, with another nonce", () => {
    const sealed = Array.from({ length: 1_000 }, () => sealer.seal("cart", "x", UNTIL));
    const nonces = sealed.map((text) => sealer.open("cart", text, NOW)?.nonce);
    expect([new Set(sealed).size, new Set(nonces).size]).toEqual([1_000, 1_000]);
  });

  it("a text with any bit changed does not open", () => {
    const bytes = decodeAlphanumeric(sealer.seal("cart", "value", UNTIL)) as Buffer;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(open(encodeAlphanumeric(changed))).toBeUndefined();
    }
    expect(open(encodeAlphanumeric(bytes))).toBe("value");
  });

  it("a text that is cut or has more bytes does not open", () => {
    const bytes = decodeAlphanumeric(sealer.seal("cart", "value", UNTIL)) as Buffer;
    for (let length = 0; length < bytes.length; length++)
      expect(open(encodeAlphanumeric(bytes.subarray(0, length)))).toBeUndefined();
    expect(open(encodeAlphanumeric(Buffer.concat([bytes, Buffer.of(0)])))).toBeUndefined();
  });

  it("a text does not open under another label, for another cookie name or with another key", () => {
    const sealed = sealer.seal("cart", "value", UNTIL);
    for (const label of ["oauth", "car", "cart-", "", "cart "]) expect(open(sealed, label)).toBeUndefined();
    expect(new Sealer([KEY], "admin").open("cart", sealed, NOW)).toBeUndefined();
    expect(new Sealer([OLD], "sid").open("cart", sealed, NOW)).toBeUndefined();
  });

  it("the first key seals, every key opens, and a removed key opens nothing", () => {
    const before = new Sealer([OLD], "sid").seal("cart", "value", UNTIL);
    const both = new Sealer([KEY, OLD], "sid");
    expect(both.open("cart", before, NOW)?.text).toBe("value");
    expect(open(before)).toBeUndefined();
    expect(open(both.seal("cart", "new", UNTIL))).toBe("new");
  });

  it("opens only the text itself among forged ones, and never throws", () => {
    const own = sealer.seal("cart", "value", UNTIL);
    const other = sealer.seal("oauth", "value", UNTIL);
    const piece = fc.oneof(
      fc.constantFrom(
        own,
        other,
        own.slice(0, 40),
        own.slice(40),
        "z",
        "z0",
        "z3",
        "=",
        "+",
        "/",
        "\0",
        "\ud800",
      ),
      fc.string({ unit: "binary", maxLength: 70 }),
    );
    let opened = 0;
    fc.assert(
      fc.property(forged(own, piece, 4), (text) => {
        const found = typeof text === "string" ? open(text) : undefined;
        if (found !== undefined) opened++;
        expect(found).toBe(text === own ? "value" : undefined);
      }),
      fuzzRuns(5_000),
    );
    expect(opened).toBeGreaterThan(10);
  });

  it("a text longer than any cookie does not open", () => {
    expect(open(sealer.seal("cart", "x".repeat(2_800), UNTIL))).toHaveLength(2_800);
    expect(open(sealer.seal("cart", "x".repeat(3_000), UNTIL))).toBeUndefined();
    expect(open("a".repeat(1_000_000))).toBeUndefined();
  });
});

describe("alphanumeric encoding", () => {
  it("decodes what it encoded, and each text has one encoding", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeAlphanumeric(Buffer.from(bytes));
        expect(text).toMatch(/^[0-9A-Za-z]*$/);
        expect(decodeAlphanumeric(text)).toEqual(Buffer.from(bytes));
      }),
      fuzzRuns(5_000),
    );
  });

  it.each(["z", "az", "z3", "+", "/", "-", "_", "AA=", "A", "AB", " AA", "AA\n"])("rejects %j", (text) => {
    expect(decodeAlphanumeric(text)).toBeUndefined();
  });
});
