import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { Manager, type SessionEvents } from "../index.ts";
import { memoryStore } from "../stores/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import { claimOnce } from "./claim.ts";
import { getLifecycle } from "./lifecycle.ts";

function setUp() {
  const clock = new TestClock();
  const store = memoryStore();
  const manager = new Manager(store, { clock: clock.now });
  return { clock, store, manager, lifecycle: getLifecycle(manager), until: clock.now() + 60_000 };
}

describe("claimOnce", () => {
  it("returns true to one of many callers", async () => {
    const { lifecycle, until } = setUp();
    const claims = Array.from({ length: 20 }, () => claimOnce(lifecycle, "pocket", "a", until));
    expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
    expect(await claimOnce(lifecycle, "pocket", "a", until)).toBe(false);
  });

  it("keeps texts, purposes and cookies apart", async () => {
    const { manager, lifecycle, until } = setUp();
    const admin = getLifecycle(manager.with({ cookie: { name: "admin" } }));
    expect(await claimOnce(lifecycle, "pocket", "a", until)).toBe(true);
    expect(await claimOnce(lifecycle, "pocket", "b", until)).toBe(true);
    expect(await claimOnce(lifecycle, "dpop", "a", until)).toBe(true);
    expect(await claimOnce(admin, "pocket", "a", until)).toBe(true);
  });

  it("returns false for a moment that has passed", async () => {
    const { clock, lifecycle, until } = setUp();
    clock.advance("1m");
    expect(await claimOnce(lifecycle, "pocket", "a", until)).toBe(false);
  });

  it("emits no end when the store removes a claim, but one for a session", async () => {
    const { clock, store, manager, lifecycle, until } = setUp();
    const ended: SessionEvents["ended"][] = [];
    manager.events.on("ended", (event) => ended.push(event));
    await claimOnce(lifecycle, "pocket", "a", until);
    await new Browser().visit((request) => testSessions(manager).init(request, "ann"));
    clock.advance("30d");
    expect(await store.deleteExpired?.(clock.now(), 100_000)).toBe(2);
    expect(ended.map(({ userKey }) => userKey)).toEqual(["ann"]);
  });

  it("throws ERR_STORE when the store fails", async () => {
    const store = { ...memoryStore(), create: () => Promise.reject(new Error("connection lost")) };
    const lifecycle = getLifecycle(new Manager(store));
    await expect(claimOnce(lifecycle, "pocket", "a", Date.now() + 60_000)).rejects.toMatchObject({
      code: "ERR_STORE",
    });
  });
});
