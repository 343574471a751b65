import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../test/support/browser.ts";
import { GatedStore } from "../test/support/gated-store.ts";
import { createHarness } from "../test/support/harness.ts";
import { Manager } from "./index.ts";
import type { Store } from "./store.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

/** Logs the same user in with three browsers, a second apart. */
async function setUpThree() {
  const harness = createHarness();
  const browsers = [new Browser(), new Browser(), new Browser()];
  const ids: string[] = [];
  for (const browser of browsers) {
    ids.push((await harness.login(browser)).id);
    harness.clock.advance("1s");
  }
  return { ...harness, browsers, ids };
}

describe("Manager", () => {
  it("rejects a store that lacks a method", () => {
    expect(() => new Manager(undefined as unknown as Store)).toThrow(/^store must have the method create/);
    expect(() => new Manager({} as Store)).toThrow(TypeError);
  });

  it("with creates a second manager over the same store, with its own cookie and events", async () => {
    const { manager, events, login } = createHarness({ idleTimeout: "1h", cookie: { path: "/app" } });
    const second = manager.with({ cookie: { name: "admin" }, idleTimeout: "5m" });
    const sessions = testSessions(second);
    const request = new TestRequest();
    await sessions.init(request, "ann");
    expect(request.cookies[0]).toMatchObject({ name: "__Secure-admin", path: "/app" });
    expect(events).toEqual([]);
    await login(new Browser());
    expect(await second.fetchByUserKey("ann")).toHaveLength(2);
    expect(() => manager.with({ idleTimeout: "soon" as "1h" })).toThrow(/^idleTimeout/);
  });

  it("with inherits the client options that are not set", async () => {
    const { manager } = createHarness({ client: { ip: "prefix" } });
    const second = manager.with({ client: { geo: () => ({ country: "NL" }) } });
    const request = new TestRequest();
    await testSessions(second).init(request, "ann");
    const [session] = await second.fetchByUserKey("ann");
    expect(session).toMatchObject({ ip: "192.0.2.0/24", geo: { country: "NL" } });
    const third = second.with({ client: { ip: false } });
    await testSessions(third).init(new TestRequest(), "bob");
    const [ofThird] = await third.fetchByUserKey("bob");
    expect(ofThird?.ip).toBeUndefined();
  });

  it("close closes the store, and does nothing when the store has no close", async () => {
    let closed = 0;
    const store = new GatedStore();
    store.close = async () => void closed++;
    await new Manager(store).close();
    expect(closed).toBe(1);
    const { close: _, ...without } = store;
    await expect(new Manager({ ...without } as unknown as Store).close()).resolves.toBeUndefined();
  });

  it.each([null, 0, "", "2026-01-31"])("notBefore rejects %j and keeps its value", (moment) => {
    const { manager } = createHarness();
    const before = new Date("2026-01-31T12:00:00Z");
    manager.notBefore = before;
    expect(() => {
      manager.notBefore = moment as unknown as Date;
    }).toThrow(/^notBefore must be a valid Date/);
    expect(manager.notBefore).toEqual(before);
  });

  it("emits each transition once, with ids and user keys and without secrets", async () => {
    const { sessions, events, login, reason } = createHarness();
    const browser = new Browser({ "user-agent": FIREFOX });
    const { id } = await login(browser);
    await browser.visit(sessions.rotate);
    await reason(new Browser());
    await login(browser);
    await browser.visit(sessions.revoke);
    const names = events.map(([name, event]) => `${name} ${Reflect.get(event, "reason") ?? ""}`.trim());
    expect(names).toEqual([
      "created",
      "rotated",
      "rejected no_cookie",
      "ended logout",
      "created",
      "ended logout",
    ]);
    expect(events[0]?.[1]).toMatchObject({ id, userKey: "ann", ip: "192.0.2.1" });
    expect(JSON.stringify(events)).not.toMatch(/[0-9A-Za-z_-]{40,}/);
  });
});

describe("fetchByUserKey", () => {
  it("returns the user's sessions, newest first and none marked as current", async () => {
    const { manager, ids } = await setUpThree();
    const listed = await manager.fetchByUserKey("ann");
    expect(listed.map(({ id, current }) => [id, current])).toEqual(ids.toReversed().map((id) => [id, false]));
  });

  it("leaves out sessions that are over by this manager's options", async () => {
    const { clock, login, manager } = createHarness({ idleTimeout: "30m" });
    await login(new Browser());
    clock.advance("10m");
    await login(new Browser());
    clock.advance("20m");
    expect(await manager.fetchByUserKey("ann")).toHaveLength(1);
    expect(await manager.with({ idleTimeout: "20m" }).fetchByUserKey("ann")).toHaveLength(0);
  });

  it("reads more sessions than one page of the store", { timeout: 60_000 }, async () => {
    const { manager, login } = createHarness({ maxSessions: { max: 5_000, onExceed: "reject" } });
    for (let count = 0; count < 2_100; count++) await login(new Browser());
    const listed = await manager.fetchByUserKey("ann");
    expect(new Set(listed.map(({ id }) => id)).size).toBe(2_100);
  });
});

describe("revokeById and revokeByUserKey", () => {
  it("end one session of any user, and all but the listed ones", async () => {
    const { manager, ids, browsers, reason } = await setUpThree();
    expect(await manager.revokeById(ids[0] ?? "")).toBe(true);
    expect(await manager.revokeById(ids[0] ?? "")).toBe(false);
    expect(await manager.revokeByUserKey("ann", { except: [ids[1] ?? ""] })).toEqual([ids[2]]);
    expect(await Promise.all(browsers.map(reason))).toEqual(["unknown", undefined, "unknown"]);
  });

  it("reject invalid arguments", async () => {
    const { manager } = createHarness();
    await expect(manager.revokeByUserKey("ann", { except: "id" as never })).rejects.toThrow(
      /^revokeByUserKey\.except must be an array of ids\./,
    );
    await expect(manager.revokeByUserKey("ann", { but: [] } as never)).rejects.toThrow(
      /^"but" is not an option of revokeByUserKey\./,
    );
    await expect(manager.revokeById(7 as never)).rejects.toThrow(/^id must be a string\. Received number\./);
  });
});
