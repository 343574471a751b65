import assert from "node:assert/strict";
import { type Duration, Manager, type Store } from "sessionup";
import { TestClock } from "sessionup/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { newMark } from "./arbitraries.ts";
import type { Backend, OpenStore } from "./backend.ts";

const MINUTE = 60_000;
const IDLE = 30 * MINUTE;
/** Activity is written no more often. */
const THROTTLE = MINUTE;
const LIFETIME = 120 * MINUTE;

/** When sessions end in a store, to the millisecond, with the clock in the test's hands. */
export function timeoutTests(backend: Backend): void {
  describe("sessions in it end", () => {
    let opened: OpenStore;
    beforeAll(async () => {
      opened = await backend.open();
    });
    afterAll(() => opened?.close());

    it("when they were unused for as long as the limit, and at most a throttle earlier [asvs 7.3.1]", async () => {
      // Between two writes, at one, and long after it.
      for (const used of [0, 1, THROTTLE - 1, THROTTLE, 90_001, 10 * MINUTE]) {
        const { clock, begun, isIn, isListed, end } = await site(opened.store, { idleTimeout: "30m" });
        const last = begun + used;
        clock.set(last);
        assert.ok(await isIn(), "out while it is used");
        clock.set(last + IDLE - THROTTLE);
        assert.ok(await isListed(), `not listed any more, used ${used} after the login`);
        clock.set(last + IDLE);
        assert.ok(!(await isListed()), `listed past the limit, used ${used} after the login`);
        assert.ok(!(await isIn()), `in past the limit, used ${used} after the login`);
        await end();
      }
    });

    it("no sooner, as long as they are used before the earlier bound each time [asvs 7.3.1]", async () => {
      const { clock, begun, isIn, end } = await site(opened.store, { idleTimeout: "30m" });
      for (let now = begun; now < begun + LIFETIME; now += IDLE - THROTTLE) {
        clock.set(now);
        assert.ok(await isIn(), `out after ${now - begun}`);
      }
      await end();
    });

    it("whatever asks without counting: polls, and what is fetched ahead [asvs 7.3.1]", async () => {
      const { clock, begun, visit, sessions, isIn, end } = await site(opened.store, { idleTimeout: "30m" });
      const poll = sessions.guards.auth({ touch: false });
      for (let now = begun; now < begun + IDLE; now += 5 * MINUTE) {
        clock.set(now);
        assert.equal(await visit(poll), undefined);
        assert.ok(await isIn("GET", { "sec-purpose": "prefetch;prerender" }));
      }
      clock.set(begun + IDLE);
      assert.ok(!(await isIn()));
      await end();
    });

    it("at their deadline, which no use, no new secret, no proof and no change of theirs moves [asvs 7.3.2]", async () => {
      const options = { idleTimeout: "30m", rotateEvery: "5m" } as const;
      const { clock, begun, visit, sessions, isIn, isListed, end } = await site(opened.store, options);
      const deeds = [
        () => visit(sessions.rotate),
        () => visit((request) => sessions.reauthenticate(request, { level: 2 })),
        () => visit((request) => sessions.updateMeta(request, (meta) => meta)),
      ];
      for (let round = 0; round * 7 * MINUTE < LIFETIME; round++) {
        clock.set(begun + round * 7 * MINUTE);
        assert.ok(await isIn(), `out after round ${round}`);
        await deeds[round % deeds.length]?.();
      }
      clock.set(begun + LIFETIME - 1);
      assert.ok((await isIn()) && (await isListed()), "out before the deadline");
      clock.set(begun + LIFETIME);
      assert.ok(!(await isListed()), "listed past the deadline");
      assert.ok(!(await isIn()), "in past the deadline");
      await end();
    });
  });
}

/** A user who has just logged in, with a browser. */
async function site(
  store: Store,
  options: { readonly idleTimeout: Duration; readonly rotateEvery?: Duration },
) {
  const clock = new TestClock();
  const manager = new Manager(store, { expiresIn: "2h", clock: clock.now, ...options });
  const sessions = testSessions(manager);
  const [browser, user, begun] = [new Browser(), newMark(), clock.now()];
  const visit: Browser["visit"] = (use, method) => browser.visit(use, method);
  const { id } = await visit((request) => sessions.init(request, user));
  return {
    clock,
    sessions,
    visit,
    begun,
    async isIn(method?: string, headers: Record<string, string> = {}): Promise<boolean> {
      browser.headers = headers;
      return (await visit(sessions.authorize, method)) === undefined;
    },
    async isListed(): Promise<boolean> {
      return (await manager.fetchByUserKey(user)).some((session) => session.id === id);
    },
    /** Leaves nothing behind: to other tests the store is to be empty. */
    async end(): Promise<void> {
      clock.set(begun);
      await manager.revokeByUserKey(user);
    },
  };
}
