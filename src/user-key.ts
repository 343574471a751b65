const MOST_BYTES = 1_024;

/** Refuses what cannot be a user key, before anything is read or written. @internal */
export function checkUserKey(userKey: unknown): asserts userKey is string {
  const problem =
    typeof userKey !== "string"
      ? "needs a string"
      : userKey === ""
        ? "needs at least one character"
        : !userKey.isWellFormed()
          ? "needs well-formed text, no lone surrogates"
          : // A character has at most three bytes: short keys, which all are, need no counting.
            userKey.length * 3 > MOST_BYTES && new TextEncoder().encode(userKey).length > MOST_BYTES
            ? `needs at most ${MOST_BYTES} bytes of UTF-8`
            : undefined;
  if (problem) throw new TypeError(`userKey: ${problem}`);
}
