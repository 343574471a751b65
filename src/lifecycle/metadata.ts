import { SessionError } from "../errors.ts";
import { deepFreeze } from "../rules/deep-freeze.ts";
import { continueWith, isPromise } from "../rules/maybe-promise.ts";
import type { RecordData } from "../rules/record.ts";
import type { SchemaResult, StandardSchema } from "../standard-schema.ts";
import type { Json, MaybePromise } from "../store.ts";
import { type LiveSession, toLiveSession } from "./auth-result.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Parsed metadata, or the error of metadata that no longer parses. @internal */
export type ParsedMeta<Meta> =
  | { readonly ok: true; readonly value: Meta }
  | { readonly ok: false; readonly error: Error };

/** Metadata as a record stores it and as an app sees it. @internal */
export interface WrittenMeta<Out> {
  readonly json: Json | undefined;
  readonly parsed: ParsedMeta<Out>;
}

const MAX_DEPTH = 64;
const ABSENT = { ok: true, value: undefined } as const;

/** Writes metadata to records and reads it back. @internal */
export class MetadataCodec<In, Out> {
  readonly #schema: StandardSchema<In, Out> | undefined;
  readonly #maxBytes: number;

  constructor(schema: StandardSchema<In, Out> | undefined, maxBytes: number) {
    this.#schema = schema;
    this.#maxBytes = maxBytes;
  }

  /**
   * Returns the schema's output as plain JSON, and its parsed form. The JSON is parsed once more, as every later request
   * does. Throws `ERR_META_INVALID`, and `TypeError` for metadata of a manager without the option `meta`.
   */
  async write(input: unknown): Promise<WrittenMeta<Out>> {
    if (!this.#schema) {
      if (input !== undefined)
        throw new TypeError("meta requires the manager's option meta: a schema, or typed<T>().");
      return { json: undefined, parsed: ABSENT as ParsedMeta<Out> };
    }
    const first = await validate(this.#schema, input);
    if (!first.ok) throw first.error;
    const json = toJson(first.value, this.#maxBytes);
    const parsed = await this.read(json);
    if (!parsed.ok) throw invalidMeta("the schema does not accept its own output", parsed.error.cause);
    return { json, parsed };
  }

  /** Parses metadata. Synchronous unless the schema is asynchronous: every request comes through here. */
  read(json: Json | undefined): MaybePromise<ParsedMeta<Out>> {
    if (!this.#schema) return ABSENT as ParsedMeta<Out>;
    return continueWith(validate(this.#schema, json), freezeMeta);
  }
}

/** Changes a session's metadata by compare-and-set: `update` runs again when a concurrent change came first. @internal */
export async function updateMetadata<In, Out extends In>(
  lifecycle: Lifecycle<In, Out>,
  before: LiveSession<Out>,
  update: (meta: Out) => In | Promise<In>,
): Promise<LiveSession<Out>> {
  const { repository, metadata, options } = lifecycle;
  const after = await repository.change(before, before.token, async ({ meta, ...rest }) => {
    const old = await metadata.read(meta);
    if (!old.ok) throw old.error;
    const { json } = await metadata.write(await update(old.value));
    return { ...rest, ...(json !== undefined && { meta: json }) } as RecordData;
  });
  const meta = await metadata.read(after.data.meta);
  return toLiveSession(lifecycle, before.token, after, meta, before.held, options.clock());
}

function validate<In, Out>(schema: StandardSchema<In, Out>, value: unknown): MaybePromise<ParsedMeta<Out>> {
  try {
    const result = schema["~standard"].validate(value);
    return isPromise(result) ? result.then(toParsedMeta, toThrownMeta) : toParsedMeta(result);
  } catch (error) {
    return toThrownMeta(error);
  }
}

function toParsedMeta<Out>(result: SchemaResult<Out>): ParsedMeta<Out> {
  if (!result.issues) return { ok: true, value: result.value };
  return { ok: false, error: invalidMeta("the schema rejects it; the cause has the issues", result.issues) };
}

function toThrownMeta(cause: unknown): ParsedMeta<never> {
  return { ok: false, error: invalidMeta("the schema threw an error", cause) };
}

/** One reader's change must not surprise the next. */
function freezeMeta<Out>(result: ParsedMeta<Out>): ParsedMeta<Out> {
  if (result.ok) deepFreeze(result.value);
  return result;
}

function invalidMeta(problem: string, cause?: unknown): SessionError {
  return new SessionError("ERR_META_INVALID", `meta is invalid: ${problem}.`, { cause });
}

/** Copies metadata as plain JSON, through text, so that `__proto__` is a key like any other. */
function toJson(value: unknown, maxBytes: number): Json | undefined {
  if (value === undefined) return undefined;
  if (!isJson(value, 0)) throw invalidMeta(`it must be plain JSON, nested at most ${MAX_DEPTH} levels`);
  const text = JSON.stringify(value);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > maxBytes) throw invalidMeta(`its ${bytes} bytes of JSON exceed maxMetaBytes (${maxBytes})`);
  return JSON.parse(text) as Json;
}

/** Whether JSON represents the whole value. It would silently drop or change a Date, a Map, NaN or a symbol key. @internal */
export function isJson(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (value === null || typeof value === "boolean") return true;
  if (typeof value !== "object") return Number.isFinite(value);
  if (depth === MAX_DEPTH) return false;
  // Array.from turns holes into undefined, which JSON would change to null.
  if (Array.isArray(value)) return Array.from(value).every((item) => isJson(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  // A property that is undefined counts as absent.
  return Object.entries(value).every(
    ([key, item]) => key.isWellFormed() && (item === undefined || isJson(item, depth + 1)),
  );
}
