import type { Duration } from "../duration.ts";
import { parseExpiresIn, parseSchema } from "../options/manager-options.ts";
import {
  aFunction,
  invalidOption,
  listOf,
  type OptionTable,
  oneOf,
  type ParsedOptions,
  type Parser,
  parseBoolean,
  parseOptions,
} from "../options/parsers.ts";
import type { StandardSchema } from "../standard-schema.ts";

/** The options of `createPocket`. */
export interface PocketOptions<Values extends PocketValues = PocketValues> {
  /** The values that the pocket can hold, by name. A name is 1 to 32 letters and digits. */
  readonly values: Values;
}

/** The declared values of a pocket, by name. */
export type PocketValues = Readonly<Record<string, PocketValue>>;

/** The declaration of a value. */
export interface PocketValue {
  /** The schema of the value: a Standard Schema or `typed<T>()`. Its output must be plain JSON and parse again. */
  readonly schema: StandardSchema;
  /** How long the browser keeps the value. Default `"10m"`; at most `"400d"`. */
  readonly ttl?: Duration;
  /**
   * The requests from other sites that carry the value. Default `"lax"`: those by which a user follows a link or a redirect,
   * as at the end of an OAuth login. `"none"` is for a provider that sends the user back with a form
   * (`response_mode=form_post`): every page can then send requests with the value. `"strict"`: none of them.
   */
  readonly sameSite?: "strict" | "lax" | "none";
}

/** The options of `put`. */
export interface PutOptions {
  /** How long the browser keeps the value. Default: the `ttl` of the declaration. */
  readonly ttl?: Duration;
  /**
   * Keeps several values of one name apart, such as logins in two tabs: each `key` has its own value. Only the same `key`
   * finds it again. At most 1 024 characters. Default: the name has one value.
   */
  readonly key?: string;
}

/** The options of `peek`. */
export interface PeekOptions {
  /**
   * The `key` with which the value was put. It may be unchecked input, such as a query parameter: anything else than that
   * text finds no value. Default: the value that was put without a `key`.
   */
  readonly key?: unknown;
}

/** The options of `take`. */
export interface TakeOptions extends PeekOptions {
  /**
   * Whether a copy of the cookie must not give the value a second time. Costs one write to the store, and only if there is a
   * value. Default false: the browser forgets the value, but a client that kept a copy of its cookie can send it again
   * until it expires.
   */
  readonly once?: boolean;
}

/** The options of `createFlash`. */
export interface FlashOptions {
  /** How long the browser keeps messages that no page has shown. Default `"10m"`; at most `"400d"`. */
  readonly ttl?: Duration;
}

const NAME = /^[0-9A-Za-z]{1,32}$/;
const MAX_KEY_LENGTH = 1_024;

const VALUE = {
  schema: { parse: parseSchema, required: true },
  ttl: { parse: parseExpiresIn, default: "10m" },
  sameSite: { parse: oneOf("strict", "lax", "none"), default: "lax" },
} as const;

const parseKey: Parser<string> = (value, name) => {
  if (isKey(value)) return value;
  throw invalidOption(name, `a string of 1 to ${MAX_KEY_LENGTH} characters`, value);
};

const PUT = { ttl: { parse: parseExpiresIn }, key: { parse: parseKey } } as const;

const TAKE = {
  key: { parse: (value: unknown) => value },
  once: { parse: parseBoolean, default: false },
} as const;

const INIT = {
  from: { parse: listOf("names", () => true), required: true },
  meta: { parse: aFunction<(values: object) => unknown>(), required: true },
} as const;

const parseValues: Parser<ReadonlyMap<string, ParsedOptions<typeof VALUE>>> = (given, name) => {
  if (typeof given !== "object" || given === null)
    throw invalidOption(name, "an object of declarations, such as { cart: { schema } }", given);
  const entries = Object.entries(given).map(([key, value]) => {
    if (!NAME.test(key)) throw new TypeError(`${name}: a name must be 1 to 32 letters and digits.`);
    return [key, parseOptions(value as object, VALUE, `${name}.${key}`)] as const;
  });
  return new Map(entries);
};

const POCKET = { values: { parse: parseValues, required: true } } as const;

const FLASH = { ttl: { parse: parseExpiresIn, default: "10m" } } as const;

/** The option tables, from which `docs/reference/options.md` is generated. @internal */
export const POCKET_TABLES: Readonly<Record<"value" | "put" | "take" | "flash", OptionTable>> = {
  value: VALUE,
  put: PUT,
  take: TAKE,
  flash: FLASH,
};

/** Parses the options of `createPocket`. Throws `TypeError`. @internal */
export function parsePocketOptions(options: object): ParsedOptions<typeof POCKET> {
  return parseOptions(options, POCKET, "createPocket");
}

/** Parses the options of `put`. Throws `TypeError`. @internal */
export function parsePutOptions(options: object): ParsedOptions<typeof PUT> {
  // A `key` that is accidentally undefined must not become the value without a key.
  if (hasKey(options)) parseKey((options as PutOptions).key, "put.key");
  return parseOptions(options, PUT, "put");
}

/** Parses the options of `take`. Throws `TypeError`. @internal */
export function parseTakeOptions(options: object): ParsedOptions<typeof TAKE> {
  return parseOptions(options, TAKE, "take");
}

/** Parses the options of `peek`. Throws `TypeError`. @internal */
export function parsePeekOptions(options: object): ParsedOptions<Pick<typeof TAKE, "key">> {
  return parseOptions(options, { key: TAKE.key }, "peek");
}

/** Checks the options of a pocket's `init` that are not those of `init`. Throws `TypeError`. @internal */
export function parsePocketInitOptions(options: object): ParsedOptions<typeof INIT> {
  return parseOptions(options, INIT, "init");
}

/** Parses the options of `createFlash`. Throws `TypeError`. @internal */
export function parseFlashOptions(options: object): ParsedOptions<typeof FLASH> {
  return parseOptions(options, FLASH, "createFlash");
}

/** Whether the options have a `key`, even one that is undefined: a missing query parameter finds nothing. @internal */
export function hasKey(options: object): boolean {
  return Object.hasOwn(options, "key");
}

/** Whether a value can be a `key`. @internal */
export function isKey(value: unknown): value is string {
  return (
    typeof value === "string" && value.length > 0 && value.length <= MAX_KEY_LENGTH && value.isWellFormed()
  );
}
