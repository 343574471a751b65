import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createExpiryWheel, type ExpiryWheel } from "./expiry-wheel.ts";

describe("createExpiryWheel", () => {
  /** The time at which the record in each place ends. */
  const ends: number[] = [0];
  const entry = (expiresAt: number) => ends.push(expiresAt) - 1;
  const newWheel = () => createExpiryWheel((place) => ends[place] ?? Number.NaN);

  const collect = (wheel: ExpiryWheel, now: number, limit = 1_000) => {
    const ended: number[] = [];
    const count = wheel.collect(now, limit, (each) => {
      wheel.remove(each);
      ended.push(each);
    });
    expect(count).toBe(ended.length);
    return ended;
  };

  it("collects a record exactly at its end, not a millisecond earlier", () => {
    const wheel = newWheel();
    const entries = [500, 59_999, 60_000, 60_001, 119_999].map(entry);
    for (const each of entries) wheel.add(each);
    expect(collect(wheel, 499)).toEqual([]);
    expect(new Set(collect(wheel, 60_000))).toEqual(new Set(entries.slice(0, 3)));
    expect(new Set(collect(wheel, 119_999))).toEqual(new Set(entries.slice(3)));
  });

  it("collects no more than the limit", () => {
    const wheel = newWheel();
    for (let count = 0; count < 10; count++) wheel.add(entry(5));
    expect([3, 3, 3, 3].map((limit) => collect(wheel, 10, limit).length)).toEqual([3, 3, 3, 1]);
  });

  it("visits a bounded number of slots per call and continues at the next call", () => {
    const wheel = newWheel();
    wheel.add(entry(0));
    wheel.add(entry(60_000_000));
    expect(collect(wheel, 100_000_000, 10)).toHaveLength(1);
    let calls = 1;
    while (collect(wheel, 100_000_000, 10).length === 0) calls++;
    // One call visits at most forty slots, and a thousand empty minutes lie between the two entries.
    expect(calls).toBeGreaterThan(20);
    expect(calls).toBeLessThan(30);
  });

  it("collects every entry exactly once after any sequence of add, move and remove", () => {
    const action = fc.record({
      what: fc.constantFrom("add", "move", "later", "remove", "collect"),
      which: fc.nat(20),
      when: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const wheel = newWheel();
        const inside: number[] = [];
        for (const { what, which, when } of actions) {
          const one = inside[which];
          if (what === "add") {
            inside.push(entry(when));
            wheel.add(inside.at(-1) ?? 0);
          } else if (what === "collect") {
            const due = inside.filter((each) => (ends[each] ?? 0) <= when);
            expect(new Set(collect(wheel, when))).toEqual(new Set(due));
            for (const each of due) inside.splice(inside.indexOf(each), 1);
          } else if (one && what === "remove") {
            wheel.remove(one);
            inside.splice(which, 1);
          } else if (one) {
            ends[one] = what === "later" ? (ends[one] ?? 0) + when : when;
            // Only an earlier end needs a move: the wheel checks for later ends itself.
            if (what === "move") wheel.move(one);
          }
        }
        expect(new Set(collect(wheel, 100_000_000, 100_000))).toEqual(new Set(inside));
      }),
      { numRuns: 2_000 },
    );
  });
});
