/**
 * Control characters, characters that change the direction or the layout of text, and halves of surrogate pairs. The joiners
 * of emoji and of several scripts are not among them.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029]|(?![\u200C\u200D])\p{Cf}/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Makes text of users safe to print: a user key or a device name could otherwise move the cursor, recolour the terminal, or
 * pretend to be another line. `\u001b` stands for the escape character.
 */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT[character] ?? toEscape(character));
}

/** Escapes a value of a line with tabs between the values. A reader can undo it: backslashes are doubled. */
export function escapeField(text: string): string {
  return escapeControls(text.replaceAll("\\", "\\\\"));
}

/** Returns JSON in which the same characters are escaped: `JSON.stringify` leaves some of them as they are. */
export function toSafeJson(value: unknown, indent?: number): string {
  // Outside of strings, the only control characters are the newlines of the indentation.
  return JSON.stringify(value, undefined, indent).replace(UNSAFE, (character) =>
    character === "\n"
      ? character
      : Array.from({ length: character.length }, (_, at) => toUnit(character, at)).join(""),
  );
}

function toUnit(character: string, at: number): string {
  return `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
}

function toEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  return code > 0xffff ? `\\u{${digits}}` : `\\u${digits.padStart(4, "0")}`;
}
