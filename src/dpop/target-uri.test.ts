import { describe, expect, it } from "vitest";
import { listUris, normalizeUri } from "./target-uri.ts";

describe("normalizeUri", () => {
  it.each<[about: string, text: string, normalized: string]>([
    ["keeps a normal URI", "https://a.example/b/c", "https://a.example/b/c"],
    ["drops the query and the fragment", "https://a.example/b?c=d#e", "https://a.example/b"],
    ["writes scheme and host in lower case", "HTTPS://A.example/B", "https://a.example/B"],
    ["drops the default port", "https://a.example:443/", "https://a.example/"],
    ["keeps another port", "http://a.example:8080/", "http://a.example:8080/"],
    ["adds an empty path", "https://a.example", "https://a.example/"],
    ["resolves dot segments", "https://a.example/b/../c/./d", "https://a.example/c/d"],
    ["decodes escapes of unreserved characters", "https://a.example/%7Eb%2dc", "https://a.example/~b-c"],
    ["keeps other escapes, in upper case", "https://a.example/b%2fc%c3%a9", "https://a.example/b%2Fc%C3%A9"],
    ["keeps two slashes", "https://a.example//b//", "https://a.example//b//"],
    ["keeps characters that browsers do not escape", "https://a.example/a|b", "https://a.example/a|b"],
    ["accepts an IPv6 host", "http://[::1]:3000/a", "http://[::1]:3000/a"],
  ])("%s", (_about, text, normalized) => {
    expect(normalizeUri(text)).toBe(normalized);
    expect(normalizeUri(normalized)).toBe(normalized);
  });

  it.each<[about: string, text: string]>([
    ["an empty text", ""],
    ["a path", "/b"],
    ["another scheme", "ftp://a.example/"],
    ["a user name", "https://a@a.example/"],
    ["a backslash", "https://a.example\\b"],
    ["a tab", "https://a.exa\tmple/"],
    ["a space before it", " https://a.example/"],
    ["a line break after it", "https://a.example/\n"],
    ["a character beyond ASCII", "https://a.example/é"],
    ["no host", "https://"],
    ["an impossible port", "https://a.example:99999/"],
  ])("rejects %s", (_about, text) => {
    expect(normalizeUri(text)).toBeUndefined();
  });
});

describe("listUris", () => {
  const bases = ["https://a.example", "https://b.example/api"];

  it.each<[about: string, url: string | undefined, uris: readonly string[]]>([
    ["a path", "/c?d=e", ["https://a.example/c", "https://b.example/api/c"]],
    [
      "an absolute URL, whose host is ignored",
      "http://evil.example:80/c",
      ["https://a.example/c", "https://b.example/api/c"],
    ],
    [
      "a path with two slashes",
      "//evil.example/c",
      ["https://a.example//evil.example/c", "https://b.example/api//evil.example/c"],
    ],
    [
      "an absolute URL without a path",
      "https://evil.example?d",
      ["https://a.example/", "https://b.example/api/"],
    ],
    ["a path that would leave the base URL", "/../c", ["https://a.example/c", "https://b.example/api/c"]],
    ["the target of OPTIONS *", "*", []],
    ["text that would lengthen the host", ".evil.example/c", []],
    ["text that would become a port", ":8443/c", []],
    ["text that would become a password", "@evil.example/c", []],
    ["an empty text", "", []],
    ["nothing", undefined, []],
  ])("returns the URIs for %s", (_about, url, uris) => {
    expect(listUris(bases, url)).toEqual(uris);
  });
});
