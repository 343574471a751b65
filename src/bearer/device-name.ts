const MAX_LENGTH = 64;
/** Longer text is cut before anything else reads it. */
const MAX_INPUT = 1_024;

/**
 * Returns the name of a device as lists may show it: one line of well-formed text, at most 64 characters. Control characters,
 * line breaks and marks that change the direction of text become spaces. Returns `undefined` for anything else than text, and if
 * nothing is left: what a client sends must not make its login fail.
 */
export function toDeviceName(given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  const line = given
    .slice(0, MAX_INPUT)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\s]+/gu, " ")
    .trim();
  // By code points: cutting a surrogate pair would leave text that is not well-formed.
  const name = [...line].slice(0, MAX_LENGTH).join("").trimEnd();
  return name === "" ? undefined : name;
}
