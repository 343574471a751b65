import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import { Manager, type ManagerOptions, type SessionId } from "../index.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import type { Handshake } from "./handshake.ts";
import { liveSessions } from "./live.ts";
import { getLiveSessions } from "./live-sessions.ts";

const TIMERS = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] as const;

beforeEach(() => void vi.useFakeTimers({ toFake: [...TIMERS] }));
afterEach(() => void vi.useRealTimers());

const clock = () => Date.now();

/** Lets time pass, for managers and for timers. */
function pass(milliseconds: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(milliseconds);
}

/** Waits for the queries and events of this turn. */
function settle(): Promise<unknown> {
  return pass(0);
}

function setUp(options: ManagerOptions = {}, store = new GatedStore()) {
  const harness = createHarness({ clock, live: liveSessions(), ...options }, store);
  const { manager, login } = harness;
  onTestFinished(() => manager.close());
  const live = getLiveSessions(getLifecycle(manager));
  const ends: [id: SessionId, reason: string][] = [];
  const asked: number[] = [];
  const { fetchByIds } = store;
  store.fetchByIds = (ids) => {
    asked.push(ids.length);
    return fetchByIds(ids);
  };
  const toWatcher = (id: SessionId, { endsAt = clock() + 3_600_000, turns = 0 } = {}) => ({
    opened: { id, turns, expiresAt: endsAt, endsAt, retires: false },
    end: (reason: string) => ends.push([id, reason]),
  });
  /** Logs users in and watches their sessions, without a query. */
  const watchNew = async (count = 1) => {
    const handshake = live.beginHandshake();
    await settle();
    const ready = live.beginHandshake();
    live.endHandshake(handshake);
    const ids: SessionId[] = [];
    for (let user = 0; user < count; user++) ids.push((await login(new Browser(), `user-${user}`)).id);
    const stops = ids.map((id) => live.watch(toWatcher(id), ready));
    live.endHandshake(ready);
    await settle();
    asked.length = 0;
    return { ids, id: ids[0] as SessionId, stops };
  };
  /** A manager in another process. */
  const elsewhere = new Manager(store, { clock });
  return { ...harness, live, ends, asked, toWatcher, watchNew, elsewhere };
}

describe("watching sessions", () => {
  it("leaves no listener, subscription or timer a minute after the last watcher, and begins again", async () => {
    const { manager, store, watchNew, login, live, elsewhere, ends } = setUp({
      live: liveSessions({ recheck: "24d" }),
    });
    const on = vi.spyOn(manager.events, "on");
    let listening = 0;
    on.mockImplementation((name, listener) => {
      listening++;
      const off = Object.getPrototypeOf(manager.events).on.call(manager.events, name, listener);
      return () => {
        listening--;
        off();
      };
    });
    // The store's own timers.
    await login(new Browser(), "bob");
    const idle = vi.getTimerCount();
    for (const round of [1, 2]) {
      const { id, stops } = await watchNew();
      expect([listening, store.listening], `round ${round}`).toEqual([2, 1]);
      for (const stop of stops) stop();
      await pass(59_999);
      expect([listening, store.listening]).toEqual([2, 1]);
      await pass(1);
      expect([listening, store.listening, vi.getTimerCount()]).toEqual([0, 0, idle]);
      await elsewhere.revokeById(id);
    }
    live.endHandshake(live.beginHandshake());
    await pass(60_000);
    expect([listening, store.listening, vi.getTimerCount()]).toEqual([0, 0, idle]);
    expect(ends).toEqual([]);
  });

  it("goes on with the same listeners when the next watcher comes within a minute", async () => {
    const { store, watchNew, elsewhere, ends } = setUp();
    const { stops } = await watchNew();
    stops[0]?.();
    await pass(59_999);
    const { id } = await watchNew();
    await pass(60_000);
    expect(store.calls.filter((call) => call === "subscribe")).toHaveLength(1);
    await elsewhere.revokeById(id);
    await settle();
    expect(ends).toEqual([[id, "revoked"]]);
  });

  it("asks about all sessions at the recheck, a thousand at a time, and finds lost events", async () => {
    const { store, watchNew, elsewhere, ends, asked } = setUp();
    const { ids } = await watchNew(2_500);
    store.losesEvents = true;
    const [first, last] = [ids[0], ids.at(-1)] as [SessionId, SessionId];
    await elsewhere.revokeById(first);
    await elsewhere.revokeById(last);
    await pass(59_999);
    expect([asked, ends]).toEqual([[], []]);
    await pass(1);
    expect(asked).toEqual([1_000, 1_000, 500]);
    expect(ends).toEqual([
      [first, "unknown"],
      [last, "unknown"],
    ]);
    await pass(60_000);
    expect(asked.slice(3)).toEqual([1_000, 1_000, 498]);
  });

  it("asks about all sessions when the channel is up again", async () => {
    const { store, watchNew, elsewhere, ends, asked } = setUp();
    const { id } = await watchNew(1_001);
    store.report(false);
    store.losesEvents = true;
    await elsewhere.revokeById(id);
    await settle();
    expect([asked, ends]).toEqual([[], []]);
    store.report(true);
    await settle();
    expect(asked).toEqual([1_000, 1]);
    expect(ends).toEqual([[id, "unknown"]]);
  });

  it("asks once about sessions that change in the same turn, and not about others", async () => {
    const { store, watchNew, login, asked, ends } = setUp();
    const { ids } = await watchNew(3);
    const other = await login(new Browser(), "bob");
    const change = (id: SessionId) => store.update(id, { data: { v: 1 } }, { now: clock() });
    await Promise.all([...ids, ...ids, other.id].map(change));
    await settle();
    expect(asked).toEqual([3]);
    await change(other.id);
    await settle();
    expect([asked, ends]).toEqual([[3], []]);
  });

  it("asks again about a session that changes while a query is running", async () => {
    const { store, watchNew, asked } = setUp();
    const { id } = await watchNew();
    const change = () => store.update(id, { data: { v: 1 } }, { now: clock() });
    const gate = store.hold("fetchByIds");
    await change();
    await settle();
    await change();
    await change();
    await settle();
    expect(asked).toEqual([1]);
    gate.open();
    await settle();
    expect(asked).toEqual([1, 1]);
  });

  it("ends nothing while the store fails, and asks about the same sessions with the next query", async () => {
    const { store, watchNew, elsewhere, ends, asked, record } = setUp();
    const errors = record("error");
    const { ids } = await watchNew(2);
    const [revoked, kept] = ids as [SessionId, SessionId];
    store.losesEvents = true;
    await elsewhere.revokeById(revoked);
    for (const times of [1, 2]) {
      store.fail("fetchByIds");
      await pass(60_000);
      expect([errors.length, ends]).toEqual([times, []]);
    }
    store.losesEvents = false;
    await store.update(kept, { data: { v: 1 } }, { now: clock() });
    await settle();
    expect(asked).toEqual([2, 2, 2]);
    expect(ends).toEqual([[revoked, "unknown"]]);
  });

  it("emits an error for a subscription that fails, and tries again at each recheck", async () => {
    const { store, watchNew, elsewhere, ends, record } = setUp();
    const errors = record("error");
    const failure = new Error("no connection");
    store.fail("subscribe", failure);
    store.fail("subscribe", failure);
    const { id } = await watchNew();
    expect(errors).toMatchObject([{ error: { code: "ERR_STORE", cause: failure } }]);
    await pass(60_000);
    expect([errors.length, store.listening]).toEqual([2, 0]);
    await pass(60_000);
    expect([errors.length, store.listening]).toEqual([2, 1]);
    await elsewhere.revokeById(id);
    await settle();
    expect(ends).toEqual([[id, "revoked"]]);
  });

  it("ends a subscription that was still being made when the last watcher had gone", async () => {
    const { store, live, record } = setUp();
    const errors = record("error");
    for (const failure of [undefined, new Error("no connection")]) {
      const gate = store.hold("subscribe");
      live.endHandshake(live.beginHandshake());
      await pass(60_000);
      gate.open(failure);
      await settle();
    }
    expect([store.listening, errors]).toEqual([0, []]);
  });

  it("works with a store without subscribe", async () => {
    const store = new GatedStore();
    const { watchNew, elsewhere, ends, manager } = setUp({}, Object.assign(store, { subscribe: undefined }));
    const { ids } = await watchNew(2);
    const [own, foreign] = ids as [SessionId, SessionId];
    await manager.revokeById(own);
    await elsewhere.revokeById(foreign);
    expect(ends).toEqual([[own, "revoked"]]);
    await pass(60_000);
    expect(ends.slice(1)).toEqual([[foreign, "unknown"]]);
  });

  it("ends each of many sessions at its own deadline, with few searches", async () => {
    let readings = 0;
    const { live, toWatcher, ends } = setUp({
      clock: () => {
        readings++;
        return clock();
      },
      live: liveSessions({ recheck: "24d" }),
    });
    const handshake = live.beginHandshake();
    await settle();
    const begin = clock();
    const ready = live.beginHandshake();
    const endings: number[] = [];
    for (let index = 1; index <= 1_000; index++) {
      const endsAt = begin + 1_000 + index;
      const watcher = toWatcher(`id-${index}` as SessionId, { endsAt });
      live.watch({ ...watcher, end: () => endings.push(clock() - endsAt) }, ready);
    }
    live.endHandshake(handshake);
    live.endHandshake(ready);
    readings = 0;
    await pass(2_010);
    expect(ends).toEqual([]);
    expect(endings).toHaveLength(1_000);
    expect(Math.min(...endings)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...endings)).toBeLessThanOrEqual(10);
    expect(readings).toBeLessThan(1_000);
  });
});

describe("a handshake", () => {
  async function setUpHandshake() {
    const world = setUp();
    const { live, login, toWatcher, ends, store } = world;
    // The channel is up.
    const { stops } = await world.watchNew();
    const browser = new Browser();
    const { id } = await login(browser, "ann");
    const handshake = live.beginHandshake();
    /** Ends the handshake as an adapter does. */
    const open = (given: Handshake = handshake) => {
      const ended = given.get(id);
      if (!ended) live.watch(toWatcher(id), given);
      live.endHandshake(given);
      return ended;
    };
    return { ...world, id, handshake, open, browser, stops, ends, store };
  }

  it("knows that its session has ended, here or elsewhere", async () => {
    for (const here of [true, false]) {
      const { manager, elsewhere, id, open, asked } = await setUpHandshake();
      await (here ? manager : elsewhere).revokeById(id);
      await settle();
      expect(open()).toBe("revoked");
      await settle();
      expect(asked).toEqual([]);
    }
  });

  it.each(["rotate", "reauthenticate"] as const)("knows that %s has replaced its secret", async (method) => {
    const { sessions, browser, open } = await setUpHandshake();
    await browser.visit((request) => sessions[method](request));
    expect(open()).toBe("rotated");
  });

  it("leads to a query if another process has changed its session meanwhile", async () => {
    const { elsewhere, browser, id, open, ends, asked } = await setUpHandshake();
    await browser.visit(testSessions(elsewhere).rotate);
    await settle();
    expect(open()).toBeUndefined();
    await settle();
    expect([asked, ends]).toEqual([[1], [[id, "rotated"]]]);
  });

  it("leads to a query if events may have been lost meanwhile", async () => {
    const { store, elsewhere, id, open, ends } = await setUpHandshake();
    store.report(false);
    store.losesEvents = true;
    await elsewhere.revokeById(id);
    store.losesEvents = false;
    store.report(true);
    await settle();
    expect(open()).toBeUndefined();
    await settle();
    expect(ends).toEqual([[id, "unknown"]]);
  });

  it("leads to a query if it began before the channel was up", async () => {
    const { live, store, login, toWatcher, elsewhere, ends } = setUp();
    const { id } = await login(new Browser());
    const gate = store.hold("subscribe");
    const handshake = live.beginHandshake();
    await elsewhere.revokeById(id);
    gate.open();
    await settle();
    live.watch(toWatcher(id), handshake);
    live.endHandshake(handshake);
    await settle();
    expect(ends).toEqual([[id, "unknown"]]);
  });

  it("leads to no query otherwise, and the session is watched from then on", async () => {
    const { login, elsewhere, id, open, ends, asked } = await setUpHandshake();
    const other = await login(new Browser(), "bob");
    await elsewhere.revokeById(other.id);
    await settle();
    expect(open()).toBeUndefined();
    await settle();
    expect([asked, ends]).toEqual([[], []]);
    await elsewhere.revokeById(id);
    await settle();
    expect(ends).toEqual([[id, "revoked"]]);
  });
});
