import { describe, expect, it } from "vitest";
import { advance, type MysqlPosition, toPosition, toRanges } from "./gaps.ts";

const event = (number: number) => ({ number, message: `event ${number}` });
const events = (...numbers: readonly number[]) => numbers.map(event);
const at = (last: number, gaps: MysqlPosition["gaps"] = []): MysqlPosition => ({ last, gaps });
const messages = (...numbers: readonly number[]) => numbers.map((number) => `event ${number}`);

describe("advance", () => {
  it("returns the events after the position in the order of their numbers", () => {
    expect(advance(at(5), events(6, 5, 7), 0)).toEqual({
      messages: messages(6, 7),
      position: at(7),
      more: false,
    });
  });

  it("notices gaps and returns the events in them when they appear", () => {
    const first = advance(at(5), events(5, 9), 1_000);
    expect(first).toMatchObject({
      messages: messages(9),
      position: at(9, [{ from: 6, to: 8, since: 1_000 }]),
    });
    const second = advance(first?.position ?? at(0), events(7, 9, 10), 2_000);
    expect(second?.messages).toEqual(messages(7, 10));
    expect(second?.position).toEqual(
      at(10, [
        { from: 6, to: 6, since: 1_000 },
        { from: 8, to: 8, since: 1_000 },
      ]),
    );
    const third = advance(second?.position ?? at(0), events(6, 8, 10), 3_000);
    expect(third).toMatchObject({ messages: messages(6, 8), position: at(10) });
  });

  it("forgets a gap after half a minute, not earlier", () => {
    const position = at(9, [{ from: 6, to: 8, since: 1_000 }]);
    expect(advance(position, events(9), 30_999)?.position).toEqual(position);
    expect(advance(position, events(9), 31_000)?.position).toEqual(at(9));
  });

  it("skips events that were read before", () => {
    const position = at(9, [{ from: 3, to: 3, since: 0 }]);
    expect(advance(position, events(3, 4, 5, 9), 1)).toMatchObject({
      messages: messages(3),
      position: at(9),
    });
  });

  it("returns undefined if the event at the position is gone", () => {
    expect(advance(at(5), events(6), 0)).toBeUndefined();
    expect(advance(at(5, [{ from: 3, to: 3, since: 0 }]), events(3), 0)).toBeUndefined();
    expect(advance(at(5), [], 0)).toBeUndefined();
  });

  it("tells that there may be more events when a read is full, not counting those in gaps", () => {
    const full = Array.from({ length: 100 }, (_, index) => index + 10);
    expect(advance(at(9), events(9, ...full), 0)?.more).toBe(true);
    const position = at(9, [{ from: 8, to: 8, since: 0 }]);
    expect(advance(position, events(8, 9, ...full.slice(1)), 0)?.more).toBe(false);
  });
});

describe("toPosition", () => {
  it("begins at the latest event, with the gaps before it", () => {
    expect(toPosition([9, 8, 4, 3], 7)).toEqual(at(9, [{ from: 5, to: 7, since: 7 }]));
  });
});

describe("toRanges", () => {
  it("returns each of a few gaps, and one range for very many", () => {
    const gaps = Array.from({ length: 101 }, (_, index) => ({ from: 2 * index, to: 2 * index, since: 0 }));
    expect(toRanges(at(300, gaps.slice(1)))).toEqual(gaps.slice(1));
    expect(toRanges(at(300, gaps))).toEqual([{ from: 0, to: 300 }]);
  });
});
