import assert from "node:assert/strict";
import { Manager, SessionError, type SessionLimit, type Store } from "sessionup";
import { TestClock } from "sessionup/testing";
import { describe, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { newMark } from "./arbitraries.ts";
import { type Backend, openStores } from "./backend.ts";

const CLIENTS = 3;
const MAX = 3;

/** How many sessions a user may have, as managers in several processes keep to it. */
export function limitTests(backend: Backend): void {
  describe("of a user's sessions", () => {
    const stores = openStores(backend, CLIENTS);

    it.each([
      ["evict-oldest", "first"],
      ["evict-idlest", "second"],
    ] as const)(
      "with %s one login more ends the %s, as the event `ended` tells [asvs 7.1.2]",
      async (onExceed, which) => {
        const { logIn, told, reasonOf, clock, end } = siteOver(stores(), onExceed);
        const [first, second, third] = [await logIn(), await logIn(), await logIn()];
        // The oldest is used again; the second is then unused for longest.
        clock.advance("5m");
        for (const { browser } of [first, third]) assert.equal(await reasonOf(browser), undefined);
        const gone = which === "first" ? first : second;
        const last = await logIn();
        assert.deepEqual(told, [{ reason: "evicted", ids: [gone.id] }]);
        for (const each of [first, second, third, last])
          assert.equal(await reasonOf(each.browser), each === gone ? "unknown" : undefined);
        await end();
      },
    );

    it("with refuse one login more is refused, and one is possible when another has ended [asvs 7.1.2]", async () => {
      const { logIn, told, reasonOf, manager, end } = siteOver(stores(), "refuse");
      const all = [await logIn(), await logIn(), await logIn()];
      const browser = new Browser();
      await assert.rejects(
        logIn(browser),
        (error) => SessionError.is(error) && error.code === "ERR_LIMIT" && error.status === 409,
      );
      assert.deepEqual([browser.jar.size, told], [0, []]);
      for (const each of all) assert.equal(await reasonOf(each.browser), undefined);
      await manager.revokeById(all[1]?.id ?? "");
      await logIn(browser);
      assert.equal(await reasonOf(browser), undefined);
      await end();
    });

    it.each(["evict-oldest", "evict-idlest", "refuse"] as const)(
      "of 50 logins side by side %s leaves no more than the maximum at any moment [asvs 7.1.2]",
      async (onExceed) => {
        const { logIn, told, live, reasonOf, end } = siteOver(stores(), onExceed);
        let done = false;
        const watching = (async () => {
          do {
            const { length } = await live();
            assert.ok(length <= MAX, `${length} were live at once`);
            await new Promise((resolve) => setImmediate(resolve));
          } while (!done);
        })();
        const logins = await Promise.allSettled(Array.from({ length: 50 }, () => logIn()));
        done = true;
        await watching;
        const begun = logins.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
        const refused = logins.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
        const evicted = told.flatMap(({ ids }) => ids);
        assert.equal(begun.length, onExceed === "refuse" ? MAX : 50);
        assert.ok(refused.every((error) => SessionError.is(error) && error.code === "ERR_LIMIT"));
        assert.ok(told.every(({ reason }) => reason === "evicted"));
        const left = (await live()).map(({ id }) => String(id));
        assert.equal(left.length, MAX);
        // Each is live or was told of, and none both.
        assert.deepEqual([...left, ...evicted].sort(), begun.map(({ id }) => id).sort());
        const isIn = await Promise.all(begun.map(async ({ browser }) => !(await reasonOf(browser))));
        assert.equal(isIn.filter(Boolean).length, MAX);
        await end();
      },
    );
  });
}

/** Managers as several processes have them, and what they tell of one user. */
function siteOver(stores: readonly Store[], onExceed: SessionLimit["onExceed"]) {
  const clock = new TestClock();
  const user = newMark();
  const told: Array<{ reason: string; ids: readonly string[] }> = [];
  const managers = stores.map((store) => {
    const options = { clock: clock.now, maxSessions: { max: MAX, onExceed } } as const;
    const manager = new Manager(store, options);
    manager.events.on("ended", ({ reason, ids }) => {
      if (reason !== "revoked") told.push({ reason, ids });
    });
    return manager;
  });
  const sites = managers.map((manager) => testSessions(manager));
  let turn = 0;
  const next = () => sites[turn++ % sites.length] ?? assert.fail();
  const manager = managers[0] ?? assert.fail();
  return {
    clock,
    told,
    manager,
    live: () => manager.fetchByUserKey(user),
    async logIn(browser = new Browser()): Promise<{ browser: Browser; id: string }> {
      // Of the same millisecond none would be the oldest.
      clock.advance("1s");
      const { id } = await browser.visit((request) => next().init(request, user));
      return { browser, id };
    },
    reasonOf: (browser: Browser) => next().authorize(browser.request()),
    end: () => manager.revokeByUserKey(user),
  };
}
