// cspell:ignore خواهم
import { describe, expect, it } from "vitest";
import { escapeControls, escapeField, toSafeJson } from "./escape.ts";

describe("escapeControls", () => {
  it.each([
    ["the escape character", "\u001b[2J", "\\u001b[2J"],
    ["the one-byte form of an escape sequence", "\u009b2J", "\\u009b2J"],
    ["line breaks and tabs", "a\r\n\tb", "a\\r\\n\\tb"],
    ["NUL, bell and delete", "\0\u0007\u007f", "\\u0000\\u0007\\u007f"],
    ["overrides of the text direction", "\u202eabc\u2066", "\\u202eabc\\u2066"],
    ["line separators of Unicode", "\u2028\u2029", "\\u2028\\u2029"],
    ["the byte order mark and the soft hyphen", "\ufeff\u00ad", "\\ufeff\\u00ad"],
    ["invisible tags", "\u{e0041}", "\\u{e0041}"],
    ["half of a surrogate pair", "\ud800", "\\ud800"],
  ])("escapes %s", (_, text, escaped) => {
    expect(escapeControls(text)).toBe(escaped);
  });

  it.each(["ann@example.com", "日本語", "é", "👨‍👩‍👧", "می‌خواهم", "DOMAIN\\ann"])("keeps %s", (text) => {
    expect(escapeControls(text)).toBe(text);
  });
});

describe("escapeField", () => {
  it("doubles backslashes, so that an escaped newline differs from the letters", () => {
    expect(escapeField("a\nb")).toBe("a\\nb");
    expect(escapeField("a\\nb")).toBe("a\\\\nb");
  });
});

describe("toSafeJson", () => {
  it("escapes what JSON.stringify leaves, and still is the same JSON", () => {
    const value = { key: "\u009b2J\u007f\u202e\u{e0041}\n日" };
    const text = toSafeJson(value);
    expect(text).toBe('{"key":"\\u009b2J\\u007f\\u202e\\udb40\\udc41\\n日"}');
    expect(JSON.parse(text)).toEqual(value);
  });

  it("keeps the newlines of the indentation", () => {
    expect(toSafeJson({ a: 1 }, 2)).toBe('{\n  "a": 1\n}');
  });
});
