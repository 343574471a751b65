import { describe, expect, it } from "vitest";
import { Browser, TestRequest } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";
import { shardOf } from "../cookie/shard.ts";

describe("insert", () => {
  it("prefixes every id with the shard of the user key", async () => {
    const { sessions } = createHarness();
    const { id } = await sessions.init(new TestRequest(), "ann");
    expect(id.slice(0, 2)).toBe(shardOf("ann"));
    let count = 0;
    const custom = createHarness({ generateId: () => `custom${String(count++).padStart(14, "0")}` });
    expect((await custom.sessions.init(new TestRequest(), "ann")).id).toBe(
      `${shardOf("ann")}custom00000000000002`,
    );
  });

  it("tries another id after a duplicate, at most five times", async () => {
    const texts = ["a", "b", "c", "c", "c", "d"].map((letter) => letter.repeat(20));
    const { sessions, manager } = createHarness({ generateId: () => texts.shift() ?? "c".repeat(20) });
    await sessions.init(new TestRequest(), "ann");
    const second = await sessions.init(new TestRequest(), "ann");
    expect(second.id.slice(2)).toBe("d".repeat(20));
    await expect(sessions.init(new TestRequest(), "ann")).rejects.toMatchObject({ code: "ERR_DUPLICATE_ID" });
    expect(await manager.fetchByUserKey("ann")).toHaveLength(2);
  });
});

describe("maxSessions", () => {
  it("evicts the oldest session beyond the limit, and emits evicted", async () => {
    const { login, reason, events, clock } = createHarness({
      maxSessions: { max: 2, onExceed: "evict-oldest" },
    });
    const browsers = [new Browser(), new Browser(), new Browser()];
    const ids: string[] = [];
    for (const browser of browsers) {
      ids.push((await login(browser)).id);
      clock.advance("1s");
    }
    expect(await Promise.all(browsers.map(reason))).toEqual(["unknown", undefined, undefined]);
    expect(events).toContainEqual([
      "ended",
      expect.objectContaining({ ids: [ids[0]], reason: "evicted", userKey: "ann" }),
    ]);
  });

  it('onExceed: "reject" rejects a login beyond the limit, and sends no cookie', async () => {
    const { login, reason, sessions } = createHarness({ maxSessions: { max: 1, onExceed: "reject" } });
    const [first, second] = [new Browser(), new Browser()];
    await login(first);
    const request = second.request();
    await expect(sessions.init(request, "ann")).rejects.toMatchObject({ code: "ERR_LIMIT" });
    expect(request.cookies).toEqual([]);
    // The browser's own session makes room for the new one.
    await login(first);
    expect(await reason(first)).toBeUndefined();
  });

  it("holds for 50 concurrent logins", async () => {
    const { manager, login } = createHarness({ maxSessions: { max: 5, onExceed: "evict-oldest" } });
    await Promise.all(Array.from({ length: 50 }, () => login(new Browser())));
    expect(await manager.fetchByUserKey("ann")).toHaveLength(5);
  });
});

describe("ids of sessions", () => {
  it("are not looked up in the store when they are impossible", async () => {
    const { login, sessions, manager, store } = createHarness();
    const browser = new Browser();
    await login(browser);
    store.calls.length = 0;
    for (const id of ["", "x", "../../etc", "*", `${"a".repeat(21)}é`]) {
      expect(await browser.visit((request) => sessions.revokeOwn(request, id))).toBe(false);
      expect(await manager.revokeById(id)).toBe(false);
    }
    expect(new Set(store.calls)).toEqual(new Set(["fetchById"]));
    await expect(browser.visit((request) => sessions.revokeOwn(request, 5 as never))).rejects.toThrow(
      TypeError,
    );
    await expect(manager.revokeById(5 as never)).rejects.toThrow(TypeError);
  });
});

describe("answers of the store", () => {
  it("a login beyond the limit and a taken id emit no error", async () => {
    const ids = ["a".repeat(20), "b".repeat(20), "c".repeat(20), "c".repeat(20), "d".repeat(20)];
    const { login, events } = createHarness({
      maxSessions: { max: 2, onExceed: "reject" },
      generateId: () => ids.shift() ?? "e".repeat(20),
    });
    // The first two ids are those of the check of the generator.
    await login(new Browser());
    await login(new Browser());
    await expect(login(new Browser())).rejects.toMatchObject({ code: "ERR_LIMIT" });
    expect(ids).toEqual([]);
    expect(events.filter(([name]) => name === "error")).toEqual([]);
  });
});
