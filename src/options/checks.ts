/** Refuses misspelt options: a limit that is not in force must not look as if it were. @internal */
export function checkOptionNames(options: object, name: string, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`${name}: needs an object`);
  for (const key of Object.keys(options)) {
    if (!names.includes(key))
      throw new TypeError(`${name}: no option ${JSON.stringify(key)}; there are ${names.join(", ")}`);
  }
}

/** Refuses what only looks true or false: the text "false" would be true. @internal */
export function checkBoolean(value: unknown, name: string, needed = "true or false"): void {
  if (typeof value !== "boolean") throw new TypeError(`${name}: needs ${needed}`);
}

/** Refuses what cannot be counted by. @internal */
export function checkPositiveInteger(value: unknown, name: string): void {
  if (!Number.isSafeInteger(value) || Number(value) < 1)
    throw new TypeError(`${name}: needs a whole number above zero`);
}

/** Milliseconds since 1970. Throws `TypeError` for what is no moment: an invalid date would let everybody in. @internal */
export function parseDate(date: Date, name: string): number {
  if (!(date instanceof Date) || Number.isNaN(date.getTime()))
    throw new TypeError(`${name}: needs a valid Date, such as new Date("2026-01-31T12:00:00Z")`);
  return date.getTime();
}
