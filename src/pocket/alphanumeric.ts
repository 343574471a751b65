import { Buffer } from "node:buffer";

/** The characters of base64 that are no letters and digits, and the letter that begins their replacements. */
const ESCAPES: Readonly<Record<string, string>> = { z: "z0", "+": "z1", "/": "z2" };
const ESCAPED: Readonly<Record<string, string>> = { z0: "z", z1: "+", z2: "/" };

/** Encodes bytes with letters and digits only. The text is 5 % longer than base64. */
export function encodeAlphanumeric(bytes: Buffer): string {
  return bytes
    .toString("base64")
    .replace(/=+$/, "")
    .replace(/[z+/]/g, (character) => ESCAPES[character] as string);
}

/** Decodes a text of `encodeAlphanumeric`. Returns `undefined` for any other text, so that bytes have one encoding. */
export function decodeAlphanumeric(text: string): Buffer | undefined {
  const bytes = Buffer.from(
    text.replace(/z./g, (pair) => ESCAPED[pair] ?? ""),
    "base64",
  );
  return encodeAlphanumeric(bytes) === text ? bytes : undefined;
}
