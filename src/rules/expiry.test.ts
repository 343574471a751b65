import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionRecord } from "../store.ts";
import { computeTimes, findEndReason, type Lifetime, planActivity } from "./expiry.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

function createRecord(now: number, lifetime: Lifetime): SessionRecord {
  return { id: "", userKey: "", revision: 0, data: { v: 1 }, ...computeTimes(now, lifetime) };
}

describe("computeTimes", () => {
  it("a browser session's record ends after a day", () => {
    const record = createRecord(1_000, { expiresIn: undefined, idleTimeout: undefined });
    expect(record).toMatchObject({
      createdAt: 1_000,
      lastSeenAt: 1_000,
      expiresAt: 1_000 + DAY,
      deadline: 1_000 + DAY,
    });
  });

  it("a session expires at the earlier of idle timeout and deadline", () => {
    expect(createRecord(0, { expiresIn: 2 * DAY, idleTimeout: MINUTE })).toMatchObject({
      expiresAt: MINUTE,
      deadline: 2 * DAY,
    });
    expect(createRecord(0, { expiresIn: MINUTE, idleTimeout: DAY })).toMatchObject({
      expiresAt: MINUTE,
      deadline: MINUTE,
    });
  });
});

describe("findEndReason", () => {
  const lifetime = { expiresIn: DAY, idleTimeout: 30 * MINUTE };
  const record = createRecord(0, lifetime);

  it("a session ends exactly at its expiry and deadline, not a millisecond earlier", () => {
    expect(findEndReason(record, 30 * MINUTE - 1, lifetime)).toBeUndefined();
    expect(findEndReason(record, 30 * MINUTE, lifetime)).toBe("idle");
    expect(
      findEndReason({ ...record, lastSeenAt: DAY - 1, expiresAt: DAY }, DAY - 1, lifetime),
    ).toBeUndefined();
    expect(findEndReason({ ...record, lastSeenAt: DAY - 1, expiresAt: DAY }, DAY, lifetime)).toBe("expired");
  });

  it("the limit that came first is the reason, however late a client returns", () => {
    expect(findEndReason(record, 2 * DAY, lifetime)).toBe("idle");
    const lateActivity = { ...record, lastSeenAt: DAY - 1, expiresAt: DAY };
    expect(findEndReason(lateActivity, 2 * DAY, lifetime)).toBe("expired");
    expect(findEndReason(record, 2 * DAY, { ...lifetime, overall: 30 * MINUTE })).toBe("expired");
  });

  it("the deadline ends a session even if the stored expiry is later", () => {
    expect(
      findEndReason({ ...record, expiresAt: 2 * DAY }, DAY, { expiresIn: DAY, idleTimeout: undefined }),
    ).toBe("expired");
  });

  it("the stored expiry ends a session even if the idle timeout was removed since", () => {
    const removed = { expiresIn: DAY, idleTimeout: undefined };
    expect(findEndReason(record, 30 * MINUTE - 1, removed)).toBeUndefined();
    expect(findEndReason(record, 30 * MINUTE, removed)).toBe("idle");
  });

  it("an idle timeout that was shortened applies to records written before", () => {
    const old = createRecord(0, { expiresIn: DAY, idleTimeout: undefined });
    expect(findEndReason(old, 30 * MINUTE, lifetime)).toBe("idle");
    expect(findEndReason(old, 30 * MINUTE - 1, lifetime)).toBeUndefined();
  });
});

describe("the overall limit", () => {
  const born30 = createRecord(0, { expiresIn: 30 * DAY, idleTimeout: undefined });

  it("limits new sessions with and without expiresIn", () => {
    const overall = 12 * 60 * MINUTE;
    expect(createRecord(0, { expiresIn: 30 * DAY, idleTimeout: undefined, overall }).deadline).toBe(overall);
    expect(createRecord(0, { expiresIn: undefined, idleTimeout: undefined, overall }).deadline).toBe(overall);
    expect(
      createRecord(0, { expiresIn: undefined, idleTimeout: undefined, overall: 30 * DAY }).deadline,
    ).toBe(DAY);
  });

  it("applies to sessions that began before it was set", () => {
    const lifetime = { expiresIn: undefined, idleTimeout: undefined, overall: DAY };
    const used = { ...born30, lastSeenAt: DAY - 1 };
    expect(findEndReason(used, DAY - 1, lifetime)).toBeUndefined();
    expect(findEndReason(used, DAY, lifetime)).toBe("expired");
  });
});

describe("planActivity", () => {
  it("activity is written at most once a minute, and never backwards", () => {
    const lifetime = { expiresIn: undefined, idleTimeout: undefined };
    const record = createRecord(0, lifetime);
    expect(planActivity(record, MINUTE - 1, lifetime)).toBeUndefined();
    expect(planActivity(record, MINUTE, lifetime)).toEqual({ lastSeenAt: MINUTE, expiresAt: DAY });
    expect(planActivity(record, -5 * MINUTE, lifetime)).toBeUndefined();
  });

  it("activity is written once per tenth of a short idle timeout", () => {
    const lifetime = { expiresIn: undefined, idleTimeout: 100_000 };
    const record = createRecord(0, lifetime);
    expect(planActivity(record, 9_999, lifetime)).toBeUndefined();
    expect(planActivity(record, 10_000, lifetime)).toEqual({ lastSeenAt: 10_000, expiresAt: 110_000 });
  });

  it("activity never moves the expiry past the deadline", () => {
    const lifetime = { expiresIn: DAY, idleTimeout: 30 * MINUTE };
    expect(planActivity(createRecord(0, lifetime), DAY - MINUTE, lifetime)?.expiresAt).toBe(DAY);
  });

  it("a session never outlives the idle timeout and ends at most one interval early", () => {
    const idleTimeouts = fc.integer({ min: 1, max: 180 }).map((minutes) => minutes * MINUTE);
    const gaps = fc.array(fc.integer({ min: 1, max: 20 * MINUTE }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(idleTimeouts, gaps, (idleTimeout, requests) => {
        const lifetime = { expiresIn: 30 * DAY, idleTimeout };
        let record = createRecord(0, lifetime);
        let [now, last] = [0, 0];
        for (const gap of requests) {
          now += gap;
          if (findEndReason(record, now, lifetime)) break;
          last = now;
          const activity = planActivity(record, now, lifetime);
          if (activity) record = { ...record, ...activity };
        }
        const interval = Math.min(MINUTE, idleTimeout / 10);
        expect(record.expiresAt).toBeLessThanOrEqual(last + idleTimeout);
        expect(record.expiresAt).toBeGreaterThan(last + idleTimeout - interval);
      }),
      { numRuns: 2_000 },
    );
  });
});
