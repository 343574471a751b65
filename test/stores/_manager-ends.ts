import { Manager } from "sessionup";
import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { newMark } from "./_arbitraries.ts";
import { type Backend, openStores } from "./_backend.ts";

/** What a manager promises of the end of sessions, over the store and by whatever process. */
export function managerEnds(backend: Backend): void {
  describe("ends", () => {
    const stores = openStores(backend, 2);

    it("ASVS 7.4.2: all sessions of a user end at once, on three devices and in every process, and nobody else's", async () => {
      const sites = stores().map((store) => {
        const manager = new Manager(store);
        return { manager, sessions: testSessions(manager) };
      });
      const [one, other] = sites;
      if (!one || !other) throw new Error("needs two processes");
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
  });
}
