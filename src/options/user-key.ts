const MAX_BYTES = 1_024;

/** Rejects an invalid user key before anything is read or written. @internal */
export function checkUserKey(userKey: unknown): asserts userKey is string {
  checkLookupKey(userKey, "userKey");
}

/** Parses a user key, or another text by which sessions or parties are found. @internal */
export function parseLookupKey(value: unknown, name: string): string {
  checkLookupKey(value, name);
  return value;
}

/** Rejects text by which sessions cannot be found. The error never shows the text. @internal */
export function checkLookupKey(key: unknown, name: string): asserts key is string {
  // A number may be the id of a user.
  if (typeof key !== "string") throw new TypeError(`${name} must be a string. Received ${typeof key}.`);
  const problem =
    key === ""
      ? "not be empty"
      : !key.isWellFormed()
        ? "be well-formed text, without lone surrogates"
        : // A character has at most three bytes: usual keys need no counting.
          key.length * 3 > MAX_BYTES && new TextEncoder().encode(key).length > MAX_BYTES
          ? `have at most ${MAX_BYTES} bytes of UTF-8`
          : undefined;
  if (problem) throw new TypeError(`${name} must ${problem}.`);
}
