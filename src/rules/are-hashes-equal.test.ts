import { describe, expect, it } from "vitest";
import { hashText } from "../cookie/token.ts";
import { areHashesEqual } from "./are-hashes-equal.ts";

describe("areHashesEqual", () => {
  it("finds any difference", () => {
    const hash = hashText("a");
    expect(areHashesEqual(hash, hashText("a"))).toBe(true);
    for (let index = 0; index < hash.length; index++) {
      const other = `${hash.slice(0, index)}${hash[index] === "A" ? "B" : "A"}${hash.slice(index + 1)}`;
      expect(areHashesEqual(hash, other)).toBe(false);
    }
    expect(areHashesEqual(hash, hash.slice(1))).toBe(false);
    expect(areHashesEqual(hash, `${hash}A`)).toBe(false);
    expect(areHashesEqual("", hash)).toBe(false);
  });
});
