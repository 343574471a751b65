/** Refuses misspelt options: a limit that is not in force must not look as if it were. @internal */
export function known(options: object, name: string, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`${name}: needs an object`);
  for (const key of Object.keys(options)) {
    if (!names.includes(key))
      throw new TypeError(`${name}: no option ${JSON.stringify(key)}; there are ${names.join(", ")}`);
  }
}
