import assert from "node:assert/strict";
import { type Duration, Manager, type Store } from "sessionup";
import { TestClock } from "sessionup/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { newMark } from "./arbitraries.ts";
import type { Backend, OpenStore } from "./backend.ts";

const MINUTE = 60_000;
const IDLE = 30 * MINUTE;
/** The shortest interval between two activity writes, in milliseconds. */
const THROTTLE = MINUTE;
const LIFETIME = 120 * MINUTE;

/** Tests the exact end of sessions in a store with a controlled clock. */
export function timeoutTests(backend: Backend): void {
  describe("timeouts", () => {
    let opened: OpenStore;
    beforeAll(async () => {
      opened = await backend.open();
    });
    afterAll(() => opened?.close());

    it("an unused session ends exactly at the idle timeout, and at most one write interval earlier [asvs 7.3.1]", async () => {
      // The last use falls between two activity writes, on one, or long after one.
      for (const used of [0, 1, THROTTLE - 1, THROTTLE, 90_001, 10 * MINUTE]) {
        const { clock, begun, isIn, isListed, end } = await createSite(opened.store, { idleTimeout: "30m" });
        const last = begun + used;
        clock.set(last);
        assert.ok(await isIn(), "ended while in use");
        clock.set(last + IDLE - THROTTLE);
        assert.ok(
          await isListed(),
          `not listed before the idle timeout, last used ${used} ms after the login`,
        );
        clock.set(last + IDLE);
        assert.ok(!(await isListed()), `listed after the idle timeout, last used ${used} ms after the login`);
        assert.ok(!(await isIn()), `accepted after the idle timeout, last used ${used} ms after the login`);
        await end();
      }
    });

    it("a session that is used within every idle timeout does not end early [asvs 7.3.1]", async () => {
      const { clock, begun, isIn, end } = await createSite(opened.store, { idleTimeout: "30m" });
      for (let now = begun; now < begun + LIFETIME; now += IDLE - THROTTLE) {
        clock.set(now);
        assert.ok(await isIn(), `ended ${now - begun} ms after the login`);
      }
      await end();
    });

    it("requests with touch: false and prefetches do not extend the idle timeout [asvs 7.3.1]", async () => {
      const { clock, begun, visit, sessions, isIn, end } = await createSite(opened.store, {
        idleTimeout: "30m",
      });
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

    it("activity, rotation, re-authentication and updateMeta do not move a session's deadline [asvs 7.3.2]", async () => {
      const options = { idleTimeout: "30m", rotateEvery: "5m" } as const;
      const { clock, begun, visit, sessions, isIn, isListed, end } = await createSite(opened.store, options);
      const operations = [
        () => visit(sessions.rotate),
        () => visit((request) => sessions.reauthenticate(request, { level: 2 })),
        () => visit((request) => sessions.updateMeta(request, (meta) => meta)),
      ];
      for (let round = 0; round * 7 * MINUTE < LIFETIME; round++) {
        clock.set(begun + round * 7 * MINUTE);
        assert.ok(await isIn(), `ended after round ${round}`);
        await operations[round % operations.length]?.();
      }
      clock.set(begun + LIFETIME - 1);
      assert.ok((await isIn()) && (await isListed()), "ended before the deadline");
      clock.set(begun + LIFETIME);
      assert.ok(!(await isListed()), "listed after the deadline");
      assert.ok(!(await isIn()), "accepted after the deadline");
      await end();
    });
  });
}

/** Logs a user in with a browser. */
async function createSite(
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
    /** Ends the user's sessions, because other tests expect an empty store. */
    async end(): Promise<void> {
      clock.set(begun);
      await manager.revokeByUserKey(user);
    },
  };
}
