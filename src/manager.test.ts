import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Browser, TestRequest, testSessions } from "../test/support/browser.ts";
import { GatedStore } from "../test/support/gated-store.ts";
import { createHarness } from "../test/support/harness.ts";
import type { SessionEvents } from "./events.ts";
import { getInternals } from "./http/sessions.ts";
import { Manager, type ManagerOptions, SessionError, type Sessions } from "./index.ts";
import { readStandings, toOpenedSession } from "./lifecycle/connections.ts";
import { getLifecycle } from "./lifecycle/lifecycle.ts";
import type { Store } from "./store.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";

function setUp(options: ManagerOptions = {}) {
  const harness = createHarness(options);
  const told: [keyof SessionEvents, unknown][] = [];
  const detail = ["reason", "changed", "error"];
  for (const name of ["created", "ended", "rotated", "rejected", "client_changed", "error"] as const) {
    harness.manager.events.on(name, (event) => {
      const key = detail.find((each) => each in event);
      told.push([name, key && Reflect.get(event, key)]);
    });
  }
  return { ...harness, told };
}

describe("Manager", () => {
  it("wants a store that has what a store has", () => {
    expect(() => new Manager(undefined as unknown as Store)).toThrow(/^store must have the method create/);
    expect(() => new Manager({} as Store)).toThrow(TypeError);
  });

  it("makes a second manager over the same store, with its own cookie and events", async () => {
    const { manager, told, login } = setUp({ idleTimeout: "1h", cookie: { path: "/app" } });
    const second = manager.with({ cookie: { name: "admin" }, idleTimeout: "5m" });
    const sessions = testSessions(second);
    const request = new TestRequest();
    await sessions.init(request, "ann");
    expect(request.cookies[0]).toMatchObject({ name: "__Secure-admin", path: "/app" });
    expect(told).toEqual([]);
    await login(new Browser());
    expect(await second.fetchByUserKey("ann")).toHaveLength(2);
    expect(() => manager.with({ idleTimeout: "soon" as "1h" })).toThrow(/^idleTimeout/);
  });

  it("gives the second the client options that it names none of", async () => {
    const { manager } = setUp({ client: { ip: "prefix" } });
    const second = manager.with({ client: { geo: () => ({ country: "NL" }) } });
    const request = new TestRequest();
    await testSessions(second).init(request, "ann");
    const [session] = await second.fetchByUserKey("ann");
    expect(session).toMatchObject({ ip: "192.0.2.0/24", geo: { country: "NL" } });
    const third = second.with({ client: { ip: false } });
    await testSessions(third).init(new TestRequest(), "bob");
    const [other] = await third.fetchByUserKey("bob");
    expect(other?.ip).toBeUndefined();
  });

  it("closes its store", async () => {
    let closed = 0;
    const store = new GatedStore();
    store.close = async () => void closed++;
    await new Manager(store).close();
    expect(closed).toBe(1);
    const { close: _, ...without } = store;
    await expect(new Manager({ ...without } as unknown as Store).close()).resolves.toBeUndefined();
  });
});

describe("lifetimes", () => {
  it("ends a browser's session after 24 hours, however much it is used", async () => {
    const { clock, login, reason, told } = setUp();
    const browser = new Browser();
    await login(browser);
    for (let hour = 1; hour < 24; hour++) {
      clock.advance("1h");
      expect(await reason(browser)).toBeUndefined();
    }
    clock.advance("1h");
    expect(await reason(browser)).toBe("expired");
    expect(told).toContainEqual(["ended", "expired"]);
    expect(browser.jar.size).toBe(0);
  });

  it("ends an unused session at the idle timeout, and keeps a used one", async () => {
    const { clock, login, reason, told } = setUp({ idleTimeout: "30m", expiresIn: "30d" });
    const [used, unused] = [new Browser(), new Browser()];
    await login(used);
    await login(unused);
    clock.advance("29m");
    expect(await reason(used)).toBeUndefined();
    clock.advance("1m");
    expect([await reason(used), await reason(unused)]).toEqual([undefined, "idle"]);
    expect(told).toContainEqual(["ended", "idle"]);
    clock.advance("30m");
    expect(await reason(used)).toBe("idle");
  });

  it("shows in lists what is alive only", async () => {
    const { clock, login, manager } = setUp({ idleTimeout: "30m" });
    await login(new Browser());
    clock.advance("10m");
    await login(new Browser());
    clock.advance("20m");
    expect(await manager.fetchByUserKey("ann")).toHaveLength(1);
    expect(await manager.with({ idleTimeout: "20m" }).fetchByUserKey("ann")).toHaveLength(0);
  });

  it("writes activity at most once a minute", async () => {
    const { clock, login, reason, store, sessions } = setUp();
    const browser = new Browser();
    await login(browser);
    store.calls.length = 0;
    for (let second = 0; second < 125; second += 5) {
      clock.advance("5s");
      await reason(browser);
    }
    expect(store.calls.filter((call) => call === "update")).toHaveLength(2);
    const session = await browser.visit(sessions.get);
    expect(session?.lastSeenAt.getTime()).toBe(clock.now() - 5_000);
  });

  it("shows the request its own activity", async () => {
    const { clock, login, sessions } = setUp({ idleTimeout: "30m" });
    const browser = new Browser();
    await login(browser);
    clock.advance("2m");
    const session = await browser.visit(sessions.get);
    expect(session?.lastSeenAt.getTime()).toBe(clock.now());
    expect(session?.expiresAt.getTime()).toBe(clock.now() + 30 * 60_000);
  });
});

describe("activity against the end of a session", () => {
  it("never revives one that ends between the read and the write", async () => {
    const { clock, login, store, sessions, manager } = setUp();
    const browser = new Browser();
    await login(browser);
    clock.advance("2m");
    const gate = store.hold("update");
    const request = browser.request();
    const late = sessions.authorize(request);
    await gate.arrived;
    await manager.revokeByUserKey("ann");
    gate.open();
    expect(await late).toBe("revoked");
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    expect(request.cookies[0]?.maxAge).toBe(0);
  });

  it("is lost without harm where somebody else has changed the session", async () => {
    const { clock, login, store, sessions, told } = setUp();
    const browser = new Browser();
    const { id } = await login(browser);
    const born = clock.now();
    clock.advance("2m");
    const gate = store.hold("update");
    const late = browser.visit((request) => sessions.authorize(request));
    await gate.arrived;
    const record = await store.fetchById(id);
    if (record) await store.update(id, { data: record.data }, { now: clock.now() });
    gate.open();
    expect(await late).toBeUndefined();
    expect(told.filter(([name]) => name === "error")).toEqual([]);
    expect(await store.fetchById(id)).toMatchObject({ revision: 1, lastSeenAt: born });
  });

  it("is lost without harm where the store fails, and that is told", async () => {
    const { clock, login, store, reason, told } = setUp();
    const browser = new Browser();
    await login(browser);
    clock.advance("2m");
    store.fail("update");
    expect(await reason(browser)).toBeUndefined();
    expect(told.at(-1)).toEqual([
      "error",
      expect.objectContaining({ code: "ERR_STORE", cause: Error("connection reset") }),
    ]);
  });
});

describe("rotate", () => {
  it("serves the old secret for 30 seconds, and gives it no new cookie", async () => {
    const { clock, login, sessions, told } = setUp();
    const browser = new Browser();
    await login(browser);
    const slow = browser.request();
    await browser.visit(sessions.rotate);
    await sessions.rotate(slow);
    expect(slow.cookies).toEqual([]);
    clock.advance("29s");
    const late = new TestRequest(slow.headers);
    expect(await sessions.authorize(late)).toBeUndefined();
    expect(told.filter(([name]) => name === "rotated")).toHaveLength(1);
  });

  it("ends the session when an old secret comes back later: somebody copied the cookie", async () => {
    const { clock, login, sessions, reason, told } = setUp();
    const [browser, thief] = [new Browser(), new Browser()];
    await login(browser);
    thief.jar.set(...([...browser.jar][0] as [string, string]));
    await browser.visit(sessions.rotate);
    clock.advance("30s");
    expect(await reason(thief)).toBe("reused");
    expect(thief.jar.size).toBe(0);
    expect(await reason(browser)).toBe("unknown");
    expect(told).toContainEqual(["ended", "reused"]);
  });

  it("ends nothing for a secret that was never one", async () => {
    const { login, reason } = setUp();
    const [browser, guesser] = [new Browser(), new Browser()];
    await login(browser);
    const [[name = "", value = ""] = []] = [...browser.jar];
    guesser.jar.set(name, `${value.split(".")[0]}.${"x".repeat(65)}`);
    expect(await reason(guesser)).toBe("unknown");
    expect(guesser.jar.size).toBe(1);
    expect(await reason(browser)).toBeUndefined();
  });

  it("ends nothing when the current secret comes with an old one, left over from another path", async () => {
    const { clock, login, sessions } = setUp({ cookie: { path: "/app" } });
    const browser = new Browser();
    await login(browser);
    const old = browser.request().headers.cookie;
    await browser.visit(sessions.rotate);
    clock.advance("1m");
    const request = new TestRequest({ cookie: `${old}; ${browser.request().headers.cookie}` });
    expect(await sessions.authorize(request)).toBeUndefined();
  });

  it("leaves one new secret of two rotations at the same time, and logs nobody out", async () => {
    const { login, sessions, store, reason } = setUp();
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

  it("never revives a session that ends meanwhile", async () => {
    const { login, sessions, store, manager } = setUp();
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

  it("never lets the old secret see a later authentication", async () => {
    const { clock, login, sessions } = setUp();
    const browser = new Browser();
    await login(browser);
    const [before, slow] = [clock.now(), browser.request()];
    clock.advance("10s");
    await browser.visit(sessions.reauthenticate);
    expect((await sessions.get(slow))?.authenticatedAt.getTime()).toBe(before);
    // The password typed into the slow tab counts for whoever gets the secret that this tab is sent.
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

  it("lets a proof be given again when the answer to the first was lost", async () => {
    const { clock, login, sessions, reason } = setUp();
    const browser = new Browser();
    await login(browser);
    await sessions.reauthenticate(browser.request());
    clock.advance("20s");
    await browser.visit(sessions.reauthenticate);
    clock.advance("1h");
    expect(await reason(browser)).toBeUndefined();
    expect((await sessions.get(browser.request()))?.authenticatedAt.getTime()).toBe(clock.now() - 3_600_000);
  });

  it("gives an old secret no new one, though another that came with it has proved who it is", async () => {
    const { login, sessions } = setUp();
    const browser = new Browser();
    await login(browser);
    const [proving, slow] = [browser.request(), browser.request()];
    await browser.visit(sessions.rotate);
    await sessions.reauthenticate(proving);
    expect(proving.cookies).toHaveLength(1);
    await sessions.rotate(slow);
    expect(slow.cookies).toEqual([]);
  });

  it("is told with the session, the user and the time", async () => {
    const { clock, login, manager, sessions } = setUp();
    const rotated: SessionEvents["rotated"][] = [];
    manager.events.on("rotated", (event) => rotated.push(event));
    const browser = new Browser();
    const { id } = await login(browser);
    clock.advance("1s");
    await browser.visit(sessions.rotate);
    await browser.visit(sessions.reauthenticate);
    expect(rotated).toEqual([
      { id, userKey: "ann", at: clock.now(), by: "rotate" },
      { id, userKey: "ann", at: clock.now(), by: "reauthenticate" },
    ]);
  });

  it("can be done twice in one request", async () => {
    const { login, sessions, reason } = setUp();
    const browser = new Browser();
    await login(browser);
    await browser.visit(async (request) => {
      await sessions.rotate(request);
      await sessions.rotate(request);
    });
    expect(await reason(browser)).toBeUndefined();
  });
});

describe("a page of another origin", () => {
  const HOST = { host: "app.example", origin: "https://app.example" };
  const refused = async (headers: Record<string, string>, host?: () => string) => {
    const { manager, told } = setUp();
    const request = Object.assign(new TestRequest(headers), host && { host });
    const error = await testSessions(manager).guards.public()(request);
    return [error?.message, told];
  };
  const MESSAGE = "A page of another origin sent this request.";
  const REFUSED = [MESSAGE, [["rejected", "cross_origin"]]];

  it("is known by what the browser says of the site", async () => {
    expect(await refused({ ...HOST, "sec-fetch-site": "same-origin" })).toEqual([undefined, []]);
    expect(await refused({ ...HOST, "sec-fetch-site": "same-site" })).toEqual(REFUSED);
    expect(await refused({ "sec-fetch-site": "cross-site" })).toEqual(REFUSED);
  });

  it("is known by its host, where the browser says nothing of the site", async () => {
    expect(await refused(HOST)).toEqual([undefined, []]);
    expect(await refused({ ...HOST, host: "other.example" })).toEqual(REFUSED);
  });

  it("is compared with the host that the adapter names, where it names one", async () => {
    expect(await refused({ ...HOST, host: "inner" }, () => "app.example")).toEqual([undefined, []]);
    expect(await refused(HOST, () => "inner")).toEqual(REFUSED);
  });
});

describe("several cookies of our name", () => {
  const two = (a: Browser, b: Browser) =>
    new TestRequest({ cookie: `${a.request().headers.cookie}; ${b.request().headers.cookie}` });

  it("are looked up in one call", async () => {
    const { login, sessions, store } = setUp();
    const [one, other] = [new Browser(), new Browser()];
    await login(one);
    await login(other);
    store.calls.length = 0;
    expect((await sessions.get(two(one, other)))?.userKey).toBe("ann");
    expect(store.calls).toEqual(["fetchByIds"]);
  });

  it("are refused where two users' sessions are valid: one was planted", async () => {
    const { login, sessions } = setUp();
    const [ann, mallory] = [new Browser(), new Browser()];
    await login(ann, "ann");
    await login(mallory, "mallory");
    expect(await sessions.authorize(two(ann, mallory))).toBe("malformed");
    expect(await sessions.authorize(two(mallory, ann))).toBe("malformed");
  });

  it("find the valid one beside an unknown one, whichever comes first", async () => {
    const { login, sessions } = setUp();
    const [ann, planted] = [new Browser(), new Browser()];
    await login(ann);
    planted.jar.set("__Host-sessionup", `${"a".repeat(22)}.${"b".repeat(65)}`);
    for (const request of [two(ann, planted), two(planted, ann)]) {
      expect(await sessions.authorize(request)).toBeUndefined();
      expect(request.cookies).toEqual([]);
    }
  });

  it("clear the cookie only where the end of all of them is proven", async () => {
    const { clock, login, sessions } = setUp();
    const [dead, dead2, dead3, unknown] = [new Browser(), new Browser(), new Browser(), new Browser()];
    for (const each of [dead, dead2, dead3]) await login(each);
    unknown.jar.set("__Host-sessionup", `${"a".repeat(22)}.${"b".repeat(65)}`);
    clock.advance("24h");
    const [mixed, proven] = [two(dead, unknown), two(dead2, dead3)];
    expect([await sessions.authorize(mixed), await sessions.authorize(proven)]).toEqual([
      "expired",
      "expired",
    ]);
    expect([mixed.cookies.length, proven.cookies.length]).toEqual([0, 1]);
  });

  it("are two at most with a __Host- name, four else", async () => {
    for (const [path, most] of [
      ["/", 2],
      ["/app", 4],
    ] as const) {
      const { login, sessions } = setUp({ cookie: { path } });
      const browser = new Browser();
      await login(browser);
      const [[name = "", value = ""] = []] = [...browser.jar];
      const behind = (planted: number) => {
        const junk = Array.from(
          { length: planted },
          (_, index) => `${name}=${String(index).repeat(22)}.${"b".repeat(65)}`,
        );
        return new TestRequest({ cookie: [...junk, `${name}=${value}`].join("; ") });
      };
      expect(await sessions.authorize(behind(most - 1))).toBeUndefined();
      expect(await sessions.authorize(behind(most))).toBe("unknown");
    }
  });
});

describe("validate", () => {
  const changedBrowser = async (onChange: "refuse" | "end" | "report", what: "ip" | "agent" = "agent") => {
    const set = setUp({ validate: { [what]: true, onChange } });
    const browser = new Browser({ "user-agent": FIREFOX });
    await set.login(browser);
    browser.headers = { "user-agent": IPHONE };
    return { ...set, browser };
  };

  it("is off unless asked for", async () => {
    const { login, reason } = setUp();
    const browser = new Browser({ "user-agent": FIREFOX });
    await login(browser);
    browser.headers = { "user-agent": IPHONE };
    expect(await reason(browser)).toBeUndefined();
  });

  it("refuses, and keeps the session and the cookie", async () => {
    const { browser, reason, told } = await changedBrowser("refuse");
    expect(await reason(browser)).toBe("client_changed");
    expect(told).toContainEqual(["client_changed", ["browser", "os"]]);
    expect(browser.jar.size).toBe(1);
    browser.headers = { "user-agent": FIREFOX };
    expect(await reason(browser)).toBeUndefined();
  });

  it("ends the session where that is the action", async () => {
    const { browser, reason, told } = await changedBrowser("end");
    expect(await reason(browser)).toBe("client_changed");
    expect(browser.jar.size).toBe(0);
    expect(told).toContainEqual(["ended", "client_changed"]);
  });

  it("only tells where that is the action", async () => {
    const { browser, reason, told } = await changedBrowser("report");
    expect(await reason(browser)).toBeUndefined();
    expect(told.at(-1)).toEqual(["client_changed", ["browser", "os"]]);
  });

  it("does not mind a new version of the same browser", async () => {
    const { login, reason } = setUp({ validate: { agent: true } });
    const browser = new Browser({ "user-agent": FIREFOX });
    await login(browser);
    browser.headers = { "user-agent": FIREFOX.replaceAll("143", "150") };
    expect(await reason(browser)).toBeUndefined();
  });

  it("compares networks, not addresses", async () => {
    const { login, sessions } = setUp({ validate: { ip: true } });
    const browser = new Browser();
    await login(browser);
    const from = (peer: string | undefined) => {
      const request = browser.request();
      request.peer = peer;
      return sessions.authorize(request);
    };
    expect(await from("192.0.2.200")).toBeUndefined();
    expect(await from("192.0.3.1")).toBe("client_changed");
  });

  it('compares whole addresses with ip: "exact"', async () => {
    const { login, sessions } = setUp({ validate: { ip: "exact" } });
    const browser = new Browser();
    await login(browser);
    const from = (peer: string) => sessions.authorize(Object.assign(browser.request(), { peer }));
    expect(await from("192.0.2.1")).toBeUndefined();
    expect(await from("::ffff:192.0.2.1")).toBeUndefined();
    expect(await from("192.0.2.2")).toBe("client_changed");
  });

  it('compares networks with ip: "exact" where the session began while only networks were kept', async () => {
    const { login, manager } = setUp({ client: { ip: "prefix" } });
    const browser = new Browser();
    await login(browser);
    const sessions = testSessions(manager.with({ client: { ip: true }, validate: { ip: "exact" } }));
    const from = (peer: string) => sessions.authorize(Object.assign(browser.request(), { peer }));
    expect(await from("192.0.2.2")).toBeUndefined();
    expect(await from("192.0.3.1")).toBe("client_changed");
  });

  it.each([true, "exact"] as const)(
    "takes an address that the request lacks for unchanged, and reports once that ip: %j compares nothing",
    async (ip) => {
      const { login, sessions, manager } = setUp({ validate: { ip, agent: true, onChange: "end" } });
      const errors: string[] = [];
      manager.events.on("error", ({ error }) => errors.push(error.message));
      const browser = new Browser({ "user-agent": FIREFOX });
      await login(browser);
      for (let round = 0; round < 3; round++) {
        const request = Object.assign(browser.request(), { peer: undefined });
        expect(await sessions.authorize(request)).toBeUndefined();
      }
      expect(errors).toEqual([expect.stringMatching(/^validate\.ip compares nothing/)]);
    },
  );

  it("takes attributes for unchanged that the session was not created with", async () => {
    const { login, manager } = setUp({ client: { ip: false, agent: false } });
    const browser = new Browser({ "user-agent": FIREFOX });
    await login(browser);
    const kept = manager.with({
      client: { ip: true, agent: true },
      validate: { ip: true, agent: true, onChange: "end" },
    });
    expect(await testSessions(kept).authorize(browser.request())).toBeUndefined();
  });

  it("takes a browser and a system for unchanged that the request does not name", async () => {
    const { login, reason } = setUp({ validate: { agent: true, onChange: "end" } });
    const browser = new Browser({ "user-agent": FIREFOX });
    await login(browser);
    browser.headers = {};
    expect(await reason(browser)).toBeUndefined();
    browser.headers = { "user-agent": IPHONE };
    expect(await reason(browser)).toBe("client_changed");
  });

  it("lets a refused client log out all the same, and log in anew", async () => {
    const { browser, sessions, manager } = await changedBrowser("refuse");
    await browser.visit(sessions.revoke);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    const again = await changedBrowser("refuse");
    await again.login(again.browser, "bob");
    expect(await again.manager.fetchByUserKey("ann")).toEqual([]);
  });
});

describe("metadata that no longer parses", () => {
  const rename = async () => {
    const store = new GatedStore();
    const old = new Manager(store, { meta: z.object({ theme: z.string() }) });
    const browser = new Browser();
    await browser.visit((request) => testSessions(old).init(request, "ann", { meta: { theme: "dark" } }));
    const manager = old.with({ meta: z.object({ mode: z.string() }) });
    return { old, manager, sessions: testSessions(manager), browser };
  };

  it("refuses the session and keeps it", async () => {
    const { old, sessions, browser } = await rename();
    expect(await browser.visit((request) => sessions.authorize(request))).toBe("meta_invalid");
    expect(browser.jar.size).toBe(1);
    expect((await browser.visit(testSessions(old).get))?.meta).toEqual({ theme: "dark" });
  });

  it("still lists it, so that it can be seen and ended", async () => {
    const { manager } = await rename();
    const [session] = await manager.fetchByUserKey("ann");
    expect(session?.toJSON()).not.toHaveProperty("meta");
    expect(() => session?.meta).toThrow(expect.objectContaining({ code: "ERR_META_INVALID" }));
    expect(await manager.revokeById(session?.id ?? "")).toBe(true);
  });

  it("is changed by no update that finds it so", async () => {
    const browser = new Browser();
    const store = new GatedStore();
    const wide = new Manager(store, { meta: z.object({ theme: z.string() }) });
    const narrow = testSessions(wide.with({ meta: z.object({ theme: z.literal("dark") }) }));
    const { id } = await browser.visit((request) =>
      testSessions(wide).init(request, "ann", { meta: { theme: "dark" } }),
    );
    const gate = store.hold("update");
    const seen: unknown[] = [];
    const late = browser.visit((request) =>
      narrow.updateMeta(request, (meta) => {
        seen.push(meta);
        return { theme: "dark" };
      }),
    );
    await gate.arrived;
    await browser.visit((request) => testSessions(wide).updateMeta(request, () => ({ theme: "light" })));
    gate.open();
    await expect(late).rejects.toMatchObject({ code: "ERR_META_INVALID" });
    expect(seen).toEqual([{ theme: "dark" }]);
    expect((await store.fetchById(id))?.data).toMatchObject({ meta: { theme: "light" } });
  });

  it("shows none where the manager asks for none, and keeps what is there through a rotation", async () => {
    const { old, browser } = await rename();
    const plain = testSessions(old.with({ meta: undefined } as never) as unknown as Manager);
    expect((await browser.visit(plain.get))?.meta).toBeUndefined();
    await browser.visit(plain.rotate);
    expect((await browser.visit(testSessions(old).get))?.meta).toEqual({ theme: "dark" });
  });
});

describe("a record of a later release", () => {
  it("is refused as unknown, kept, and left out of lists", async () => {
    const { login, sessions, store, manager } = setUp();
    const browser = new Browser();
    const { id } = await login(browser);
    await store.update(id, { data: { v: 2, anything: "else" } }, { now: 0 });
    expect(await browser.visit((request) => sessions.authorize(request))).toBe("unknown");
    expect([browser.jar.size, (await manager.fetchByUserKey("ann")).length]).toEqual([1, 0]);
    expect(await store.fetchById(id)).toBeDefined();
  });
});

describe("a tombstone", () => {
  it("is a session that was revoked, and its cookie is cleared", async () => {
    const { clock, login, sessions, store } = setUp();
    const browser = new Browser();
    const { id } = await login(browser);
    await store.deleteById(id, {
      reason: "revoked",
      now: clock.now(),
      tombstones: { keepFor: 60_000, max: 9 },
    });
    expect(await browser.visit((request) => sessions.authorize(request))).toBe("revoked");
    expect(browser.jar.size).toBe(0);
  });
});

describe("events", () => {
  it("tell each transition once, with ids and user keys and no secret", async () => {
    const { manager, sessions, told, login, reason } = setUp();
    const seen: unknown[] = [];
    for (const name of ["created", "ended", "rotated", "rejected"] as const)
      manager.events.on(name, (event) => seen.push(event));
    const browser = new Browser({ "user-agent": FIREFOX });
    const { id } = await login(browser);
    await browser.visit(sessions.rotate);
    await reason(new Browser());
    await login(browser);
    await browser.visit(sessions.revoke);
    expect(told.map(([name, what]) => `${name} ${what ?? ""}`.trim())).toEqual([
      "created",
      "rotated",
      "rejected no_cookie",
      "ended logout",
      "created",
      "ended logout",
    ]);
    expect(seen[0]).toMatchObject({ id, userKey: "ann", ip: "192.0.2.1" });
    expect(JSON.stringify(seen)).not.toMatch(/[0-9A-Za-z_-]{40,}/);
  });
});

function toOpened(manager: Manager, sessions: Sessions<TestRequest>, request: TestRequest) {
  return toOpenedSession(
    getLifecycle(manager),
    getInternals<TestRequest, undefined, undefined>(sessions).requireLive(request, "toOpened"),
  );
}

describe("opened", () => {
  async function setUpOpened(options: ManagerOptions = {}) {
    const set = setUp({ rotateEvery: "1m", expiresIn: "1h", ...options });
    const verbs = set.sessions;
    const browser = new Browser();
    const { id } = await set.login(browser);
    const look = async (request: TestRequest) => {
      await verbs.get(request);
      return toOpened(set.manager, verbs, request);
    };
    return { ...set, verbs, browser, id, look, deadline: set.clock.now() + 3_600_000 };
  }

  it("ends with the session for the current secret, and for one that was issued", async () => {
    const { clock, sessions, browser, id, look, deadline } = await setUpOpened();
    const plain = { id, turns: 0, endsAt: deadline, retires: false };
    expect(await look(browser.request())).toEqual(plain);
    clock.advance("1m");
    await browser.visit(sessions.authorize);
    expect(await look(browser.request())).toEqual(plain);
  });

  it("ends with the grace of a secret that was replaced, unless the session ends before or then", async () => {
    const { clock, verbs, browser, id, look, deadline } = await setUpOpened();
    const old = browser.request();
    await browser.visit(verbs.rotate);
    const copy = () => new TestRequest(old.headers);
    const until = clock.now() + 30_000;
    expect(await look(copy())).toEqual({ id, turns: 1, endsAt: until, retires: true });
    clock.set(deadline - 30_001);
    const late = browser.request();
    await browser.visit(verbs.rotate);
    expect(await look(new TestRequest(late.headers))).toMatchObject({ endsAt: deadline - 1, retires: true });
    clock.set(deadline - 30_000);
    const last = browser.request();
    await browser.visit(verbs.rotate);
    expect(await look(new TestRequest(last.headers))).toMatchObject({ endsAt: deadline, retires: false });
  });

  it("ends with a limit that is shorter than when the session began", async () => {
    const { manager, browser, look, deadline } = await setUpOpened({ expiresIn: "20h" });
    const strict = manager.with({ nist: "aal3", expiresIn: "1h" });
    const sessions = testSessions(strict);
    const request = browser.request();
    await sessions.get(request);
    expect(toOpened(strict, sessions, request).endsAt).toBe(deadline + 11 * 3_600_000);
    expect((await look(browser.request())).endsAt).toBe(deadline + 19 * 3_600_000);
  });
});

describe("a page over plain http of the app's own host", () => {
  it.each([
    [true, "ERR_CROSS_ORIGIN"],
    [false, undefined],
    [undefined, undefined],
  ])("where the adapter says %s about https, is answered with %s", async (isHttps, code) => {
    const { sessions } = setUp();
    const request = new TestRequest({ host: "app.example.com", origin: "http://app.example.com" });
    const answer = sessions.get(Object.assign(request, isHttps !== undefined && { isHttps: () => isHttps }));
    if (code) await expect(answer).rejects.toMatchObject({ code });
    else expect(await answer).toBeUndefined();
  });
});

describe("standings", () => {
  it("names the sessions that are over, and why, and asks once for a thousand", async () => {
    const { clock, store, manager, sessions, told, login } = setUp({ idleTimeout: "30m" });
    const [gone, idle, used] = [new Browser(), new Browser(), new Browser()];
    const { id: goneId } = await login(gone);
    const { id: idleId } = await login(idle);
    const { id: usedId } = await login(used);
    await manager.revokeById(goneId);
    clock.advance("20m");
    await used.visit((request) => sessions.authorize(request));
    clock.advance("20m");
    const before = [...told];
    store.calls.length = 0;
    const many = Array.from({ length: 1_000 }, () => usedId);
    const { fetchByIds } = store;
    const asked: number[] = [];
    store.fetchByIds = (ids) => {
      asked.push(ids.length);
      return fetchByIds(ids);
    };
    expect([...(await readStandings(getLifecycle(manager), [goneId, idleId, ...many]))]).toEqual([
      [goneId, { over: "unknown" }],
      [idleId, { over: "idle" }],
      [usedId, { turns: 0 }],
    ]);
    expect(asked).toEqual([1_000, 2]);
    expect(told).toEqual(before);
    clock.advance("24h");
    expect([...(await readStandings(getLifecycle(manager), [usedId]))]).toEqual([
      [usedId, { over: "expired" }],
    ]);
    store.calls.length = 0;
    expect([...(await readStandings(getLifecycle(manager), []))]).toEqual([]);
    expect(store.calls).toEqual([]);
  });

  it("knows nothing of a record that a later release wrote", async () => {
    const { store, manager, login } = setUp();
    const { id } = await login(new Browser());
    const { fetchByIds } = store;
    store.fetchByIds = async (ids) =>
      (await fetchByIds(ids)).map((record) => record && { ...record, data: { v: 2 } });
    expect([...(await readStandings(getLifecycle(manager), [id]))]).toEqual([[id, { over: "unknown" }]]);
  });

  it("counts explicit rotations", async () => {
    const { manager, sessions, login } = setUp({ rotateEvery: "1m" });
    const browser = new Browser();
    const { id } = await login(browser);
    await browser.visit(sessions.rotate);
    await browser.visit(sessions.reauthenticate);
    expect([...(await readStandings(getLifecycle(manager), [id]))]).toEqual([[id, { turns: 2 }]]);
  });

  it("knows the reason of a tombstone", async () => {
    const { clock, store, manager, login } = setUp();
    const { id } = await login(new Browser());
    await store.deleteById(id, {
      reason: "evicted",
      now: clock.now(),
      tombstones: { keepFor: 60_000, max: 9 },
    });
    expect([...(await readStandings(getLifecycle(manager), [id]))]).toEqual([[id, { over: "evicted" }]]);
  });

  it("throws when the store does not answer, and that is told", async () => {
    const { store, manager, told, login } = setUp();
    const { id } = await login(new Browser());
    store.fail("fetchByIds");
    await expect(readStandings(getLifecycle(manager), [id])).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(told.map(([name]) => name)).toEqual(["created", "error"]);
  });
});

describe("a mistake in a function of the app's", () => {
  it("is not shown as an outage of the store", async () => {
    const trustProxy = () => {
      throw new RangeError("the app's own");
    };
    const { login, sessions } = setUp({ validate: { ip: true }, trustProxy });
    const request = new TestRequest({ "x-forwarded-for": "203.0.113.9" });
    await expect(sessions.init(request, "ann")).rejects.toThrow(RangeError);
    const browser = new Browser();
    await login(browser);
    browser.headers = { "x-forwarded-for": "203.0.113.9" };
    await expect(sessions.authorize(browser.request())).rejects.toThrow(RangeError);
    expect(SessionError.is(new RangeError())).toBe(false);
  });
});
