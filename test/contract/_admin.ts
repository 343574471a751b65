import { Manager, type SessionEvents } from "sessionup";
import {
  checkManager,
  countSessions,
  eraseUser,
  exportUser,
  forgetAddresses,
  revokeWhere,
  type SessionFilter,
  scanSessions,
} from "sessionup/admin";
import { providerLogin } from "sessionup/federation";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { newMark } from "./arbitraries.ts";
import { type Backend, openStores } from "./backend.ts";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36";
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0";

/** Tests of what operators do, with two processes over one database. */
export function adminTests(backend: Backend): void {
  describe("operators", () => {
    const stores = openStores(backend, 2);

    function setUp() {
      const clock = new TestClock();
      const [own, other] = stores();
      if (!own || !other) throw new Error("The test needs two stores.");
      // Every test has a country of its own: other tests' sessions are in the same database.
      const country = newMark();
      const options = {
        clock: clock.now,
        tombstones: "1h",
        client: { geo: () => ({ country, city: "Graz" }) },
      } as const;
      const manager = new Manager(own, options);
      const elsewhere = new Manager(other, options);
      const ended: SessionEvents["ended"][] = [];
      manager.events.on("ended", (event) => ended.push(event));
      const sessions = testSessions(manager);
      const login = async (userKey: string, agent = CHROME, peer = "192.0.2.7", issuer?: string) => {
        const browser = new Browser();
        return browser.visit((request) => {
          Object.assign(request.headers, { "user-agent": agent });
          request.peer = peer;
          const provider = issuer === undefined ? {} : { provider: providerLogin({ issuer }) };
          return sessions.init(request, userKey, provider);
        });
      };
      /** Returns the ids of all pages. */
      const find = async (filter: SessionFilter, limit = 3) => {
        const ids: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await scanSessions(elsewhere, {
            filter: { country, ...filter },
            limit,
            ...(cursor !== undefined && { cursor }),
          });
          expect(page.sessions.length).toBeLessThanOrEqual(limit);
          ids.push(...page.sessions.map(({ id }) => id));
          cursor = page.cursor;
        } while (cursor !== undefined);
        return [...new Set(ids)].sort();
      };
      return { clock, manager, elsewhere, ended, login, find, country, sessions };
    }

    it("scanSessions finds the sessions of all users by each condition and by several, in pages", async () => {
      const { clock, login, find } = setUp();
      const [ann, bob] = [newMark(), newMark()];
      const began = new Date(clock.now());
      const one = (await login(ann, FIREFOX, "192.0.2.7")).id;
      clock.advance("1s");
      const two = (await login(ann, CHROME, "198.51.100.9", "https://login.example.com")).id;
      const three = (await login(bob, CHROME, "2001:db8::7")).id;
      const both = [one, two].sort();
      const all = [one, two, three].sort();
      expect(await find({})).toEqual(all);
      expect(await find({}, 1)).toEqual(all);
      expect(await find({ userKey: ann })).toEqual(both);
      expect(await find({ browser: "Firefox" })).toEqual([one]);
      expect(await find({ os: "Linux" })).toEqual([two, three].sort());
      expect(await find({ ip: "192.0.2.7" })).toEqual([one]);
      expect(await find({ ip: "198.51.0.0/16" })).toEqual([two]);
      expect(await find({ ip: "2001:db8::/32" })).toEqual([three]);
      expect(await find({ provider: "https://login.example.com" })).toEqual([two]);
      expect(await find({ createdAt: { from: began, before: new Date(began.getTime() + 1) } })).toEqual([
        one,
      ]);
      expect(await find({ lastSeenAt: { from: new Date(began.getTime() + 1) } })).toEqual(
        [two, three].sort(),
      );
      expect(await find({ userKey: ann, browser: "Chrome", os: "Linux" })).toEqual([two]);
      expect(await find({ userKey: bob, browser: "Firefox" })).toEqual([]);
      expect(await find({ level: 2 })).toEqual([]);
    });

    it("revokeWhere ends exactly the sessions that match, for every process, and names who did it", async () => {
      const { login, elsewhere, find, country, ended, manager } = setUp();
      const by = { kind: "admin", id: "grace" } as const;
      for (let count = 0; count < 4; count++) await login(newMark(), FIREFOX);
      const stays = (await login(newMark(), CHROME)).id;
      expect(await revokeWhere(elsewhere, { country, browser: "Firefox" }, { by })).toBe(4);
      expect(await revokeWhere(manager, { country, browser: "Firefox" }, { by })).toBe(0);
      expect(await find({})).toEqual([stays]);
      expect(await revokeWhere(manager, { country }, { by })).toBe(1);
      expect(ended.map(({ ids, reason, by: who }) => [ids, reason, who])).toEqual([[[stays], "revoked", by]]);
    });

    it("exportUser has a user's live and ended sessions, and eraseUser leaves nothing of them", async () => {
      const { login, manager, elsewhere, sessions, ended } = setUp();
      const [ann, bob] = [newMark(), newMark()];
      const first = await login(ann, FIREFOX);
      const second = await login(ann);
      const foreign = await login(bob);
      await manager.revokeById(second.id);
      const exported = await exportUser(elsewhere, ann);
      expect(exported.sessions.map(({ id, ended }) => [id, ended?.reason])).toEqual([
        [first.id, undefined],
        [second.id, "revoked"],
      ]);
      expect(exported.sessions[0]).toMatchObject({ ip: "192.0.2.7", geo: { city: "Graz" }, level: 1 });
      expect(JSON.stringify(exported)).not.toMatch(/"(root|secret|hash)"/);
      expect(await eraseUser(elsewhere, ann)).toEqual({ sessions: 1, tombstones: 2, trail: 0 });
      expect(await eraseUser(elsewhere, ann)).toEqual({ sessions: 0, tombstones: 0, trail: 0 });
      expect((await exportUser(manager, ann)).sessions).toEqual([]);
      expect((await manager.fetchByUserKey(bob)).map(({ id }) => id)).toEqual([foreign.id]);
      expect(ended.map(({ ids }) => ids)).toEqual([[second.id]]);
      expect(await sessions.guards.auth()(new Browser().request())).toMatchObject({ reason: "no_cookie" });
      await eraseUser(manager, bob);
    });

    it("forgetAddresses removes addresses and places of sessions that ended earlier, and keeps the reason", async () => {
      const { login, manager, elsewhere, clock } = setUp();
      const ann = newMark();
      const [old, young] = [await login(ann), await login(ann)];
      await manager.revokeById(old.id);
      clock.advance("1m");
      const moment = new Date(clock.now());
      await manager.revokeById(young.id);
      await forgetAddresses(elsewhere, moment);
      const { sessions } = await exportUser(manager, ann);
      const found = (id: string) => sessions.find((session) => session.id === id);
      expect(found(old.id)).toMatchObject({ ended: { reason: "revoked" }, agent: { browser: "Chrome" } });
      expect(found(old.id)).not.toHaveProperty("ip");
      expect(found(old.id)).not.toHaveProperty("geo");
      expect(found(young.id)).toMatchObject({ ip: "192.0.2.7", geo: { city: "Graz" } });
      await eraseUser(manager, ann);
    });

    it("countSessions returns a number and says whether it is exact, and checkManager finds no problem", async () => {
      const { login, manager } = setUp();
      const ann = newMark();
      await login(ann);
      const { count, isExact } = await countSessions(manager);
      expect(count).toBeGreaterThanOrEqual(isExact ? 1 : 0);
      const check = await checkManager(manager, { timeout: "30s" });
      expect(check).toMatchObject({ ok: true, push: backend.subscribes ? "up" : "off" });
      expect(check.write).toBeGreaterThan(0);
      expect(check.read).toBeGreaterThan(0);
      expect(check.remove).toBeGreaterThan(0);
      await eraseUser(manager, ann);
    });
  });
}
