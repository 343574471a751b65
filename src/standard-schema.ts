import type { Json } from "./store.ts";

/** A schema of any library that follows Standard Schema version 1, such as zod, valibot or arktype. */
export interface StandardSchema<In = unknown, Out = In> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Out> | Promise<SchemaResult<Out>>;
    readonly types?: { readonly input: In; readonly output: Out } | undefined;
  };
}

/** A schema's verdict on a value. */
export type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] };

/** `T` if JSON can represent it, otherwise a type that `T` does not fit: no Date, Map, function, bigint or symbol. */
export type JsonOf<T> = [T] extends [Json]
  ? T
  : T extends string | number | boolean | null | undefined
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
 * Types metadata without a schema. At run time the manager only checks that the metadata is JSON.
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
  ..._json: [JsonOf<T>] extends [never] ? [rejected: "metadata has to be JSON"] : []
): StandardSchema<T, T> {
  return { "~standard": { version: 1, vendor: "sessionup", validate: (value) => ({ value: value as T }) } };
}
