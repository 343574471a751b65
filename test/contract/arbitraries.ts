import { randomBytes } from "node:crypto";
import fc from "fast-check";
import type { Json, SessionData } from "sessionup";

/** Text that is known to break queries, patterns, key layouts, collations or parsers. */
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

/** Well-formed text with any characters. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.array(fc.constantFrom(...AWKWARD), { maxLength: 6 }).map((parts) => parts.join("")),
);

/** User keys up to nearly 1 kB. `marked` makes a key unique. */
export const userKey: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 1_024, size: "max" }) },
);

/** Adds the mark before or after the key, and cuts the key to slightly less than the maximum length. */
export function marked(key: string, mark: string): string {
  const characters = [...key];
  while (Buffer.byteLength(characters.join("")) > 1_020 - mark.length) characters.pop();
  const cut = characters.join("");
  // Some engines trim or pad text, so the key's own start and end must both be tested.
  return key.length % 2 === 0 ? mark + cut : cut + mark;
}

const key = fc.oneof(text, fc.constantFrom("", "__proto__", "constructor", "toString", "a.b", "$set", "0"));
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e21, 5e-324, 1.7976931348623157e308, 0.1, 2 ** 53 + 2, -1.5),
);

/** Objects as JSON.parse creates them, with `__proto__` as an ordinary key. −0 is left out because JSON loses it. */
const arbitraryObject = (entry: fc.Arbitrary<readonly [string, unknown]>) =>
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
    arbitraryObject(fc.tuple(key, tie("json"))),
  ),
}));

/** Any session data. */
export const data: fc.Arbitrary<SessionData> = arbitraryObject(fc.tuple(key, json)).map((rest) => ({
  ...rest,
  v: 1,
}));

/** Returns letters and digits that are unique across test runs. */
export function newMark(): string {
  return `Run${randomBytes(6).toString("hex")}`;
}
