import { describe, expect, it } from "vitest";
import { toForeignPromise } from "../../test/support/foreign-promise.ts";
import { continueWith, isPromise } from "./maybe-promise.ts";

const foreign = (value: number) => toForeignPromise(Promise.resolve(value));

describe("isPromise", () => {
  it("is true for promises, also for those of another realm", () => {
    expect(foreign(1)).not.toBeInstanceOf(Promise);
    for (const value of [Promise.resolve(), foreign(1)]) expect(isPromise<unknown>(value)).toBe(true);
  });

  it("is false for any other value", () => {
    for (const value of [undefined, null, 0, "", "then", {}, [], () => 1, { state: "session" }])
      expect(isPromise<unknown>(value)).toBe(false);
  });
});

describe("continueWith", () => {
  it("passes a value on at once, and a promise's value later", async () => {
    const double = (value: number) => 2 * value;
    expect(continueWith(1, double)).toBe(2);
    for (const value of [Promise.resolve(1), foreign(1)]) expect(await continueWith(value, double)).toBe(2);
  });
});
