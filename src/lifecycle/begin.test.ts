import { describe, expect, it } from "vitest";
import { Browser, type TestRequest, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import type { ManagerOptions } from "../index.ts";
import { recognition } from "../recognition/recognition.ts";

const FIREFOX = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0" };
const IPHONE = {
  "user-agent":
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
};
const [KEY, OLD] = ["k".repeat(32), "o".repeat(32)];
const DEVICE = "__Host-sessionup-device";

function setUp(options: ManagerOptions = {}, store = new GatedStore()) {
  const harness = createHarness(options, store);
  const { manager, sessions, record } = harness;
  const created = record("created");
  const errors: Error[] = [];
  manager.events.on("error", ({ error }) => errors.push(error));
  /** Logs in from an address; what `created` says was seen. */
  async function login(browser: Browser, peer = "192.0.2.1", userKey = "ann") {
    await browser.visit((request) => {
      request.peer = peer;
      return sessions.init(request, userKey);
    });
    return created.at(-1)?.seen;
  }
  const from = (browser: Browser, peer: string) => {
    const request: TestRequest = browser.request();
    request.peer = peer;
    return sessions.authorize(request);
  };
  return { ...harness, created, errors, login, from };
}

describe("recognize", () => {
  it("says nothing, reads nothing and sets no other cookie by default", async () => {
    const { login, store, created } = setUp({ keys: [KEY] });
    const browser = new Browser(FIREFOX);
    expect(await login(browser)).toBeUndefined();
    expect("seen" in (created[0] ?? {})).toBe(false);
    expect([store.calls, [...browser.jar.keys()]]).toEqual([["create"], ["__Host-sessionup"]]);
  });

  it("tells of a browser and of a network that none of the user's live sessions has [asvs 8.2.4]", async () => {
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
    // Another user's are nothing to this one, and those that are over neither.
    expect((await login(new Browser(FIREFOX), "192.0.2.1", "bob"))?.sessions).toBe(0);
    clock.advance("24h");
    expect((await login(new Browser(FIREFOX)))?.sessions).toBe(0);
  });

  it("compares with none that is over for this manager, though it is not for the store", async () => {
    const { manager, login, clock, created } = setUp({ recognize: recognition() });
    await login(new Browser(FIREFOX));
    clock.advance("10m");
    const strict = manager.with({ idleTimeout: "5m" });
    strict.events.on("created", (event) => created.push(event));
    await testSessions(strict).init(new Browser(FIREFOX).request(), "ann");
    expect(created.at(-1)?.seen).toEqual({ sessions: 0, agent: false, network: false });
  });

  it("knows the browser whose session the login replaces", async () => {
    const { login } = setUp({ recognize: recognition() });
    const browser = new Browser(FIREFOX);
    await login(browser);
    expect(await login(browser)).toEqual({ sessions: 1, agent: true, network: true });
  });

  it("leaves out what is not known, or not kept", async () => {
    const { login } = setUp({ recognize: recognition() });
    await login(new Browser(FIREFOX));
    expect(await login(new Browser(), "nobody")).toEqual({ sessions: 1 });
    const unkept = setUp({ recognize: recognition(), client: { ip: false, geo: () => "Berlin" } });
    expect(await unkept.login(new Browser(FIREFOX))).toEqual({ sessions: 0, agent: false });
  });

  it("counts no sessions of another manager over the same store", async () => {
    const { manager, login } = setUp({ recognize: recognition() });
    const admins = testSessions(manager.with({ cookie: { name: "admin" } }));
    await admins.init(new Browser(FIREFOX).request(), "ann");
    expect((await login(new Browser(FIREFOX)))?.sessions).toBe(0);
  });

  it("fails the login where the store does not answer: nothing is written", async () => {
    const { login, store, manager } = setUp({ recognize: recognition() });
    store.fail("fetchByUserKey");
    await expect(login(new Browser())).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });
});

describe("recognize.device", () => {
  const options = {
    recognize: recognition({ sessions: false, device: true }),
    keys: [KEY],
  } satisfies ManagerOptions;

  it("knows a browser again by its own cookie, for each user by itself, and stores nothing", async () => {
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

  it("is sent as the session's cookie is, for 400 days, and to no script whatever happens [asvs 3.3.1]", async () => {
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

  it("knows the last four users of a browser", async () => {
    const { login } = setUp(options);
    const browser = new Browser();
    for (const user of ["a", "b", "c", "d", "e"]) await login(browser, "192.0.2.1", user);
    expect(browser.jar.get(DEVICE)?.length).toBe(22 + 4 * 65);
    expect(await login(browser, "192.0.2.1", "b")).toEqual({ device: true });
    expect(await login(browser, "192.0.2.1", "a")).toEqual({ device: false });
  });

  it("takes nothing that it has not signed, and begins anew with what is malformed", async () => {
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

  it("goes on with a new key as long as the old one is there, and is signed by the new one then", async () => {
    const browser = new Browser();
    await setUp({ ...options, keys: [OLD] }).login(browser);
    expect(await setUp({ ...options, keys: [KEY, OLD] }).login(browser)).toEqual({ device: true });
    expect(await setUp({ ...options, keys: [KEY] }).login(browser)).toEqual({ device: true });
    expect(await setUp({ ...options, keys: [OLD] }).login(browser)).toEqual({ device: false });
  });

  it("is not set where the login fails", async () => {
    const { sessions, store } = setUp(options);
    const request = new Browser().request();
    store.fail("create");
    await expect(sessions.init(request, "ann")).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(request.cookies).toEqual([]);
  });
});

describe("client.ip", () => {
  const modes = [
    { ip: true, shown: "203.0.113.9", six: "2001:db8::9" },
    { ip: "prefix", shown: "203.0.113.0/24", six: "2001:db8:0:0::/64" },
    { ip: "hash", shown: undefined, six: undefined },
    { ip: false, shown: undefined, six: undefined },
  ] as const;

  it.each(modes)("$ip: shows and tells $shown, and keeps no more", async ({ ip, shown, six }) => {
    const { login, manager, created, store } = setUp({ client: { ip }, keys: [KEY] });
    for (const [address, expected] of [
      ["203.0.113.9", shown],
      ["2001:db8::9", six],
    ] as const) {
      await login(new Browser(), address);
      const [session] = await manager.fetchByUserKey("ann");
      expect([session?.ip, JSON.parse(JSON.stringify(session)).ip, created.at(-1)?.ip]).toEqual([
        expected,
        expected,
        expected,
      ]);
      const kept = JSON.stringify(await store.fetchById(session?.id ?? ""));
      expect(kept.includes(address)).toBe(ip === true);
      expect(JSON.stringify([session, created.at(-1)])).not.toContain("network");
      await manager.revokeByUserKey("ann");
    }
  });

  it.each(["prefix", "hash", true] as const)(
    "%j: is enough for validate.ip, and for recognize, by networks",
    async (ip) => {
      const { login, from } = setUp({
        client: { ip },
        keys: [KEY],
        validate: { ip: true },
        recognize: recognition(),
      });
      const browser = new Browser();
      await login(browser, "203.0.113.9");
      expect(await from(browser, "203.0.113.200")).toBeUndefined();
      expect(await from(browser, "203.0.114.9")).toBe("client_changed");
      expect((await login(new Browser(), "203.0.113.1"))?.network).toBe(true);
      expect((await login(new Browser(), "203.0.114.1"))?.network).toBe(false);
      const six = new Browser();
      await login(six, "2001:db8:0:1::9");
      expect(await from(six, "2001:db8:0:1:ffff::1")).toBeUndefined();
      expect(await from(six, "2001:db8:0:2::9")).toBe("client_changed");
    },
  );

  it("can be changed while sessions live, and so can the key and the cookie's name", async () => {
    const store = new GatedStore();
    const browser = new Browser();
    await setUp({ client: { ip: "hash" }, keys: [OLD] }, store).login(browser, "203.0.113.9");
    for (const options of [
      { client: { ip: "hash" }, keys: [KEY, OLD] },
      { client: { ip: true }, keys: [OLD] },
      { client: { ip: "prefix" }, keys: [OLD] },
      { client: { ip: "hash" }, keys: [OLD], cookie: { name: "sid", previous: [{}] } },
    ] satisfies ManagerOptions[]) {
      const { from } = setUp({ ...options, validate: { ip: true } }, store);
      expect(await from(browser, "203.0.113.1"), JSON.stringify(options)).toBeUndefined();
      expect(await from(browser, "203.0.114.1"), JSON.stringify(options)).toBe("client_changed");
    }
    const whole = new Browser();
    await setUp({}, store).login(whole, "203.0.113.9");
    const { from } = setUp({ client: { ip: "hash" }, keys: [KEY], validate: { ip: true } }, store);
    expect(await from(whole, "203.0.113.1")).toBeUndefined();
    expect(await from(whole, "203.0.114.1")).toBe("client_changed");
  });

  it("hash: is nothing without the key", async () => {
    const hashes = new Set<unknown>();
    for (const keys of [[KEY], [OLD]]) {
      const { login, store, manager } = setUp({ client: { ip: "hash" }, keys });
      await login(new Browser(), "203.0.113.9");
      const [session] = await manager.fetchByUserKey("ann");
      hashes.add(
        JSON.stringify((await store.fetchById(session?.id ?? ""))?.data).match(
          /"network":"[0-9a-f]{64}"/,
        )?.[0],
      );
    }
    expect(hashes.size).toBe(2);
  });
});

describe("client.geo", () => {
  it("is asked once, at the login, for the whole address, and its answer is kept", async () => {
    const asked: string[] = [];
    const geo = async (ip: string) => {
      asked.push(ip);
      return { country: "DE", city: "Köln" };
    };
    const { login, manager, created, from } = setUp({
      client: { ip: "prefix", geo },
      validate: { ip: true },
    });
    const browser = new Browser();
    await login(browser, "203.0.113.9");
    await from(browser, "203.0.113.9");
    const [session] = await manager.fetchByUserKey("ann");
    expect(asked).toEqual(["203.0.113.9"]);
    expect([session?.geo, session?.toJSON().geo, created[0]?.geo]).toEqual(
      Array.from({ length: 3 }, () => ({ country: "DE", city: "Köln" })),
    );
  });

  it("is asked where no address is kept, and not where none is known", async () => {
    const { login, manager } = setUp({ client: { ip: false, geo: (ip) => ip.length } });
    await login(new Browser(), "203.0.113.9");
    await login(new Browser(), "nobody");
    const all = await manager.fetchByUserKey("ann");
    expect(all.map(({ ip }) => ip)).toEqual([undefined, undefined]);
    expect(new Set(all.map(({ geo }) => geo))).toEqual(new Set([11, undefined]));
    expect(all.every((session) => !("ip" in session.toJSON()))).toBe(true);
  });

  it.each<[what: string, geo: () => never | undefined]>([
    [
      "throws",
      () => {
        throw new Error("no database");
      },
    ],
    ["says too much", () => "x".repeat(1_023) as never],
    ["says what is no JSON", () => 1n as never],
    ["is rejected", () => Promise.reject(new Error("no database")) as never],
  ])("breaks no login where it %s: that is an error of the app's", async (_what, geo) => {
    const { login, manager, errors } = setUp({ client: { geo } });
    await login(new Browser());
    const [session] = await manager.fetchByUserKey("ann");
    expect([session?.ip, session?.geo]).toEqual(["192.0.2.1", undefined]);
    expect(errors.map(({ message }) => message)).toEqual(["client.geo failed"]);
  });

  it("may know nothing", async () => {
    const { login, manager, errors } = setUp({ client: { geo: () => undefined } });
    await login(new Browser());
    const [session] = await manager.fetchByUserKey("ann");
    expect(["geo" in (session?.toJSON() ?? {}), errors]).toEqual([false, []]);
  });
});
