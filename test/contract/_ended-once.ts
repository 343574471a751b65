import assert from "node:assert/strict";
import { type EndReason, Manager, type ManagerOptions, type Store } from "sessionup";
import { revokeAllBefore } from "sessionup/admin";
import { clientValidation } from "sessionup/client-validation";
import { TestClock } from "sessionup/testing";
import { describe, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../support/browser.ts";
import { atOnce, inWaves, ROUNDS } from "./_at-once.ts";
import { newMark } from "./arbitraries.ts";
import { type Backend, openStores } from "./backend.ts";

const CLIENTS = 2;
/** Each round has several operations of two clients. */
const SOME_ROUNDS: number = Math.ceil(ROUNDS / 4);

/** Tests that two ends of one session cause one `ended` event, whichever processes they come from. */
export function endedOnceTests(backend: Backend): void {
  describe("ended events of concurrent ends", () => {
    const stores = openStores(backend, CLIENTS);
    const race = (title: string, round: (number: number) => Promise<void>) =>
      it(`${title}, ${SOME_ROUNDS} times`, () => inWaves(SOME_ROUNDS, round), 120_000);

    race("logout concurrent with revokeAll reports each session once", async (number) => {
      const world = new World(stores());
      const devices = await world.logins(3);
      const [one, two] = devices;
      await atOnce(number, [
        () => one.visit((request) => world.site(0).sessions.revoke(request)),
        () => two.visit((request) => world.site(1).sessions.revokeAll(request)),
        () => world.site(0).manager.revokeByUserKey(world.user),
      ]);
      world.expectEnds(devices, ["logout", "revoked"]);
    });

    race("two logins that replace one session report its end once", async (number) => {
      const world = new World(stores());
      const [browser] = await world.logins(1);
      const copies = [browser.copy(), browser.copy()];
      await atOnce(
        number,
        copies.map((copy, index) => () => world.login(copy, index)),
      );
      world.expectEnds([browser], ["logout"]);
      await world.expectLive(copies);
    });

    race("logins that evict, concurrent with revokeById, report each session once", async (number) => {
      const world = new World(stores(), { maxSessions: { max: 2, onExceed: "evict-oldest" } });
      const before = await world.logins(2);
      const more = Array.from({ length: 4 }, () => new Device());
      await atOnce(number, [
        ...more.map((device, index) => () => world.login(device, index)),
        () => world.site(1).manager.revokeById(before[0].id),
      ]);
      const live = await world.liveIds();
      const ended = [...before, ...more].filter(({ id }) => !live.includes(id));
      world.expectEnds(ended, ["evicted", "revoked"]);
    });

    it("revokeAllBefore concurrent with revokeById and logout reports each session once", async () => {
      for (let number = 0; number < SOME_ROUNDS; number++) {
        const world = new World(stores());
        const devices = await world.logins(4);
        const [one, two, three] = devices;
        const moment = new Date(world.clock.now() + 1);
        await atOnce(number, [
          () => revokeAllBefore(world.site(0).manager, moment),
          () => world.site(1).manager.revokeById(one.id),
          () => two.visit((request) => world.site(1).sessions.revoke(request)),
          () => revokeAllBefore(world.site(1).manager, moment),
          () => world.site(0).manager.revokeById(three.id),
        ]);
        world.expectEnds(devices, ["revoked", "logout"]);
      }
    }, 120_000);

    race("two clients with a stolen secret report the reuse once", async (number) => {
      const world = new World(stores(), { rotateEvery: "5m" });
      const [owner] = await world.logins(1);
      const [thief, other] = [owner.copy(), owner.copy()];
      await owner.visit((request) => world.site(0).sessions.rotate(request));
      world.clock.advance("31s");
      await atOnce(number, [
        () => thief.visit((request) => world.site(0).sessions.authorize(request)),
        () => other.visit((request) => world.site(1).sessions.authorize(request)),
      ]);
      world.expectEnds([owner], ["reused"]);
    });

    race("requests from another browser, concurrent with a logout, report the end once", async (number) => {
      const validate = clientValidation({ agent: true, onChange: "end" });
      const world = new World(stores(), { validate });
      const [owner] = await world.logins(1);
      const copies = [owner.copy(FIREFOX), owner.copy(FIREFOX)];
      await atOnce(number, [
        ...copies.map(
          (copy, index) => () => copy.visit((request) => world.site(index).sessions.authorize(request)),
        ),
        () => owner.visit((request) => world.site(0).sessions.revoke(request)),
      ]);
      world.expectEnds([owner], ["client_changed", "logout"]);
    });

    it("clients that return while the stores clean up report each expired session once", async () => {
      for (let number = 0; number < 5; number++) {
        const world = new World(stores(), { idleTimeout: "30m" });
        const devices = await world.logins(20);
        world.clock.advance("25h");
        const cleanUp = async (store: Store) => {
          if (!store.onExpired || !store.deleteExpired) return;
          for (;;) if ((await store.deleteExpired(world.clock.now(), 10)) === 0) return;
        };
        await atOnce(number, [
          ...devices.flatMap((device) =>
            [0, 1].map((index) => () => world.site(index).sessions.authorize(device.request())),
          ),
          ...stores().map((store) => () => cleanUp(store)),
        ]);
        world.expectEnds(devices, ["idle", "expired"]);
        for (const device of devices)
          assert.equal(await world.site(0).sessions.authorize(device.request()), "unknown");
      }
    });

    race(
      "a login whose response was already sent reports that its session began and ended, each once",
      async (number) => {
        const world = new World(stores());
        const [browser] = await world.logins(1);
        world.created.length = 0;
        const late = new LateRequest({ cookie: browser.request().headers.cookie ?? "" });
        await atOnce(number, [
          () => assert.rejects(world.site(0).sessions.init(late, world.user), /has been sent/),
          () => world.site(1).manager.revokeByUserKey(world.user),
        ]);
        assert.equal(world.created.length, 1);
        assert.deepEqual(await world.liveIds(), []);
        const ids = world.ended.map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length, "a session was reported twice");
        assert.deepEqual(ids.sort(), [browser.id, ...world.created].sort());
      },
    );
  });
}

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** A browser, and the id of the session that it began. */
class Device extends Browser {
  id = "";

  constructor(agent: string = CHROME) {
    super({ "user-agent": agent });
  }

  copy(agent?: string): Device {
    const copy = new Device(agent);
    copy.id = this.id;
    for (const cookie of this.jar) copy.jar.set(...cookie);
    return copy;
  }
}

/** A request whose response leaves between the check before the login and the cookie. */
class LateRequest extends TestRequest {
  override setCookie(): void {
    throw new Error("The response has been sent.");
  }
}

/** One user with several devices, and two processes of the app. */
class World {
  readonly clock = new TestClock();
  readonly user: string = newMark();
  readonly ended: Array<{ readonly id: string; readonly reason: EndReason }> = [];
  readonly created: string[] = [];
  readonly #sites;

  constructor(stores: readonly Store[], options: ManagerOptions = {}) {
    const managers = new Map<Store, Manager>();
    this.#sites = stores.map((store) => {
      // Of two managers over one store, only the first one reports the sessions that the cleanup removes.
      const first = managers.get(store);
      const manager = first?.with({}) ?? new Manager(store, { clock: this.clock.now, ...options });
      managers.set(store, manager);
      manager.events.on("ended", ({ ids, reason }) => this.ended.push(...ids.map((id) => ({ id, reason }))));
      manager.events.on("created", ({ id }) => this.created.push(id));
      return { manager, sessions: testSessions(manager) };
    });
  }

  site(index: number) {
    return this.#sites[index % this.#sites.length] ?? assert.fail();
  }

  async login(device: Device, index: number): Promise<void> {
    const begun = await device.visit((request) => this.site(index).sessions.init(request, this.user));
    device.id = begun.id;
  }

  async logins(count: number): Promise<[Device, Device, Device, ...Device[]]> {
    const devices = Array.from({ length: count }, () => new Device());
    for (const [index, device] of devices.entries()) await this.login(device, index);
    return devices as [Device, Device, Device, ...Device[]];
  }

  async liveIds(): Promise<readonly string[]> {
    return (await this.site(0).manager.fetchByUserKey(this.user)).map(({ id }) => id);
  }

  async expectLive(devices: readonly Device[]): Promise<void> {
    assert.deepEqual((await this.liveIds()).toSorted(), devices.map(({ id }) => id).sort());
    await this.site(0).manager.revokeByUserKey(this.user);
  }

  /** Asserts that these sessions were reported, each once and for one of the reasons. Other sessions may be among them. */
  expectEnds(devices: readonly Device[], reasons: readonly EndReason[]): void {
    for (const { id } of devices) {
      const events = this.ended.filter((event) => event.id === id);
      assert.equal(events.length, 1, `a session was reported ${events.length} times`);
      assert.ok(reasons.includes(events[0]?.reason as EndReason), `the reason is ${events[0]?.reason}`);
    }
  }
}
