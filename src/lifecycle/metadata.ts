import { SessionError } from "../errors.ts";
import type { ParsedMeta } from "../session.ts";
import type { Json } from "../store.ts";
import { deepFreeze } from "./deep-freeze.ts";

/** A schema of any library that follows the Standard Schema (version 1), such as zod, valibot or arktype. */
export interface StandardSchema<In = unknown, Out = In> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Out> | Promise<SchemaResult<Out>>;
    readonly types?: { readonly input: In; readonly output: Out } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] };

/** `T` if JSON can hold it, else a type it does not fit: no Date, Map, function, bigint, symbol. */
export type JsonOf<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends bigint | symbol | ((...args: never) => unknown)
    ? never
    : T extends readonly unknown[]
      ? { readonly [K in keyof T]: JsonOf<T[K]> }
      : T extends { toJSON(...args: never): unknown } | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
        ? never
        : T extends object
          ? { readonly [K in keyof T]: JsonOf<T[K]> }
          : never;

/**
 * Metadata with a type and no schema: nothing is checked at run time but that it is JSON.
 *
 * @example
 * ```ts
 * import { Manager, typed } from "sessionup";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = new Manager(memoryStore(), { meta: typed<{ theme: "light" | "dark" }>() });
 * ```
 */
export function typed<T extends { readonly [K in keyof T]: JsonOf<T[K]> }>(
  ..._json: [JsonOf<T>] extends [never] ? [refused: "metadata has to be JSON"] : []
): StandardSchema<T, T> {
  return { "~standard": { version: 1, vendor: "sessionup", validate: (value) => ({ value: value as T }) } };
}

const DEEPEST = 64;
const ABSENT = { ok: true, value: undefined } as const;

/** Puts metadata into records and takes it out again. @internal */
export class MetaCodec<In, Out> {
  readonly #schema: StandardSchema<In, Out> | undefined;
  readonly #maxBytes: number;

  constructor(schema: StandardSchema<In, Out> | undefined, maxBytes: number) {
    this.#schema = schema;
    this.#maxBytes = maxBytes;
  }

  /**
   * What to store: the schema's output as plain JSON, `undefined` for none. It is parsed once more, since that is what
   * every later request does with it. Throws `ERR_META_INVALID`; `TypeError` for metadata that no `meta` option names.
   */
  async write(
    input: unknown,
  ): Promise<{ readonly json: Json | undefined; readonly parsed: ParsedMeta<Out> }> {
    if (!this.#schema) {
      if (input !== undefined)
        throw new TypeError("meta: the manager has no `meta` option; give it a schema or typed<T>()");
      return { json: undefined, parsed: ABSENT as ParsedMeta<Out> };
    }
    const first = await validate(this.#schema, input);
    if (!first.ok) throw first.error;
    const json = plain(first.value, this.#maxBytes);
    const parsed = await this.read(json);
    if (!parsed.ok) throw refused("what its schema makes of it does not parse again", parsed.error.cause);
    return { json, parsed };
  }

  /** What an app sees. At once unless the schema is asynchronous: this is on the way of every request. */
  read(json: Json | undefined): ParsedMeta<Out> | Promise<ParsedMeta<Out>> {
    if (!this.#schema) return ABSENT as ParsedMeta<Out>;
    const result = validate(this.#schema, json);
    return result instanceof Promise ? result.then(frozen) : frozen(result);
  }
}

function validate<In, Out>(
  schema: StandardSchema<In, Out>,
  value: unknown,
): ParsedMeta<Out> | Promise<ParsedMeta<Out>> {
  try {
    const result = schema["~standard"].validate(value);
    return result instanceof Promise ? result.then(parsed, thrown) : parsed(result);
  } catch (error) {
    return thrown(error);
  }
}

function parsed<Out>(result: SchemaResult<Out>): ParsedMeta<Out> {
  if (result.issues)
    return { ok: false, error: refused("its schema refuses it; the issues are the cause", result.issues) };
  return { ok: true, value: result.value };
}

/** So that what one reader gets can be no surprise to the next. */
function frozen<Out>(result: ParsedMeta<Out>): ParsedMeta<Out> {
  if (result.ok) deepFreeze(result.value);
  return result;
}

function thrown(cause: unknown): ParsedMeta<never> {
  return { ok: false, error: refused("its schema threw", cause) };
}

function refused(why: string, cause?: unknown): SessionError {
  return new SessionError("ERR_META_INVALID", `meta: ${why}`, { cause });
}

/** A copy that is JSON and nothing else. Through text, so that `__proto__` is a key like any other. */
function plain(value: unknown, maxBytes: number): Json | undefined {
  if (value === undefined) return undefined;
  checkJson(value, 0);
  const text = JSON.stringify(value);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > maxBytes)
    throw refused(`${bytes} bytes of JSON are more than the ${maxBytes} of \`maxMetaBytes\``);
  return JSON.parse(text) as Json;
}

/** Refuses what JSON would drop or change without a word. A property that is `undefined` counts as absent. */
function checkJson(value: unknown, depth: number): void {
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw refused("a string has a lone surrogate, which UTF-8 cannot hold");
    return;
  }
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (typeof value !== "object")
    throw refused(`a ${typeof value} is not JSON${typeof value === "number" ? ": NaN or Infinity" : ""}`);
  if (depth === DEEPEST) throw refused(`nested deeper than ${DEEPEST}, or in a circle`);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) checkJson(value[index], depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  const simple =
    prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
  if (!simple) throw refused("only plain objects and arrays are JSON, no Date, Map or instance of a class");
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused("a symbol cannot be a key in JSON");
  for (const [key, item] of Object.entries(value)) {
    if (!key.isWellFormed()) throw refused("a key has a lone surrogate, which UTF-8 cannot hold");
    if (item !== undefined) checkJson(item, depth + 1);
  }
}
