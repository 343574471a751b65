import { parseCookie } from "cookie";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns, joined } from "../../test/support/fuzz.ts";
import {
  OutgoingCookies,
  readCookie,
  readTokens,
  serializeCookie,
  setsCookie,
  withCookie,
} from "./cookie-header.ts";
import { formatToken, parseToken, randomText } from "./token.ts";

const NAME = "__Host-sessionup";
const NEEDLE = `${NAME}=`;
const newToken = () => `${randomText(22)}.${randomText(65)}`;

function read(header: string | undefined, max = 2): string[] {
  return readTokens(header, NEEDLE, max).tokens.map(formatToken);
}

const BLANK_AFTER_NAME = new RegExp(`^${NAME}[ \\t]+=`);

describe("readTokens", () => {
  const [a, b, c] = [newToken(), newToken(), newToken()];

  it("finds the token anywhere in the header", () => {
    for (const header of [
      `${NEEDLE}${a}`,
      `x=1; ${NEEDLE}${a}`,
      `${NEEDLE}${a}; x=1`,
      `x=1;${NEEDLE}${a};y=2`,
    ]) {
      expect(read(header)).toEqual([a]);
      expect(readTokens(header, NEEDLE, 2).malformed).toBe(false);
    }
  });

  it("ignores spaces and tabs around a token", () => {
    expect(read(`x=1;\t ${NEEDLE} ${a} \t; y=2`)).toEqual([a]);
  });

  it("ignores our name at the end of a longer name or inside a value", () => {
    for (const header of [
      `x${NEEDLE}${a}`,
      `y=${NEEDLE}${a}`,
      `y=1 ${NEEDLE}${a}`,
      `y="; ${NEEDLE.slice(1)}${a}"`,
    ]) {
      expect(read(header)).toEqual([]);
    }
  });

  it("cookie names are case-sensitive", () => {
    expect(read(`__host-sessionup=${a}`)).toEqual([]);
  });

  it("returns no tokens without a header or without our cookie", () => {
    for (const header of [undefined, "", ";", "=", "x", "x=1; y=2", "__Host-sessionup"]) {
      expect(readTokens(header, NEEDLE, 2)).toEqual({ tokens: [], malformed: false });
    }
  });

  it("reports a cookie of our name that is not a token as malformed", () => {
    for (const value of ["", "x", `"${a}"`, `${a}x`.repeat(3), a.replace(".", "-"), `${a.slice(0, -1)}é`]) {
      expect(readTokens(NEEDLE + value, NEEDLE, 2)).toEqual({ tokens: [], malformed: true });
    }
  });

  it("returns equal tokens once, and at most the given number", () => {
    const header = [a, a, b, a, c].map((text) => NEEDLE + text).join("; ");
    expect(read(header, 2)).toEqual([a, b]);
    expect(read(header, 4)).toEqual([a, b, c]);
  });

  it("tokens are equal only if id and secret are", () => {
    const [[id = "", secret = ""], [otherId = "", otherSecret = ""]] = [a.split("."), b.split(".")];
    const three = [`${id}.${secret}`, `${id}.${otherSecret}`, `${otherId}.${secret}`];
    expect(read(three.map((text) => NEEDLE + text).join(";"), 4)).toEqual(three);
  });

  it("junk cookies of our name do not crowd out the real token", () => {
    const junk = Array.from({ length: 100 }, (_, index) => `${NEEDLE}junk${index}`);
    expect(read([...junk, NEEDLE + a].join("; "))).toEqual([a]);
  });

  it("reads a header of a megabyte", () => {
    const long = `${NEEDLE.repeat(50_000)}${" ".repeat(500_000)};${NEEDLE}${a}`;
    expect(read(long)).toEqual([a]);
  });

  // Headers made of pieces that attackers and broken clients send.
  it("never throws, and finds only tokens that an RFC 6265 parser finds", { timeout: 120_000 }, () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.constantFrom(
        NAME,
        NEEDLE,
        ";",
        "; ",
        "=",
        '"',
        ",",
        ".",
        "\0",
        "\t",
        " ",
        "\r\n",
        "%00",
        "é",
        "\ud800",
        a,
        b,
      ),
      fc.constantFrom(a, b).map((text) => `${NEEDLE}${text}`),
    );
    const header = joined(piece, 14);
    let found = 0;
    fc.assert(
      fc.property(header, (text) => {
        const { tokens } = readTokens(text, NEEDLE, 2);
        found += tokens.length;
        expect(tokens.length).toBeLessThanOrEqual(2);
        const pairs = text.split(";").map((pair) => pair.replace(/^[ \t]+/, ""));
        for (const token of tokens) {
          expect(parseToken(formatToken(token))).toEqual(token);
          expect(pairs.some((pair) => pair.startsWith(NEEDLE) && pair.includes(formatToken(token)))).toBe(
            true,
          );
        }
        // The cookie package keeps only the first cookie of a name. It ignores a blank before the "=", which browsers never
        // send and which makes it another name here.
        const theirs = pairs.some((pair) => BLANK_AFTER_NAME.test(pair))
          ? undefined
          : parseCookie(text)[NAME];
        if (theirs !== undefined && parseToken(theirs)) expect(tokens.map(formatToken)[0]).toBe(theirs);
      }),
      fuzzRuns(20_000),
    );
    expect(found).toBeGreaterThan(50);
  });
});

describe("on arbitrary headers and lines", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "n",
      "n=v",
      "=",
      ";",
      "; ",
      "Path",
      "path=/",
      "Domain=",
      ".example.com",
      "Partitioned",
      "\0",
      "\ud800",
    ),
    fc.string({ unit: "binary", maxLength: 30 }),
  );
  const text = joined(piece, 12);

  it("readCookie returns a trimmed value without separators, or undefined", () => {
    let found = 0;
    fc.assert(
      fc.property(text, (header) => {
        const value = readCookie(header, "n");
        if (value === undefined) return;
        found++;
        expect(value).toBe(value.trim());
        expect(value).not.toContain(";");
        expect(header).toContain(value);
      }),
      fuzzRuns(5_000),
    );
    expect(found).toBeGreaterThan(10);
  });

  it("withCookie removes no line of another cookie", () => {
    const cookie = {
      name: "n",
      value: "v",
      path: "/",
      httpOnly: true,
      secure: true,
      sameSite: "lax",
      partitioned: false,
    } as const;
    const line = fc.oneof(
      text,
      fc.constantFrom(serializeCookie(cookie), "n=x; path=/", "n=x; Path=/a", "nn=x; Path=/"),
    );
    let replaced = 0;
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const all = withCookie(lines, cookie);
        expect(all.at(-1)).toBe(serializeCookie(cookie));
        expect(all.slice(0, -1)).toEqual(lines.filter((each) => !setsCookie(each, cookie)));
        for (const each of lines) if (!each.startsWith("n=")) expect(all).toContain(each);
        if (all.length <= lines.length) replaced++;
        expect(withCookie(all, cookie)).toEqual(all);
      }),
      fuzzRuns(5_000),
    );
    expect(replaced).toBeGreaterThan(100);
  });
});

describe("readCookie", () => {
  it("returns the first cookie of that name, trimmed", () => {
    expect(readCookie("x=1; seen= a b\t; seen=2", "seen")).toBe("a b");
    expect(readCookie("seen=1", "seen")).toBe("1");
    expect(readCookie("seen=", "seen")).toBe("");
  });

  it("returns undefined without a header or without that cookie", () => {
    for (const header of [undefined, "", "seen", "unseen=1", "x=seen=1"])
      expect(readCookie(header, "seen")).toBeUndefined();
  });
});

describe("serializeCookie", () => {
  const plain = { name: "n", value: "v", path: "/", httpOnly: false, secure: false, partitioned: false };

  it("always writes SameSite, and the other attributes only if they are set", () => {
    expect(serializeCookie({ ...plain, sameSite: "lax" })).toBe("n=v; Path=/; SameSite=Lax");
    expect(
      serializeCookie({
        name: "n",
        value: "",
        path: "/a",
        domain: "example.com",
        expires: 0,
        maxAge: 0,
        httpOnly: true,
        secure: true,
        sameSite: "none",
        partitioned: true,
      }),
    ).toBe(
      "n=; Path=/a; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
    );
  });

  it("withCookie replaces an earlier line of the same cookie only", () => {
    const lines = ["a=1", "n=old; Path=/", "nn=2"];
    expect(withCookie(lines, { ...plain, sameSite: "strict" })).toEqual([
      "a=1",
      "nn=2",
      "n=v; Path=/; SameSite=Strict",
    ]);
  });

  it("setsCookie compares name, domain, path and partition as browsers do, in any notation", () => {
    const cookie = { ...plain, path: "/a", domain: "Example.com", secure: true, partitioned: true };
    for (const line of [
      "n=; Path=/a; Domain=example.com; Secure; Partitioned",
      "n=x;path=/a;DOMAIN=.EXAMPLE.com;partitioned",
      "n=x; Path=/; Path=/a; Domain=example.com; Partitioned=",
      "n=x; Path = /a\t; Domain = example.com ; Partitioned ",
    ])
      expect(setsCookie(line, cookie)).toBe(true);
    expect(setsCookie("n=; Path=/a=b", { ...plain, path: "/a=b" })).toBe(true);
    // In upper case the two names would be equal.
    expect(setsCookie("n=; Path=/; Domain=straße.example", { ...plain, domain: "strasse.example" })).toBe(
      false,
    );
    // The name of the cookie is not an attribute.
    expect(setsCookie("Partitioned=; Path=/", { ...plain, name: "Partitioned" })).toBe(true);
    for (const line of [
      "m=; Path=/a; Domain=example.com; Partitioned",
      "n=; Path=/A; Domain=example.com; Partitioned",
      "n=; Path=/a/; Domain=example.com; Partitioned",
      "n=; Domain=example.com; Partitioned",
      "n=; Path=/a; Partitioned",
      "n=; Path=/a; Domain=www.example.com; Partitioned",
      "n=; Path=/a; Domain=example.com",
      "n=Partitioned; Path=/a; Domain=example.com",
    ])
      expect(setsCookie(line, cookie)).toBe(false);
  });

  it("OutgoingCookies keeps cookies of one name in the order in which they were last set", () => {
    const cookies = new OutgoingCookies();
    const [a, b] = [
      { ...plain, sameSite: "lax" } as const,
      { ...plain, sameSite: "lax", partitioned: true } as const,
    ];
    for (const each of [a, b, { ...a, value: "last" }]) cookies.set(each);
    expect([...cookies].map(({ value, partitioned }) => [value, partitioned])).toEqual([
      ["v", true],
      ["last", false],
    ]);
    expect(cookies.size).toBe(2);
  });
});
