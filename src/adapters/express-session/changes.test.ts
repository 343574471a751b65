import { describe, expect, it } from "vitest";
import { applyChanges, findChanges, requireObject, toAppliedTexts, toTexts } from "./changes.ts";

const every = () => true;

describe("changes of session data", () => {
  it("toTexts leaves out functions, undefined and what is not data", () => {
    const texts = toTexts({ a: 1, b: undefined, c: () => 1, cookie: {} }, (key) => key !== "cookie");
    expect([...texts]).toEqual([["a", "1"]]);
  });

  it("findChanges finds new, changed, deleted and deeply changed keys", () => {
    const before = toTexts({ same: { a: [1] }, deep: { a: [1] }, changed: 1, deleted: null }, every);
    const after = toTexts({ same: { a: [1] }, deep: { a: [1, 2] }, changed: "1", added: false }, every);
    const changes = findChanges(before, after);
    expect([...changes].sort()).toEqual([
      ["added", "false"],
      ["changed", '"1"'],
      ["deep", '{"a":[1,2]}'],
      ["deleted", undefined],
    ]);
    expect([...toAppliedTexts(before, changes)].sort()).toEqual([...after].sort());
  });

  it("applyChanges keeps the keys that other requests have changed", () => {
    const changes = new Map([
      ["mine", "2"],
      ["deleted", undefined],
    ]);
    expect(applyChanges({ mine: 1, theirs: 2, deleted: 1 }, changes)).toEqual({ mine: 2, theirs: 2 });
    expect(applyChanges(undefined, changes)).toEqual({ mine: 2 });
  });

  it("applyChanges keeps a key __proto__ as data", () => {
    const meta = JSON.parse('{"__proto__":{"admin":true}}');
    const changed = applyChanges(meta, new Map([["constructor", '{"a":1}']]));
    expect(Object.getPrototypeOf(changed)).toBe(Object.prototype);
    expect(JSON.stringify(changed)).toBe('{"__proto__":{"admin":true},"constructor":{"a":1}}');
  });

  it.each([[[1]], ["text"], [1]])("requireObject rejects the metadata %j", (meta) => {
    expect(() => requireObject(meta)).toThrow(/req\.session requires metadata that is an object/);
  });
});
