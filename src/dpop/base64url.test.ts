import { describe, expect, it } from "vitest";
import { decodeBase64url } from "./base64url.ts";

describe("decodeBase64url", () => {
  it.each<[text: string, bytes: readonly number[]]>([
    ["AA", [0]],
    ["-_8", [251, 255]],
    ["AQAB", [1, 0, 1]],
    ["AAAAAA", [0, 0, 0, 0]],
  ])("decodes %s", (text, bytes) => {
    expect([...(decodeBase64url(text) ?? [])]).toEqual(bytes);
  });

  it.each<[about: string, text: string]>([
    ["an empty text", ""],
    ["padding", "AA=="],
    ["the other alphabet", "+/8"],
    ["a space", "AQ AB"],
    ["a line break at the end", "AQAB\n"],
    ["one character of four", "AQABA"],
    ["bits after the last byte", "AB"],
    ["bits after the last two bytes", "-_9"],
    ["a character beyond ASCII", "AQAÀ"],
  ])("rejects %s", (_about, text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });
});
