import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";
import { getInternals } from "../http/sessions.ts";
import type { Manager, ManagerOptions, Sessions } from "../index.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import { readStandings, toOpenedSession } from "./standing.ts";

function toOpened(manager: Manager, sessions: Sessions<TestRequest>, request: TestRequest) {
  const { requireLive } = getInternals<TestRequest, undefined, undefined>(sessions);
  return toOpenedSession(getLifecycle(manager), requireLive(request, "toOpened"));
}

async function setUpOpened(options: ManagerOptions = {}) {
  const harness = createHarness({ rotateEvery: "1m", expiresIn: "1h", ...options });
  const { manager, sessions, clock } = harness;
  const browser = new Browser();
  const { id } = await harness.login(browser);
  const open = async (request: TestRequest) => {
    await sessions.get(request);
    return toOpened(manager, sessions, request);
  };
  return { ...harness, browser, id, open, deadline: clock.now() + 3_600_000 };
}

describe("toOpenedSession", () => {
  it("ends at the deadline for the current and for a pending secret", async () => {
    const { clock, sessions, browser, id, open, deadline } = await setUpOpened();
    const plain = { id, turns: 0, expiresAt: deadline, endsAt: deadline, retires: false };
    expect(await open(browser.request())).toEqual(plain);
    clock.advance("1m");
    await browser.visit(sessions.authorize);
    expect(await open(browser.request())).toEqual(plain);
  });

  it("ends with a retired secret, unless the session ends by then", async () => {
    const { clock, sessions, browser, id, open, deadline } = await setUpOpened();
    const old = browser.request();
    await browser.visit(sessions.rotate);
    const copy = () => new TestRequest(old.headers);
    const until = clock.now() + 30_000;
    expect(await open(copy())).toEqual({
      id,
      turns: 1,
      expiresAt: deadline,
      endsAt: until,
      retires: true,
    });
    clock.set(deadline - 30_001);
    const late = browser.request();
    await browser.visit(sessions.rotate);
    expect(await open(new TestRequest(late.headers))).toMatchObject({ endsAt: deadline - 1, retires: true });
    clock.set(deadline - 30_000);
    const last = browser.request();
    await browser.visit(sessions.rotate);
    expect(await open(new TestRequest(last.headers))).toMatchObject({ endsAt: deadline, retires: false });
  });

  it("applies a limit that has become shorter since the login", async () => {
    const { manager, browser, open, deadline } = await setUpOpened({ expiresIn: "20h" });
    const strict = manager.with({ nist: "aal3", expiresIn: "1h" });
    const sessions = testSessions(strict);
    const request = browser.request();
    await sessions.get(request);
    expect(toOpened(strict, sessions, request).endsAt).toBe(deadline + 11 * 3_600_000);
    expect((await open(browser.request())).endsAt).toBe(deadline + 19 * 3_600_000);
  });
});

describe("readStandings", () => {
  it("returns why sessions ended in one query, and emits nothing", async () => {
    const { clock, store, manager, sessions, events, login } = createHarness({ idleTimeout: "30m" });
    const [revoked, idle, used] = [new Browser(), new Browser(), new Browser()];
    const { id: revokedId } = await login(revoked);
    const { id: idleId } = await login(idle);
    const { id: usedId } = await login(used);
    await manager.revokeById(revokedId);
    clock.advance("20m");
    await used.visit((request) => sessions.authorize(request));
    clock.advance("20m");
    const before = [...events];
    store.calls.length = 0;
    expect([...(await readStandings(getLifecycle(manager), [revokedId, idleId, usedId]))]).toEqual([
      [revokedId, { over: "unknown" }],
      [idleId, { over: "idle" }],
      [usedId, { turns: 0, expiresAt: clock.now() + 10 * 60_000 }],
    ]);
    expect(store.calls).toEqual(["fetchByIds"]);
    expect(events).toEqual(before);
    clock.advance("24h");
    expect([...(await readStandings(getLifecycle(manager), [usedId]))]).toEqual([[usedId, { over: "idle" }]]);
  });

  it("reports a record of a later release as unknown", async () => {
    const { store, manager, login } = createHarness();
    const { id } = await login(new Browser());
    const { fetchByIds } = store;
    store.fetchByIds = async (ids) =>
      (await fetchByIds(ids)).map((record) => record && { ...record, data: { v: 2 } });
    expect([...(await readStandings(getLifecycle(manager), [id]))]).toEqual([[id, { over: "unknown" }]]);
  });

  it("counts explicit rotations", async () => {
    const { manager, sessions, login, clock } = createHarness({ rotateEvery: "1m" });
    const browser = new Browser();
    const { id } = await login(browser);
    await browser.visit(sessions.rotate);
    await browser.visit(sessions.reauthenticate);
    expect([...(await readStandings(getLifecycle(manager), [id]))]).toEqual([
      [id, { turns: 2, expiresAt: clock.now() + 86_400_000 }],
    ]);
  });

  it("returns the reason of a tombstone", async () => {
    const { clock, store, manager, login } = createHarness();
    const { id } = await login(new Browser());
    await store.deleteById(id, {
      reason: "evicted",
      now: clock.now(),
      tombstones: { keepFor: 60_000, max: 9 },
    });
    expect([...(await readStandings(getLifecycle(manager), [id]))]).toEqual([[id, { over: "evicted" }]]);
  });

  it("throws and emits an error when the store fails", async () => {
    const { store, manager, events, login } = createHarness();
    const { id } = await login(new Browser());
    store.fail("fetchByIds");
    await expect(readStandings(getLifecycle(manager), [id])).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(events.map(([name]) => name)).toEqual(["created", "error"]);
  });
});
