import { describe, expect, it } from "vitest";
import { Browser, TestRequest } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";

describe("ending sessions", () => {
  it("ends each session once, clears its cookie, and emits the reason", async () => {
    const { login, sessions, events, clock } = createHarness();
    const browsers = [new Browser(), new Browser(), new Browser(), new Browser()] as const;
    const ids: string[] = [];
    for (const browser of browsers) {
      ids.push((await login(browser)).id);
      clock.advance("1s");
    }
    const [a, b, c, d] = browsers;
    events.length = 0;
    await d.visit(sessions.revoke);
    expect(await a.visit((request) => sessions.revokeOwn(request, ids[1] ?? ""))).toBe(true);
    expect(await a.visit(sessions.revokeOther)).toEqual([ids[2]]);
    expect(await a.visit(sessions.revokeAll)).toEqual([ids[0]]);
    expect(
      events.map(([name, event]) => [name, Reflect.get(event, "reason"), Reflect.get(event, "ids")]),
    ).toEqual([
      ["ended", "logout", [ids[3]]],
      ["ended", "revoked", [ids[1]]],
      ["ended", "revoked", [ids[2]]],
      ["ended", "revoked", [ids[0]]],
    ]);
    expect([a, b, c, d].map(({ jar }) => jar.size)).toEqual([0, 1, 1, 0]);
  });

  it("ends a session whose old secret returns beside the accepted token of another session", async () => {
    const { clock, login, sessions, manager } = createHarness({
      cookie: { path: "/app" },
      rotateEvery: "5m",
    });
    const [one, two] = [new Browser(), new Browser()];
    const { id } = await login(one);
    await login(two);
    const stolen = one.request().headers.cookie;
    await one.visit(sessions.rotate);
    clock.advance("31s");
    const cookie = `${stolen}; ${two.request().headers.cookie}`;
    expect(await sessions.authorize(new TestRequest({ cookie }))).toBeUndefined();
    expect((await manager.fetchByUserKey("ann")).map((session) => session.id)).not.toContain(id);
  });

  it("revoke asks the store nothing more about a session that the request has already ended", async () => {
    const { clock, store, login, sessions } = createHarness();
    const browser = new Browser();
    await login(browser);
    clock.advance("24h");
    store.calls.length = 0;
    const request = browser.request();
    await sessions.revoke(request);
    expect(store.calls).toEqual(["fetchById", "deleteById"]);
    expect(request.cookies).toMatchObject([{ maxAge: 0 }]);
  });

  it("revoke ends both sessions of a user that a browser presents", async () => {
    const { login, sessions, manager } = createHarness({ cookie: { path: "/app" } });
    const [one, two] = [new Browser(), new Browser()];
    await login(one);
    await login(two);
    const cookie = [one, two].map((browser) => browser.request().headers.cookie).join("; ");
    await sessions.revoke(new TestRequest({ cookie }));
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });
});
