import type { MaybePromise } from "../store.ts";

/**
 * Whether a value is still to come. `instanceof Promise` is not enough: drivers, other realms and patched globals have
 * promises of their own, and one that counted as a result would let the request through.
 *
 * @internal
 */
export function isPromise<Value>(value: MaybePromise<Value>): value is Promise<Value> {
  return typeof (value as Partial<Promise<Value>> | null | undefined)?.then === "function";
}

/** Passes a value to the next step, at once unless it is still to come. @internal */
export function continueWith<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return isPromise(value) ? value.then(next) : next(value);
}
