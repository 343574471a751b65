import { describe, expect, it } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";
import type { ManagerOptions } from "../index.ts";
import { recognition } from "./recognition.ts";

const FIREFOX = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0" };
const IPHONE = {
  "user-agent":
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
};
const [KEY, OLD] = ["k".repeat(32), "o".repeat(32)];
const DEVICE = "__Host-sessionup-device";

function setUp(options: ManagerOptions = {}) {
  const harness = createHarness(options);
  const created = harness.record("created");
  /** Logs in from an address. Returns the `seen` of the event `created`. */
  async function login(browser: Browser, peer = "192.0.2.1", userKey = "ann") {
    await browser.visit((request) => harness.sessions.init(Object.assign(request, { peer }), userKey));
    return created.at(-1)?.seen;
  }
  return { ...harness, created, login };
}

describe("recognition", () => {
  it.each([
    [{ sessions: false }, /^recognition must use sessions, device or both/],
    [{ device: "yes" }, /^recognition\.device must be true or false\. Received "yes"\./],
    [{ devices: true }, /^"devices" is not an option of recognition/],
  ])("rejects the options %j", (options, message) => {
    expect(() => recognition(options as object)).toThrow(message);
    expect(() => recognition(options as object)).toThrow(TypeError);
  });

  it("is off by default: no seen, no further read and no further cookie", async () => {
    const { login, store, created } = setUp({ keys: [KEY] });
    const browser = new Browser(FIREFOX);
    expect(await login(browser)).toBeUndefined();
    expect("seen" in (created[0] ?? {})).toBe(false);
    expect([store.calls, [...browser.jar.keys()]]).toEqual([["create"], ["__Host-sessionup"]]);
  });
});

describe("recognition by sessions", () => {
  it("recognition tells a new browser and a new network from those of the user's live sessions [asvs 8.2.4]", async () => {
    const { login, clock, store } = setUp({ recognize: recognition() });
    expect(await login(new Browser(FIREFOX))).toEqual({ sessions: 0, agent: false, network: false });
    expect(store.calls).toEqual(["fetchByUserKey", "create"]);
    expect(await login(new Browser(FIREFOX), "192.0.2.99")).toEqual({
      sessions: 1,
      agent: true,
      network: true,
    });
    expect(await login(new Browser(IPHONE), "192.0.2.1")).toEqual({
      sessions: 2,
      agent: false,
      network: true,
    });
    expect(await login(new Browser(FIREFOX), "198.51.100.1")).toEqual({
      sessions: 3,
      agent: true,
      network: false,
    });
    // Sessions of other users and ended sessions do not count.
    expect((await login(new Browser(FIREFOX), "192.0.2.1", "bob"))?.sessions).toBe(0);
    clock.advance("24h");
    expect((await login(new Browser(FIREFOX)))?.sessions).toBe(0);
  });

  it("ignores sessions that are over by this manager's options", async () => {
    const { manager, login, clock, created } = setUp({ recognize: recognition() });
    await login(new Browser(FIREFOX));
    clock.advance("10m");
    const strict = manager.with({ idleTimeout: "5m" });
    strict.events.on("created", (event) => created.push(event));
    await testSessions(strict).init(new Browser(FIREFOX).request(), "ann");
    expect(created.at(-1)?.seen).toEqual({ sessions: 0, agent: false, network: false });
  });

  it("recognizes the browser whose session the login replaces", async () => {
    const { login } = setUp({ recognize: recognition() });
    const browser = new Browser(FIREFOX);
    await login(browser);
    expect(await login(browser)).toEqual({ sessions: 1, agent: true, network: true });
  });

  it("leaves out attributes that are unknown or not kept", async () => {
    const { login } = setUp({ recognize: recognition() });
    await login(new Browser(FIREFOX));
    expect(await login(new Browser(), "unknown")).toEqual({ sessions: 1 });
    const withoutAddress = setUp({ recognize: recognition(), client: { ip: false, geo: () => "Berlin" } });
    expect(await withoutAddress.login(new Browser(FIREFOX))).toEqual({ sessions: 0, agent: false });
  });

  it("ignores sessions of a manager with another cookie name", async () => {
    const { manager, login } = setUp({ recognize: recognition() });
    const admins = testSessions(manager.with({ cookie: { name: "admin" } }));
    await admins.init(new Browser(FIREFOX).request(), "ann");
    expect((await login(new Browser(FIREFOX)))?.sessions).toBe(0);
  });

  it("fails the login and writes nothing when the store fails", async () => {
    const { login, store, manager } = setUp({ recognize: recognition() });
    store.fail("fetchByUserKey");
    await expect(login(new Browser())).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it.each(["prefix", "hash", true] as const)("compares networks with client.ip %j", async (ip) => {
    const { login } = setUp({ client: { ip }, keys: [KEY], recognize: recognition() });
    await login(new Browser(), "203.0.113.9");
    expect((await login(new Browser(), "203.0.113.1"))?.network).toBe(true);
    expect((await login(new Browser(), "203.0.114.1"))?.network).toBe(false);
  });
});

describe("recognition by device", () => {
  const options = {
    recognize: recognition({ sessions: false, device: true }),
    keys: [KEY],
  } satisfies ManagerOptions;

  it("recognizes a browser by its own cookie, for each user separately, and stores nothing", async () => {
    const { login, store, sessions } = setUp(options);
    const browser = new Browser(FIREFOX);
    expect(await login(browser)).toEqual({ device: false });
    expect(await login(browser, "198.51.100.1")).toEqual({ device: true });
    expect(await login(browser, "192.0.2.1", "bob")).toEqual({ device: false });
    expect(await login(browser, "192.0.2.1", "ann")).toEqual({ device: true });
    expect(await login(new Browser(FIREFOX))).toEqual({ device: false });
    await browser.visit(sessions.revoke);
    expect([...browser.jar.keys()]).toEqual([DEVICE]);
    expect(await login(browser)).toEqual({ device: true });
    expect(store.calls).not.toContain("fetchByUserKey");
  });

  it("the device cookie has the session cookie's attributes, lasts 400 days and is always HttpOnly [asvs 3.3.1]", async () => {
    const { sessions, clock } = setUp({ ...options, cookie: { httpOnly: false, sameSite: "lax" } });
    const request = new Browser().request();
    await sessions.init(request, "ann");
    expect(request.cookies.find(({ name }) => name === DEVICE)).toEqual({
      name: DEVICE,
      value: expect.stringMatching(/^[0-9A-Za-z]{22}\.[0-9a-f]{64}$/),
      path: "/",
      secure: true,
      httpOnly: true,
      sameSite: "lax",
      partitioned: false,
      maxAge: 400 * 86_400,
      expires: clock.now() + 400 * 86_400_000,
    });
  });

  it("remembers the last four users of a browser", async () => {
    const { login } = setUp(options);
    const browser = new Browser();
    for (const user of ["a", "b", "c", "d", "e"]) await login(browser, "192.0.2.1", user);
    expect(browser.jar.get(DEVICE)?.length).toBe(22 + 4 * 65);
    expect(await login(browser, "192.0.2.1", "b")).toEqual({ device: true });
    expect(await login(browser, "192.0.2.1", "a")).toEqual({ device: false });
  });

  it("ignores a cookie that it did not sign, and replaces a malformed one", async () => {
    const { login } = setUp(options);
    const known = new Browser();
    await login(known);
    const value = known.jar.get(DEVICE) ?? "";
    const mark = value.split(".")[1] ?? "";
    for (const forged of [
      "",
      "x",
      value.slice(0, -1),
      `${value}0`,
      `${"n".repeat(22)}.${mark}`,
      `${value.slice(0, 22)}.${"0".repeat(64)}`,
      `${value}.${mark}.${mark}.${mark}.${mark}`,
    ]) {
      const browser = new Browser();
      browser.jar.set(DEVICE, forged);
      expect(await login(browser), forged).toEqual({ device: false });
      expect(browser.jar.get(DEVICE)).not.toBe(forged);
    }
  });

  it("accepts the cookie of an old key, and signs it with the new one", async () => {
    const browser = new Browser();
    await setUp({ ...options, keys: [OLD] }).login(browser);
    expect(await setUp({ ...options, keys: [KEY, OLD] }).login(browser)).toEqual({ device: true });
    expect(await setUp({ ...options, keys: [KEY] }).login(browser)).toEqual({ device: true });
    expect(await setUp({ ...options, keys: [OLD] }).login(browser)).toEqual({ device: false });
  });

  it("sets no cookie when the login fails", async () => {
    const { sessions, store } = setUp(options);
    const request = new Browser().request();
    store.fail("create");
    await expect(sessions.init(request, "ann")).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(request.cookies).toEqual([]);
  });
});
