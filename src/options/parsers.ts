import { MAX_TIMER_DELAY, parseDuration } from "../duration.ts";

/** Checks the value of an option and returns it in its internal form. Throws `TypeError`. @internal */
export type Parser<T> = (value: unknown, name: string) => T;

/** An option: `parse` checks a given value, and `default` replaces a missing one unless the option is required. @internal */
export interface Option<T> {
  readonly parse: Parser<T>;
  readonly default?: unknown;
  readonly required?: true;
}

/** An option with a default, whose parsed value is never missing. @internal */
export interface DefaultOption<T> extends Option<T> {
  readonly default: unknown;
}

/** The options of one call or object. The table is the only declaration of their parsers and defaults. @internal */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The parsed values of a table. An option that is not required and has no default may be `undefined`. @internal */
export type ParsedOptions<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends
    | { readonly default: unknown }
    | { readonly required: true }
    ? ReturnType<Table[Name]["parse"]>
    : ReturnType<Table[Name]["parse"]> | undefined;
};

/** Returns the error for an invalid option: what it must be, and what was received. @internal */
export function invalidOption(name: string, needed: string, received: unknown): TypeError {
  return new TypeError(`${name} must be ${needed}. Received ${describe(received)}.`);
}

function describe(value: unknown): string {
  // A longer text may be a secret.
  if (typeof value === "string")
    return value.length < 16 ? JSON.stringify(value) : `a string of ${value.length} characters`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : "an object";
}

/** Rejects misspelled options: a limit with a typo would otherwise silently not apply. */
function checkOptionNames(options: object, name: string, names: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw invalidOption(`The options of ${name}`, "an object", options);
  for (const key of Object.keys(options)) {
    if (!names.includes(key))
      throw new TypeError(`"${key}" is not an option of ${name}. The options are ${names.join(", ")}.`);
  }
}

/** Parses every option of a table. `prefix` precedes each option's name in errors. @internal */
export function parseOptions<Table extends OptionTable>(
  given: object,
  table: Table,
  name: string,
  prefix: string = `${name}.`,
): ParsedOptions<Table> {
  checkOptionNames(given, name, Object.keys(table));
  const parsed: Record<string, unknown> = {};
  for (const key in table) {
    const option = table[key] as Option<unknown>;
    const own = (given as Record<string, unknown>)[key];
    const value = own === undefined ? option.default : own;
    parsed[key] = value === undefined && !option.required ? undefined : option.parse(value, prefix + key);
  }
  return Object.freeze(parsed) as ParsedOptions<Table>;
}

/** Returns a parser that accepts one of these values. @internal */
export function oneOf<const Values extends ReadonlyArray<string | boolean>>(
  ...values: Values
): Parser<Values[number]> {
  const shown = values.map((value) => JSON.stringify(value));
  const needed = `${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
  return (value, name) => {
    if (values.includes(value as Values[number])) return value as Values[number];
    throw invalidOption(name, needed, value);
  };
}

/** Parses a boolean. The string "false" is rejected: it is truthy. @internal */
export const parseBoolean: Parser<boolean> = /* @__PURE__ */ oneOf(true, false);

/** Parses a positive integer. @internal */
export const parsePositiveInteger: Parser<number> = (value, name) => {
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value);
  throw invalidOption(name, "a positive integer", value);
};

/** Returns a parser for text that matches a pattern. @internal */
export function matching(pattern: RegExp, needed: string): Parser<string> {
  return (value, name) => {
    if (typeof value === "string" && pattern.test(value)) return value;
    throw invalidOption(name, needed, value);
  };
}

/** Parses the interval of a timer to milliseconds. @internal */
export function parseInterval(value: unknown, name: string): number {
  const interval = parseDuration(value, name);
  if (interval > MAX_TIMER_DELAY) throw new TypeError(`${name} must be at most "24d".`);
  return interval;
}

/** Returns a parser for functions. Each call of the function checks its result. @internal */
export function aFunction<F extends (...args: never) => unknown>(): Parser<F> {
  return (value, name) => {
    if (typeof value === "function") return value as F;
    throw invalidOption(name, "a function", value);
  };
}

/** Returns a parser for the result of a factory. Its subpath is the factory's name in kebab case unless stated. @internal */
export function resultOf<T extends object>(factory: string, method: keyof T): Parser<T> {
  return (value, name) => {
    if (typeof (value as Partial<T> | null)?.[method] === "function") return value as T;
    throw invalidOption(name, `the result of ${factory}()`, value);
  };
}

/** Parses a date to milliseconds since 1970. An invalid date would compare false and let every session in. @internal */
export const parseDate: Parser<number> = (value, name) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw invalidOption(name, 'a valid Date such as new Date("2026-01-31T12:00:00Z")', value);
};

/** Returns a parser for arrays of strings. @internal */
export function listOf(needed: string, accepts: (item: string) => boolean): Parser<readonly string[]> {
  return (value, name) => {
    const accepted = (item: unknown) => typeof item === "string" && accepts(item);
    if (Array.isArray(value) && value.every(accepted)) return Object.freeze([...value]);
    throw invalidOption(name, `an array of ${needed}`, value);
  };
}
