import { randomBytes } from "node:crypto";
import fc from "fast-check";
import type { Json, SessionData } from "sessionup";

/** What queries, patterns, key layouts, collations and parsers have been seen to trip over, alone or in a text. */
const AWKWARD = [
  " ",
  "\u0000",
  "\r\n",
  "\t",
  "A",
  "a",
  "é",
  "e\u0301",
  "ß",
  "\u200d\ufeff\u2028",
  "😀",
  "\u{10ffff}",
  "{",
  "}",
  "%",
  "_",
  "*",
  ":",
  "\\",
  "'",
  '"',
  "$1",
  "\\u0000",
  "--",
  "__proto__",
  "constructor",
];

/** Well-formed text: any character may be in it. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.array(fc.constantFrom(...AWKWARD), { maxLength: 6 }).map((parts) => parts.join("")),
);

/** What a user key may be, up to nearly its whole kilobyte. `marked` makes it one that nobody had before. */
export const userKey: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 1_024, size: "max" }) },
);

/** The key with the mark before or behind it, cut to what a user key may have, a few bytes less. */
export function marked(key: string, mark: string): string {
  const characters = [...key];
  while (Buffer.byteLength(characters.join("")) > 1_020 - mark.length) characters.pop();
  const cut = characters.join("");
  // Beginnings and ends are trimmed and padded by some; each has to be the text's own now and then.
  return key.length % 2 === 0 ? mark + cut : cut + mark;
}

const key = fc.oneof(text, fc.constantFrom("", "__proto__", "constructor", "toString", "a.b", "$set", "0"));
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e21, 5e-324, 1.7976931348623157e308, 0.1, 2 ** 53 + 2, -1.5),
);

/** Objects come as JSON has them: with `__proto__` as a key like any other. What JSON does not keep (−0) is not in it. */
const objectOf = (entry: fc.Arbitrary<readonly [string, unknown]>) =>
  fc
    .array(entry, { maxLength: 5 })
    .map((entries) => `{${entries.map((each) => each.map((part) => JSON.stringify(part)).join(":"))}}`)
    .map((json): { readonly [key: string]: Json } => JSON.parse(json));

const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(null, true, false, "", [], {}),
    number.map((value): Json => JSON.parse(JSON.stringify(value))),
    text,
    fc.array(tie("json"), { maxLength: 4 }),
    objectOf(fc.tuple(key, tie("json"))),
  ),
}));

/** All that a session's data may be. */
export const data: fc.Arbitrary<SessionData> = objectOf(fc.tuple(key, json)).map((rest) => ({
  ...rest,
  v: 1,
}));

/** Letters that no other run of any suite has. */
export function newMark(): string {
  return `Run${randomBytes(6).toString("hex")}`;
}
