import { describe, expect, it } from "vitest";
import { Browser } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import { bindSessions } from "../http/bound-sessions.ts";
import type { ManagerOptions, SessionEvents } from "../index.ts";
import { formToken, revocationToken, revokeByToken, verifyFormToken } from "../signed.ts";

const [KEY, OLD] = ["k".repeat(32), "o".repeat(32)];

function setUp(options: ManagerOptions = { keys: [KEY] }, store = new GatedStore()) {
  const harness = createHarness(options, store);
  const login = async (userKey = "ann") => {
    const browser = new Browser();
    const { id } = await harness.login(browser, userKey);
    return { browser, id };
  };
  /** Returns a request behind `auth`. */
  const loaded = async (browser: Browser) => {
    const request = browser.request();
    await harness.sessions.authorize(request);
    return request;
  };
  return { ...harness, ended: harness.record("ended"), login, loaded };
}

describe("formToken and verifyFormToken", () => {
  it("verifyFormToken emits rejected for an invalid token", async () => {
    const { clock, manager, sessions, login, loaded } = setUp();
    const rejected: SessionEvents["rejected"][] = [];
    manager.events.on("rejected", (event) => rejected.push(event));
    const request = await loaded((await login()).browser);
    expect(() => verifyFormToken(sessions, request, "x")).toThrow("The form has no token of this session.");
    expect(rejected).toEqual([{ reason: "cross_origin", at: clock.now() }]);
  });

  it("verifyFormToken accepts only a token of the same session [asvs 3.5.1]", async () => {
    const { sessions, login, loaded } = setUp();
    const [ann, again, bob] = [await login(), await login(), await login("bob")];
    const token = formToken(sessions, await loaded(ann.browser));
    expect(verifyFormToken(sessions, await loaded(ann.browser), token)).toBeUndefined();
    for (const { browser } of [again, bob]) {
      const request = await loaded(browser);
      expect(() => verifyFormToken(sessions, request, token)).toThrow(
        expect.objectContaining({ code: "ERR_CROSS_ORIGIN", status: 403 }),
      );
    }
    for (const wrong of [undefined, "", [token], `${token}0`]) {
      const request = await loaded(ann.browser);
      expect(() => verifyFormToken(sessions, request, wrong)).toThrow(
        /The form has no token of this session/,
      );
    }
  });

  it("a form token stays valid at a rotation, and not after a new login", async () => {
    const { sessions, login, loaded } = setUp();
    const { browser } = await login();
    const token = formToken(sessions, await loaded(browser));
    await browser.visit(sessions.rotate);
    await browser.visit((request) => sessions.reauthenticate(request));
    expect(verifyFormToken(sessions, await loaded(browser), token)).toBeUndefined();
    await browser.visit((request) => sessions.init(request, "ann"));
    const request = await loaded(browser);
    expect(() => verifyFormToken(sessions, request, token)).toThrow(/no token of this session/);
  });

  it("a form token stays valid with a new key while the old key is listed", async () => {
    const store = new GatedStore();
    const before = setUp({ keys: [OLD] }, store);
    const { browser } = await before.login();
    const token = formToken(before.sessions, await before.loaded(browser));
    const both = setUp({ keys: [KEY, OLD] }, store);
    expect(verifyFormToken(both.sessions, await both.loaded(browser), token)).toBeUndefined();
    const after = setUp({ keys: [KEY] }, store);
    const request = await after.loaded(browser);
    expect(() => verifyFormToken(after.sessions, request, token)).toThrow(/no token of this session/);
    const renewed = formToken(both.sessions, await both.loaded(browser));
    expect(verifyFormToken(after.sessions, request, renewed)).toBeUndefined();
  });

  it("both require a loaded session, as require does", async () => {
    const { sessions, loaded } = setUp();
    expect(() => formToken(sessions, new Browser().request())).toThrow(/^formToken found no loaded session/);
    expect(() => verifyFormToken(sessions, new Browser().request(), "")).toThrow(
      /^verifyFormToken found no loaded session/,
    );
    const stranger = await loaded(new Browser());
    expect(() => formToken(sessions, stranger)).toThrow(
      expect.objectContaining({ code: "ERR_UNAUTHORIZED" }),
    );
    expect(() => verifyFormToken(sessions, stranger, "")).toThrow(
      expect.objectContaining({ code: "ERR_UNAUTHORIZED" }),
    );
  });

  it("both load the session with bound sessions", async () => {
    const { sessions, login } = setUp();
    const { browser } = await login();
    const bound = () => bindSessions(sessions, async () => browser.request());
    const token = await formToken(bound());
    await expect(verifyFormToken(bound(), token)).resolves.toBeUndefined();
    await expect(verifyFormToken(bound(), "")).rejects.toMatchObject({ code: "ERR_CROSS_ORIGIN" });
    const anonymous = bindSessions(sessions, async () => new Browser().request());
    await expect(formToken(anonymous)).rejects.toMatchObject({ code: "ERR_UNAUTHORIZED" });
  });
});

describe("revocationToken and revokeByToken", () => {
  it("revokeByToken ends that session once, and logs no client in", async () => {
    const { manager, login, loaded, sessions, ended } = setUp();
    const [thief, own] = [await login(), await login()];
    const token = revocationToken(manager, thief.id);
    expect(await revokeByToken(manager, token)).toBe(true);
    expect(await revokeByToken(manager, token)).toBe(false);
    expect(ended).toEqual([
      { ids: [thief.id], reason: "revoked", at: expect.any(Number), by: { kind: "user" } },
    ]);
    expect(sessions.current(await loaded(thief.browser))).toBeUndefined();
    expect(sessions.current(await loaded(own.browser))?.id).toBe(own.id);
  });

  it("a revocation token is valid for seven days, or for expiresIn", async () => {
    const { manager, login, clock } = setUp({ keys: [KEY], expiresIn: "30d" });
    const [one, two] = [await login(), await login()];
    const [week, hour] = [
      revocationToken(manager, one.id),
      revocationToken(manager, two.id, { expiresIn: "1h" }),
    ];
    clock.advance("1h");
    expect(await revokeByToken(manager, hour)).toBe(false);
    clock.advance("6d");
    expect(await revokeByToken(manager, week)).toBe(true);
    const late = revocationToken(manager, two.id);
    clock.advance("7d");
    expect(await revokeByToken(manager, late)).toBe(false);
    expect(await manager.fetchByUserKey("ann")).toHaveLength(1);
  });

  it("a revocation token stays valid with a new key while the old key is listed", async () => {
    const store = new GatedStore();
    const before = setUp({ keys: [OLD] }, store);
    const { id } = await before.login();
    const token = revocationToken(before.manager, id);
    expect(await revokeByToken(setUp({ keys: [KEY] }, store).manager, token)).toBe(false);
    expect(await revokeByToken(setUp({ keys: [KEY, OLD] }, store).manager, token)).toBe(true);
  });

  it("revokeByToken rejects malformed tokens without a call of the store", async () => {
    const { manager, store, login } = setUp();
    const { id } = await login();
    store.calls.length = 0;
    for (const wrong of [undefined, null, "", id, [revocationToken(manager, id)], "a.b.c"])
      expect(await revokeByToken(manager, wrong)).toBe(false);
    expect(store.calls).toEqual([]);
  });

  it("revocationToken rejects invalid ids and options", () => {
    const { manager } = setUp();
    expect(() => revocationToken(manager, "x")).toThrow(/^revocationToken requires the id of a session/);
    expect(() => revocationToken(manager, "a".repeat(22), { expires: "1h" } as never)).toThrow(
      /^"expires" is not an option of revocationToken/,
    );
    const soon = { expiresIn: "soon" as "1h" };
    expect(() => revocationToken(manager, "a".repeat(22), soon)).toThrow(/^revocationToken\.expiresIn/);
  });
});

describe("without the option keys", () => {
  it("every function throws a TypeError that names the option", async () => {
    const { manager, sessions, login, loaded } = setUp({});
    const { browser, id } = await login();
    const request = await loaded(browser);
    const message = /^(\w+) requires the option keys\./;
    expect(() => formToken(sessions, request)).toThrow(message);
    expect(() => verifyFormToken(sessions, request, "")).toThrow(message);
    expect(() => revocationToken(manager, id)).toThrow(message);
    await expect(revokeByToken(manager, "")).rejects.toThrow(message);
    expect(() => formToken(sessions, request)).toThrow(TypeError);
  });
});
