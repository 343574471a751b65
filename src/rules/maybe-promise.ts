import type { MaybePromise } from "../store.ts";

/** Whether a value is still to come. Drivers and other realms have promises that are not instances of `Promise`. @internal */
export function isPromise<Value>(value: MaybePromise<Value>): value is Promise<Value> {
  return typeof (value as Partial<Promise<Value>> | null | undefined)?.then === "function";
}

/** Passes a value on, at once unless it is still to come. @internal */
export function continueWith<Value, Result>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return isPromise(value) ? value.then(next) : next(value);
}
