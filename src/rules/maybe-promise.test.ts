import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { attempt, continueWith, isPromise } from "./maybe-promise.ts";

const foreign: (value: number) => Promise<number> = runInNewContext("async (value) => value");

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

describe("attempt", () => {
  const fail = () => {
    throw new Error("failed");
  };
  const double = (value: number) => 2 * value;
  const toLength = (error: unknown) => (error as Error).message.length;

  it("passes the step's value on, at once or later", async () => {
    expect(attempt(() => 1, double, toLength)).toBe(2);
    expect(await attempt(async () => 1, double, toLength)).toBe(2);
    expect(await attempt(() => foreign(1), double, toLength)).toBe(2);
  });

  it("passes what the step throws or rejects with to recover", async () => {
    expect(attempt(fail, double, toLength)).toBe(6);
    expect(await attempt(async () => fail(), double, toLength)).toBe(6);
    expect(await attempt(() => foreign(1).then(fail), double, toLength)).toBe(6);
  });

  it("throws or rejects with what recover throws", async () => {
    expect(() => attempt(fail, double, fail)).toThrow("failed");
    await expect(attempt(async () => fail(), double, fail)).rejects.toThrow("failed");
  });
});
