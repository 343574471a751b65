import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StepUpState } from "./record.ts";
import { computeLevel, meetsRequirement, recordLogin, recordProof, withStepUpState } from "./step-up.ts";

const LOGIN: StepUpState = {};
const SESSION = { createdAt: 0 };
const UNLIMITED = undefined;

describe("computeLevel", () => {
  it("is 1 when no level was reached", () => {
    expect(computeLevel(LOGIN, 5)).toBe(1);
  });

  it("the level is the highest one in force, and falls back when that ends [asvs 7.5.3]", () => {
    const two = recordProof(LOGIN, { level: 2, lasts: 100 }, 0);
    const three = recordProof(two, { level: 3, lasts: 10 }, 50);
    expect([59, 60, 99, 100].map((now) => computeLevel(three, now))).toEqual([3, 2, 2, 1]);
  });

  it("is not lowered by a later, weaker authentication", () => {
    const two = recordProof(LOGIN, { level: 2, lasts: undefined }, 0);
    const again = recordProof(two, { level: 1, lasts: undefined }, 50);
    expect([again.authenticatedAt, computeLevel(again, 60)]).toEqual([50, 2]);
  });
});

describe("meetsRequirement", () => {
  it("maxAuthAge counts from the last authentication of any level, and not a millisecond longer [asvs 7.5.1]", () => {
    const proved = recordProof(LOGIN, { level: 2, lasts: 5 }, 100);
    const need = { maxAuthAge: 50, level: 1 };
    expect([150, 151].map((now) => meetsRequirement(proved, need, SESSION, now))).toEqual([true, false]);
  });

  it("one authentication must meet age and level: a password does not refresh an older second factor [asvs 7.5.3]", () => {
    const two = recordProof(LOGIN, { level: 2, lasts: undefined }, 0);
    const password = recordProof(two, { level: 1, lasts: undefined }, 100);
    expect(meetsRequirement(password, { maxAuthAge: 50, level: 2 }, SESSION, 100)).toBe(false);
    expect(meetsRequirement(password, { maxAuthAge: UNLIMITED, level: 2 }, SESSION, 100)).toBe(true);
    expect(meetsRequirement(password, { maxAuthAge: 50, level: 1 }, SESSION, 100)).toBe(true);
  });

  it("a higher level meets a lower requirement while it is in force", () => {
    const three = recordProof(LOGIN, { level: 3, lasts: 10 }, 0);
    expect(
      [9, 10].map((now) => meetsRequirement(three, { maxAuthAge: UNLIMITED, level: 2 }, SESSION, now)),
    ).toEqual([true, false]);
  });
});

describe("recordLogin", () => {
  it("equals an authentication at the moment when the session began", () => {
    const began = { createdAt: 7 };
    for (const level of [1, 2, 3]) {
      const login = recordLogin(level, began.createdAt);
      const proof = recordProof({}, { level, lasts: UNLIMITED }, began.createdAt);
      expect(computeLevel(login, 7)).toBe(level);
      for (const asked of [1, 2, 3])
        for (const now of [7, 17, 18]) {
          const need = { maxAuthAge: 10, level: asked };
          expect(meetsRequirement(login, need, began, now)).toBe(meetsRequirement(proof, need, began, now));
          expect(meetsRequirement(login, need, began, now)).toBe(asked <= level && now <= 17);
        }
    }
  });

  it("stores nothing for level 1, which every session has", () => {
    expect(recordLogin(1, 7)).toEqual({});
    expect(recordLogin(2, 7)).toEqual({ reached: [{ level: 2, at: 7 }] });
  });
});

describe("recordProof", () => {
  it("drops levels that ended or that a newer authentication covers", () => {
    let proved = LOGIN;
    for (let now = 0; now < 50; now++) proved = recordProof(proved, { level: 2, lasts: 100 }, now);
    expect(proved.reached).toEqual([{ level: 2, at: 49, until: 149 }]);
    expect(recordProof(proved, { level: 1, lasts: UNLIMITED }, 149)).toEqual({ authenticatedAt: 149 });
  });

  it("keeps one of two unlimited authentications of the same level", () => {
    const unlimited = { level: 2, lasts: UNLIMITED };
    const proved = recordProof(recordProof(LOGIN, unlimited, 0), unlimited, 5);
    expect(proved).toStrictEqual({ authenticatedAt: 5, reached: [{ level: 2, at: 5 }] });
  });

  it("remembers at most eight levels", () => {
    let proved = LOGIN;
    for (let level = 40; level > 1; level--)
      proved = recordProof(proved, { level, lasts: UNLIMITED }, 40 - level);
    expect(proved.reached).toHaveLength(8);
  });

  it("gives the same answers as a list of all authentications", () => {
    const proof = fc.record({
      level: fc.integer({ min: 1, max: 3 }),
      lasts: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      after: fc.integer({ min: 0, max: 30 }),
    });
    const need = fc.record({
      level: fc.integer({ min: 1, max: 3 }),
      maxAuthAge: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(proof, { maxLength: 8 }), need, fc.nat(60), (proofs, needed, later) => {
        let [now, proved] = [0, LOGIN];
        const all = [{ level: 1, at: 0, until: Number.POSITIVE_INFINITY }];
        for (const { level, lasts, after } of proofs) {
          now += after;
          proved = recordProof(proved, { level, lasts }, now);
          // When the level ends, the authentication itself still counts at level 1.
          all.push({ level, at: now, until: lasts === undefined ? Number.POSITIVE_INFINITY : now + lasts });
        }
        now += later;
        const levels = all.map((each) => ({ ...each, level: each.until > now ? each.level : 1 }));
        expect(computeLevel(proved, now)).toBe(Math.max(...levels.map(({ level }) => level)));
        const { level, maxAuthAge = Number.POSITIVE_INFINITY } = needed;
        const met = levels.some((each) => each.level >= level && now - each.at <= maxAuthAge);
        expect(meetsRequirement(proved, needed, SESSION, now)).toBe(met);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("withStepUpState", () => {
  it("replaces the whole former step-up state", () => {
    const data = { other: 1, authenticatedAt: 5, reached: [{ level: 2, at: 5 }] };
    expect(withStepUpState(data, { authenticatedAt: 1 })).toStrictEqual({ other: 1, authenticatedAt: 1 });
    expect(withStepUpState(data, {})).toStrictEqual({ other: 1 });
    const reached = [{ level: 3, at: 7 }];
    expect(withStepUpState(data, { reached })).toStrictEqual({ other: 1, reached });
  });
});
