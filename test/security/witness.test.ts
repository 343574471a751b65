import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { hashText } from "../../src/cookie/token.ts";
import { Witness } from "./witness.ts";

const SECRET = "rootrootrootrootrootROturnturnturnturnturnturnturnturnturnturnturn";
const HASH = hashText(SECRET);
const BYTES = Buffer.from(HASH, "base64url");

const SHOWN: readonly [where: string, value: unknown][] = [
  ["a string", `the cookie was ${SECRET}`],
  ["a piece of 16 characters", SECRET.slice(9, 25)],
  ["the hash", { at: [HASH] }],
  ["a message", new Error(`no session for ${SECRET}`)],
  ["a cause of a cause", new Error("a", { cause: new Error("b", { cause: { secret: SECRET } }) })],
  ["one of several errors", new AggregateError([new Error(HASH)], "several")],
  ["a property of an error", Object.assign(new Error("a"), { command: { args: [HASH] } })],
  ["a hidden property", Object.defineProperty({}, "hidden", { value: SECRET })],
  ["a key of a map", new Map([[HASH, 1]])],
  ["a property under a symbol", { [Symbol("state")]: { deep: { deeper: { deepest: { token: SECRET } } } } }],
  ["JSON only", { toJSON: () => SECRET, [inspect.custom]: () => "" }],
  ["a custom inspection", { [inspect.custom]: () => SECRET }],
  ["hex", BYTES.toString("hex")],
  ["base64", `Bearer ${BYTES.toString("base64")}`],
  ["a secret in base64", Buffer.from(SECRET).toString("base64")],
  ["a buffer", { hash: BYTES }],
  ["an array of bytes", { hash: new Uint8Array(BYTES) }],
  ["an array of bytes in JSON", JSON.stringify([...BYTES])],
];

describe("Witness", () => {
  it.each(SHOWN)("Witness detects a secret in %s", (_where, value) => {
    const witness = new Witness();
    witness.keep("a secret", SECRET);
    witness.keepHash("a hash", HASH);
    witness.see("something", { id: "an id", nothing: "of it" });
    expect(witness.leaks()).toEqual([]);
    witness.see("something", value);
    expect(witness.leaks()).not.toEqual([]);
  });

  it("Witness detects the secrets of cookies and the hashes of records", () => {
    const witness = new Witness();
    witness.keepCookie(`${"i".repeat(22)}.${SECRET}`);
    witness.keepCookie(`${"n".repeat(22)}.${"0a".repeat(32)}`);
    witness.keepRecord({ link: "l".repeat(43), data: { v: 1, some: [{ hash: HASH }], ip: "192.0.2.1" } });
    witness.see("ids", "i".repeat(22));
    expect(witness.leaks()).toEqual([]);
    const texts = [
      SECRET.slice(0, 22),
      SECRET.slice(22),
      "n".repeat(22),
      "0a".repeat(32),
      "l".repeat(43),
      HASH,
    ];
    for (const text of texts) {
      witness.see(`the place ${text}`, text);
      expect(witness.leaks().join("\n")).toContain(`in the place ${text}`);
    }
  });
});
