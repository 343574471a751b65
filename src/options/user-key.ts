const MOST_BYTES = 1_024;

/** Refuses what cannot be a user key, before anything is read or written. @internal */
export function checkUserKey(userKey: unknown): asserts userKey is string {
  checkKey(userKey, "userKey");
}

/** The same for other texts by which sessions are found. @internal */
export function checkKey(key: unknown, name: string): asserts key is string {
  const problem =
    typeof key !== "string"
      ? "needs a string"
      : key === ""
        ? "needs at least one character"
        : !key.isWellFormed()
          ? "needs well-formed text, no lone surrogates"
          : // A character has at most three bytes: short keys, which all are, need no counting.
            key.length * 3 > MOST_BYTES && new TextEncoder().encode(key).length > MOST_BYTES
            ? `needs at most ${MOST_BYTES} bytes of UTF-8`
            : undefined;
  if (problem) throw new TypeError(`${name}: ${problem}`);
}
