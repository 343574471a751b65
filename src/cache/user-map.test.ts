import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserMap } from "./user-map.ts";

interface Item {
  readonly record: { readonly id: string; readonly userKey: string };
  readonly number: number;
  next?: Item | undefined;
}

describe("UserMap", () => {
  it("has the items of a map, in the same order, and finds those of a user", () => {
    const id = fc.constantFrom(..."abcdefgh");
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ set: id }) },
      { weight: 4, arbitrary: fc.record({ delete: id }) },
      { weight: 1, arbitrary: fc.constant({ clear: true }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = new UserMap<Item>();
        const model = new Map<string, Item>();
        for (const [number, step] of steps.entries()) {
          if ("set" in step) {
            // A user has four of the ids.
            const item = { record: { id: step.set, userKey: step.set < "e" ? "ann" : "ben" }, number };
            map.set(item);
            model.delete(step.set);
            model.set(step.set, item);
          } else if ("delete" in step) {
            map.delete(step.delete);
            model.delete(step.delete);
          } else {
            map.clear();
            model.clear();
          }
          expect(map.size).toBe(model.size);
          expect([...map.values()].map((item) => item.number)).toEqual(
            [...model.values()].map((item) => item.number),
          );
          for (const userKey of ["ann", "ben", "none"]) {
            const own = [...model.values()].filter(({ record }) => record.userKey === userKey);
            expect(map.ofUser(userKey).map((item) => item.number)).toEqual(
              own.map((item) => item.number).reverse(),
            );
          }
          for (const each of "abcdefgh") expect(map.get(each)?.number).toBe(model.get(each)?.number);
        }
      }),
    );
  });
});
