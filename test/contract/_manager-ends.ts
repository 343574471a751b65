import { Manager, type ManagerOptions, type SessionEvents, type Store } from "sessionup";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { newMark } from "./arbitraries.ts";
import { type Backend, openStores } from "./backend.ts";

const MINUTE = 60_000;

/** Options and clocks by which one manager considers a session over that another one still accepts. */
const STRICTER: Readonly<Record<string, (clock: TestClock) => ManagerOptions>> = {
  "a shorter idleTimeout": () => ({ idleTimeout: "5m" }),
  "a NIST level": () => ({ nist: "aal3" }),
  "a later notBefore": (clock) => ({ notBefore: new Date(clock.now()) }),
  "a clock that is 90 s ahead": (clock) => ({ clock: () => clock.now() + 90_000, idleTimeout: "17m" }),
};

/** Creates a manager with its session methods, and records its `ended` events. */
function createSite(store: Store, options: ManagerOptions) {
  const manager = new Manager(store, options);
  const ended: Array<SessionEvents["ended"]> = [];
  manager.events.on("ended", (event) => ended.push(event));
  return { manager, sessions: testSessions(manager), ended };
}

/** Tests that a session ends for the managers of all processes. */
export function managerEnds(backend: Backend): void {
  describe("the end of sessions", () => {
    const stores = openStores(backend, 2);

    it("revokeByUserKey ends a user's sessions on three devices in every process, and no other user's [asvs 7.4.2]", async () => {
      const sites = stores().map((store) => createSite(store, {}));
      const [one, other] = sites;
      if (!one || !other) throw new Error("The test needs two stores.");
      const [user, stranger] = [newMark(), newMark()];
      const login = async (userKey: string) => {
        const browser = new Browser();
        await browser.visit((request) => one.sessions.init(request, userKey));
        return browser;
      };
      const devices = [await login(user), await login(user), await login(user)];
      const foreign = await login(stranger);
      expect(await other.manager.revokeByUserKey(user)).toHaveLength(devices.length);
      for (const { sessions } of sites) {
        for (const device of devices) expect(await sessions.authorize(device.request())).toBeDefined();
        expect(await sessions.authorize(foreign.request())).toBeUndefined();
      }
      await one.manager.revokeByUserKey(stranger);
    });

    /** Returns a browser that signed in 16 minutes ago, and the two managers. */
    async function signedIn(stricter: (clock: TestClock) => ManagerOptions) {
      const clock = new TestClock();
      const [one, other] = stores();
      if (!one || !other) throw new Error("The test needs two stores.");
      const user = newMark();
      const lax = createSite(one, { clock: clock.now, idleTimeout: "17m" });
      const browser = new Browser();
      const { id } = await browser.visit((request) => lax.sessions.init(request, user));
      clock.set(clock.now() + 16 * MINUTE);
      const strict = createSite(other, { clock: clock.now, ...stricter(clock) });
      const copy = new Browser();
      for (const cookie of browser.jar) copy.jar.set(...cookie);
      return { lax, strict, browser, copy, user, id };
    }

    const ends = Object.entries(STRICTER).flatMap(([difference, stricter]) =>
      (["revoke", "init"] as const).map((method) => [method, difference, stricter] as const),
    );
    it.each(ends)(
      "%s by a manager with %s ends the session for every manager",
      async (method, _, stricter) => {
        const { lax, strict, browser, copy, user, id } = await signedIn(stricter);
        await browser.visit<unknown>((request) =>
          method === "revoke" ? strict.sessions.revoke(request) : strict.sessions.init(request, user),
        );
        expect(await lax.sessions.authorize(copy.request())).toBe("unknown");
        expect(strict.ended.filter(({ ids }) => ids.includes(id))).toHaveLength(1);
        expect(lax.ended).toEqual([]);
        await lax.manager.revokeByUserKey(user);
      },
    );

    it.each(Object.entries(STRICTER))(
      "a request that a manager with %s rejects ends the session for every manager, and is reported once",
      async (_, stricter) => {
        const { lax, strict, browser, copy, id } = await signedIn(stricter);
        expect(await strict.sessions.authorize(browser.request())).toMatch(/^(idle|expired|revoked)$/);
        expect(await strict.sessions.authorize(browser.request())).toBe("unknown");
        expect(await lax.sessions.authorize(copy.request())).toBe("unknown");
        expect([...strict.ended, ...lax.ended].map(({ ids }) => ids)).toEqual([[id]]);
      },
    );

    it("revokeByUserKey and revokeById end sessions that only their manager's fast clock considers expired", async () => {
      const { lax, strict, copy, user, id } = await signedIn((clock) => ({
        clock: () => clock.now() + 90_000,
      }));
      expect(await strict.manager.revokeByUserKey(user)).toEqual([id]);
      expect(await lax.sessions.authorize(copy.request())).toBe("unknown");
      const again = await signedIn((clock) => ({ clock: () => clock.now() + 90_000 }));
      expect(await again.strict.manager.revokeById(again.id)).toBe(true);
      expect(await again.lax.sessions.authorize(again.copy.request())).toBe("unknown");
    });
  });
}
