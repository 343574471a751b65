import assert from "node:assert/strict";
import { Manager, SessionError, type SessionLimit, type Store } from "sessionup";
import { TestClock } from "sessionup/testing";
import { describe, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { newMark } from "./arbitraries.ts";
import { type Backend, openStores } from "./backend.ts";

const CLIENTS = 3;
const MAX = 3;

/** Tests the session limit with managers in several processes. */
export function limitTests(backend: Backend): void {
  describe("maxSessions", () => {
    const stores = openStores(backend, CLIENTS);

    it.each([
      ["evict-oldest", "first"],
      ["evict-idlest", "second"],
    ] as const)(
      "a login beyond the maximum with %s ends the %s session and emits `ended` [asvs 7.1.2]",
      async (onExceed, which) => {
        const { logIn, reported, findReason, clock, end } = createSite(stores(), onExceed);
        const [first, second, third] = [await logIn(), await logIn(), await logIn()];
        // The first and third sessions are used again, so the second one is the idlest.
        clock.advance("5m");
        for (const { browser } of [first, third]) assert.equal(await findReason(browser), undefined);
        const gone = which === "first" ? first : second;
        const last = await logIn();
        assert.deepEqual(reported, [{ reason: "evicted", ids: [gone.id] }]);
        for (const each of [first, second, third, last])
          assert.equal(await findReason(each.browser), each === gone ? "unknown" : undefined);
        await end();
      },
    );

    it("a login beyond the maximum with reject is rejected until another session ends [asvs 7.1.2]", async () => {
      const { logIn, reported, findReason, manager, end } = createSite(stores(), "reject");
      const all = [await logIn(), await logIn(), await logIn()];
      const browser = new Browser();
      await assert.rejects(
        logIn(browser),
        (error) => SessionError.is(error) && error.code === "ERR_LIMIT" && error.status === 409,
      );
      assert.deepEqual([browser.jar.size, reported], [0, []]);
      for (const each of all) assert.equal(await findReason(each.browser), undefined);
      await manager.revokeById(all[1]?.id ?? "");
      await logIn(browser);
      assert.equal(await findReason(browser), undefined);
      await end();
    });

    it.each(["evict-oldest", "evict-idlest", "reject"] as const)(
      "50 concurrent logins with %s never exceed the maximum [asvs 7.1.2]",
      async (onExceed) => {
        const { logIn, reported, live, findReason, end } = createSite(stores(), onExceed);
        let done = false;
        const watching = (async () => {
          do {
            const { length } = await live();
            assert.ok(length <= MAX, `${length} sessions were live at once`);
            await new Promise((resolve) => setImmediate(resolve));
          } while (!done);
        })();
        const logins = await Promise.allSettled(Array.from({ length: 50 }, () => logIn()));
        done = true;
        await watching;
        const begun = logins.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
        const refused = logins.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
        const evicted = reported.flatMap(({ ids }) => ids);
        assert.equal(begun.length, onExceed === "reject" ? MAX : 50);
        assert.ok(refused.every((error) => SessionError.is(error) && error.code === "ERR_LIMIT"));
        assert.ok(reported.every(({ reason }) => reason === "evicted"));
        const left = (await live()).map(({ id }) => String(id));
        assert.equal(left.length, MAX);
        // Each session is either live or was reported as evicted.
        assert.deepEqual([...left, ...evicted].sort(), begun.map(({ id }) => id).sort());
        const isIn = await Promise.all(begun.map(async ({ browser }) => !(await findReason(browser))));
        assert.equal(isIn.filter(Boolean).length, MAX);
        await end();
      },
    );
  });
}

/** Creates one manager per store, as in several processes, and records the `ended` events of a user. */
function createSite(stores: readonly Store[], onExceed: SessionLimit["onExceed"]) {
  const clock = new TestClock();
  const user = newMark();
  const reported: Array<{ reason: string; ids: readonly string[] }> = [];
  const managers = stores.map((store) => {
    const options = { clock: clock.now, maxSessions: { max: MAX, onExceed } } as const;
    const manager = new Manager(store, options);
    manager.events.on("ended", ({ reason, ids }) => {
      if (reason !== "revoked") reported.push({ reason, ids });
    });
    return manager;
  });
  const sites = managers.map((manager) => testSessions(manager));
  let turn = 0;
  const next = () => sites[turn++ % sites.length] ?? assert.fail();
  const manager = managers[0] ?? assert.fail();
  return {
    clock,
    reported,
    manager,
    live: () => manager.fetchByUserKey(user),
    async logIn(browser = new Browser()): Promise<{ browser: Browser; id: string }> {
      // Logins in the same millisecond would have no oldest session.
      clock.advance("1s");
      const { id } = await browser.visit((request) => next().init(request, user));
      return { browser, id };
    },
    findReason: (browser: Browser) => next().authorize(browser.request()),
    end: () => manager.revokeByUserKey(user),
  };
}
