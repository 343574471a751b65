import { describe, expect, it } from "vitest";
import { Browser, type TestRequest, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import type { ManagerOptions } from "../index.ts";
import { previousCookies } from "../previous-cookies/previous-cookies.ts";
import { clientValidation } from "./client-validation.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";
const [KEY, OLD] = ["k".repeat(32), "o".repeat(32)];

async function setUpChangedBrowser(onChange: "reject" | "end" | "report") {
  const harness = createHarness({ validate: clientValidation({ agent: true, onChange }) });
  const browser = new Browser({ "user-agent": FIREFOX });
  await harness.login(browser);
  browser.headers = { "user-agent": IPHONE };
  return { ...harness, browser };
}

function setUpAddresses(options: ManagerOptions, store = new GatedStore()) {
  const { sessions } = createHarness(options, store);
  const from = (browser: Browser, peer: string): TestRequest => Object.assign(browser.request(), { peer });
  return {
    login: async (browser: Browser, peer: string) => {
      const request = from(browser, peer);
      await sessions.init(request, "ann");
      browser.receive(request);
    },
    reason: (browser: Browser, peer: string) => sessions.authorize(from(browser, peer)),
  };
}

describe("validate", () => {
  it("is off by default", async () => {
    const { login, reason } = createHarness();
    const browser = new Browser({ "user-agent": FIREFOX });
    await login(browser);
    browser.headers = { "user-agent": IPHONE };
    expect(await reason(browser)).toBeUndefined();
  });

  it('onChange: "reject" rejects the request, and keeps session and cookie', async () => {
    const { browser, reason, events } = await setUpChangedBrowser("reject");
    expect(await reason(browser)).toBe("client_changed");
    expect(events).toContainEqual([
      "client_changed",
      expect.objectContaining({ changed: ["browser", "os"] }),
    ]);
    expect(browser.jar.size).toBe(1);
    browser.headers = { "user-agent": FIREFOX };
    expect(await reason(browser)).toBeUndefined();
  });

  it('onChange: "end" ends the session and clears the cookie', async () => {
    const { browser, reason, events } = await setUpChangedBrowser("end");
    expect(await reason(browser)).toBe("client_changed");
    expect(browser.jar.size).toBe(0);
    expect(events).toContainEqual(["ended", expect.objectContaining({ reason: "client_changed" })]);
  });

  it('onChange: "report" only emits client_changed', async () => {
    const { browser, reason, events } = await setUpChangedBrowser("report");
    expect(await reason(browser)).toBeUndefined();
    expect(events.at(-1)).toMatchObject(["client_changed", { changed: ["browser", "os"] }]);
  });

  it("ignores a new version of the same browser", async () => {
    const { login, reason } = createHarness({ validate: clientValidation({ agent: true }) });
    const browser = new Browser({ "user-agent": FIREFOX });
    await login(browser);
    browser.headers = { "user-agent": FIREFOX.replaceAll("143", "150") };
    expect(await reason(browser)).toBeUndefined();
  });

  it("ip: true compares networks, not addresses", async () => {
    const { login, sessions } = createHarness({ validate: clientValidation({ ip: true }) });
    const browser = new Browser();
    await login(browser);
    const from = (peer: string) => sessions.authorize(Object.assign(browser.request(), { peer }));
    expect(await from("192.0.2.200")).toBeUndefined();
    expect(await from("192.0.3.1")).toBe("client_changed");
  });

  it('ip: "exact" compares whole addresses', async () => {
    const { login, sessions } = createHarness({ validate: clientValidation({ ip: "exact" }) });
    const browser = new Browser();
    await login(browser);
    const from = (peer: string) => sessions.authorize(Object.assign(browser.request(), { peer }));
    expect(await from("192.0.2.1")).toBeUndefined();
    expect(await from("::ffff:192.0.2.1")).toBeUndefined();
    expect(await from("192.0.2.2")).toBe("client_changed");
  });

  it('ip: "exact" compares networks when the session has only a network', async () => {
    const { login, manager } = createHarness({ client: { ip: "prefix" } });
    const browser = new Browser();
    await login(browser);
    const sessions = testSessions(
      manager.with({ client: { ip: true }, validate: clientValidation({ ip: "exact" }) }),
    );
    const from = (peer: string) => sessions.authorize(Object.assign(browser.request(), { peer }));
    expect(await from("192.0.2.2")).toBeUndefined();
    expect(await from("192.0.3.1")).toBe("client_changed");
  });

  it.each([true, "exact"] as const)(
    "ip: %j treats an unknown address as unchanged, and reports once that it compares nothing",
    async (ip) => {
      const { login, sessions, manager } = createHarness({
        validate: clientValidation({ ip, agent: true, onChange: "end" }),
      });
      const errors: string[] = [];
      manager.events.on("error", ({ error }) => errors.push(error.message));
      const browser = new Browser({ "user-agent": FIREFOX });
      await login(browser);
      for (let round = 0; round < 3; round++) {
        const request = Object.assign(browser.request(), { peer: undefined });
        expect(await sessions.authorize(request)).toBeUndefined();
      }
      expect(errors).toEqual([expect.stringMatching(/^clientValidation\.ip compares nothing/)]);
    },
  );

  it("treats attributes that the session lacks as unchanged", async () => {
    const { login, manager } = createHarness({ client: { ip: false, agent: false } });
    const browser = new Browser({ "user-agent": FIREFOX });
    await login(browser);
    const kept = manager.with({
      client: { ip: true, agent: true },
      validate: clientValidation({ ip: true, agent: true, onChange: "end" }),
    });
    expect(await testSessions(kept).authorize(browser.request())).toBeUndefined();
  });

  it("treats a browser and a system that the request lacks as unchanged", async () => {
    const { login, reason } = createHarness({ validate: clientValidation({ agent: true, onChange: "end" }) });
    const browser = new Browser({ "user-agent": FIREFOX });
    await login(browser);
    browser.headers = {};
    expect(await reason(browser)).toBeUndefined();
    browser.headers = { "user-agent": IPHONE };
    expect(await reason(browser)).toBe("client_changed");
  });

  it("lets a rejected client log out, and log in again", async () => {
    const { browser, sessions, manager } = await setUpChangedBrowser("reject");
    await browser.visit(sessions.revoke);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    const again = await setUpChangedBrowser("reject");
    await again.login(again.browser, "bob");
    expect(await again.manager.fetchByUserKey("ann")).toEqual([]);
  });
});

describe("validate.ip", () => {
  it.each(["prefix", "hash", true] as const)("compares networks with client.ip %j", async (ip) => {
    const { login, reason } = setUpAddresses({
      client: { ip },
      keys: [KEY],
      validate: clientValidation({ ip: true }),
    });
    const four = new Browser();
    await login(four, "203.0.113.9");
    expect(await reason(four, "203.0.113.200")).toBeUndefined();
    expect(await reason(four, "203.0.114.9")).toBe("client_changed");
    const six = new Browser();
    await login(six, "2001:db8:0:1::9");
    expect(await reason(six, "2001:db8:0:1:ffff::1")).toBeUndefined();
    expect(await reason(six, "2001:db8:0:2::9")).toBe("client_changed");
  });

  it("still compares when client.ip, the key or the cookie's name changes while sessions live", async () => {
    const store = new GatedStore();
    const browser = new Browser();
    await setUpAddresses({ client: { ip: "hash" }, keys: [OLD] }, store).login(browser, "203.0.113.9");
    for (const options of [
      { client: { ip: "hash" }, keys: [KEY, OLD] },
      { client: { ip: true }, keys: [OLD] },
      { client: { ip: "prefix" }, keys: [OLD] },
      { client: { ip: "hash" }, keys: [OLD], cookie: { name: "sid", previous: previousCookies([{}]) } },
    ] satisfies ManagerOptions[]) {
      const { reason } = setUpAddresses({ ...options, validate: clientValidation({ ip: true }) }, store);
      expect(await reason(browser, "203.0.113.1"), JSON.stringify(options)).toBeUndefined();
      expect(await reason(browser, "203.0.114.1"), JSON.stringify(options)).toBe("client_changed");
    }
    const whole = new Browser();
    await setUpAddresses({}, store).login(whole, "203.0.113.9");
    const hashing = setUpAddresses(
      { client: { ip: "hash" }, keys: [KEY], validate: clientValidation({ ip: true }) },
      store,
    );
    expect(await hashing.reason(whole, "203.0.113.1")).toBeUndefined();
    expect(await hashing.reason(whole, "203.0.114.1")).toBe("client_changed");
  });
});

describe("clientValidation", () => {
  it.each([
    [{}, /^clientValidation must compare ip, agent or both\./],
    [{ ip: 1 }, /^clientValidation\.ip must be true, false or "exact"\. Received 1\./],
    [{ agent: "x" }, /^clientValidation\.agent must be true or false\./],
    [
      { ip: true, onChange: "log" },
      /^clientValidation\.onChange must be "reject", "end" or "report"\. Received "log"\./,
    ],
    [{ ips: true }, /^"ips" is not an option of clientValidation\. The options are ip, agent, onChange\./],
    [undefined, /^The options of clientValidation must be an object\. Received undefined\./],
  ])("throws for %j", (options, message) => {
    expect(() => clientValidation(options as object)).toThrow(message);
    expect(() => clientValidation(options as object)).toThrow(TypeError);
  });

  it("returns its options with their defaults, frozen", () => {
    const validator = clientValidation({ agent: true });
    expect(validator).toMatchObject({ ip: false, agent: true, onChange: "reject" });
    expect(Object.isFrozen(validator)).toBe(true);
  });
});
