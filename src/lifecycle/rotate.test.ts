import { describe, expect, it } from "vitest";
import { Browser, TestRequest } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";

describe("rotate", () => {
  it("accepts the old secret for 30 seconds, without a new cookie", async () => {
    const { clock, login, sessions, events } = createHarness();
    const browser = new Browser();
    await login(browser);
    const slow = browser.request();
    await browser.visit(sessions.rotate);
    await sessions.rotate(slow);
    expect(slow.cookies).toEqual([]);
    clock.advance("29s");
    const late = new TestRequest(slow.headers);
    expect(await sessions.authorize(late)).toBeUndefined();
    expect(events.filter(([name]) => name === "rotated")).toHaveLength(1);
  });

  it("ends the session as reused when an old secret returns later", async () => {
    const { clock, login, sessions, reason, events } = createHarness();
    const [browser, thief] = [new Browser(), new Browser()];
    await login(browser);
    thief.jar.set(...([...browser.jar][0] as [string, string]));
    await browser.visit(sessions.rotate);
    clock.advance("30s");
    expect(await reason(thief)).toBe("reused");
    expect(thief.jar.size).toBe(0);
    expect(await reason(browser)).toBe("unknown");
    expect(events).toContainEqual(["ended", expect.objectContaining({ reason: "reused" })]);
  });

  it("ends nothing for a secret that never existed", async () => {
    const { login, reason } = createHarness();
    const [browser, guesser] = [new Browser(), new Browser()];
    await login(browser);
    const [[name = "", value = ""] = []] = [...browser.jar];
    guesser.jar.set(name, `${value.split(".")[0]}.${"x".repeat(65)}`);
    expect(await reason(guesser)).toBe("unknown");
    expect(guesser.jar.size).toBe(1);
    expect(await reason(browser)).toBeUndefined();
  });

  it("ends nothing when the current secret arrives beside an old one of another path", async () => {
    const { clock, login, sessions } = createHarness({ cookie: { path: "/app" } });
    const browser = new Browser();
    await login(browser);
    const old = browser.request().headers.cookie;
    await browser.visit(sessions.rotate);
    clock.advance("1m");
    const request = new TestRequest({ cookie: `${old}; ${browser.request().headers.cookie}` });
    expect(await sessions.authorize(request)).toBeUndefined();
  });

  it("sends one new secret for two concurrent rotations, and keeps the browser logged in", async () => {
    const { login, sessions, store, reason } = createHarness();
    const browser = new Browser();
    await login(browser);
    const gates = [store.hold("update"), store.hold("update")];
    const [one, two] = [browser.request(), browser.request()];
    const rotations = [sessions.rotate(one), sessions.rotate(two)];
    await Promise.all(gates.map(({ arrived }) => arrived));
    for (const gate of gates) gate.open();
    await Promise.all(rotations);
    const sent = [...one.cookies, ...two.cookies];
    expect(sent).toHaveLength(1);
    for (const request of [one, two]) browser.receive(request);
    expect(await reason(browser)).toBeUndefined();
  });

  it("does not revive a session that ends during the rotation", async () => {
    const { login, sessions, store, manager } = createHarness();
    const browser = new Browser();
    await login(browser);
    const gate = store.hold("update");
    const request = browser.request();
    const rotation = sessions.rotate(request);
    await gate.arrived;
    await manager.revokeByUserKey("ann");
    gate.open();
    await expect(rotation).rejects.toMatchObject({ code: "ERR_UNAUTHORIZED", reason: "revoked" });
    expect(request.cookies).toEqual([]);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("emits rotated with the session, the user, the time and the cause", async () => {
    const { clock, login, record, sessions } = createHarness();
    const rotated = record("rotated");
    const browser = new Browser();
    const { id } = await login(browser);
    clock.advance("1s");
    await browser.visit(sessions.rotate);
    await browser.visit(sessions.reauthenticate);
    expect(rotated).toEqual([
      { id, userKey: "ann", at: clock.now(), cause: "rotate" },
      { id, userKey: "ann", at: clock.now(), cause: "reauthenticate", level: 1 },
    ]);
  });

  it("works twice in one request", async () => {
    const { login, sessions, reason } = createHarness();
    const browser = new Browser();
    await login(browser);
    await browser.visit(async (request) => {
      await sessions.rotate(request);
      await sessions.rotate(request);
    });
    expect(await reason(browser)).toBeUndefined();
  });

  it("keeps the kind of the cookie, for the rest of its lifetime", async () => {
    const { sessions, clock } = createHarness();
    for (const [expiresIn, maxAge] of [
      ["2h", 3_600],
      [undefined, undefined],
    ] as const) {
      const browser = new Browser();
      await browser.visit((request) => sessions.init(request, "ann", expiresIn ? { expiresIn } : {}));
      clock.advance("1h");
      const request = browser.request();
      await sessions.rotate(request);
      expect(request.cookies[0]?.maxAge).toBe(maxAge);
    }
  });

  it("works after init in the same request", async () => {
    const { sessions, reason } = createHarness();
    const browser = new Browser();
    const request = browser.request();
    await sessions.init(request, "ann");
    const first = request.cookies[0]?.value;
    await sessions.rotate(request);
    const [second, ...more] = request.cookies.map(({ value }) => value);
    expect(more).toEqual([]);
    expect(second).not.toBe(first);
    browser.receive(request);
    expect(await reason(browser)).toBeUndefined();
  });
});

describe("reauthenticate", () => {
  it("hides a later authentication from the old secret", async () => {
    const { clock, login, sessions } = createHarness();
    const browser = new Browser();
    await login(browser);
    const [before, slow] = [clock.now(), browser.request()];
    clock.advance("10s");
    await browser.visit(sessions.reauthenticate);
    expect((await sessions.get(slow))?.authenticatedAt.getTime()).toBe(before);
    // The password that was typed into the slow tab counts for the secret that the slow tab receives.
    clock.advance("10s");
    await sessions.reauthenticate(slow);
    expect(sessions.require(slow).authenticatedAt.getTime()).toBe(clock.now());
    expect((await sessions.get(browser.request()))?.authenticatedAt.getTime()).toBe(clock.now() - 10_000);
    expect((await sessions.get(new TestRequest(slow.headers)))?.authenticatedAt.getTime()).toBe(before);
    browser.receive(slow);
    expect((await browser.visit(sessions.get))?.authenticatedAt.getTime()).toBe(clock.now());
    clock.advance("20s");
    expect(await sessions.authorize(new TestRequest(slow.headers))).toBe("reused");
  });

  it("works again when the first response was lost", async () => {
    const { clock, login, sessions, reason } = createHarness();
    const browser = new Browser();
    await login(browser);
    await sessions.reauthenticate(browser.request());
    clock.advance("20s");
    await browser.visit(sessions.reauthenticate);
    clock.advance("1h");
    expect(await reason(browser)).toBeUndefined();
    expect((await sessions.get(browser.request()))?.authenticatedAt.getTime()).toBe(clock.now() - 3_600_000);
  });

  it("gives an old secret no new one because another holder of it re-authenticated", async () => {
    const { login, sessions } = createHarness();
    const browser = new Browser();
    await login(browser);
    const [proving, slow] = [browser.request(), browser.request()];
    await browser.visit(sessions.rotate);
    await sessions.reauthenticate(proving);
    expect(proving.cookies).toHaveLength(1);
    await sessions.rotate(slow);
    expect(slow.cookies).toEqual([]);
  });
});
