import { type CookieOptions, Manager, type ManagerOptions, type SetCookie } from "sessionup";
import { previousCookies } from "sessionup/previous-cookies";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../support/browser.ts";
import { GatedStore } from "../support/gated-store.ts";

/** Returns the attributes that identify a cookie in a browser: RFC 6265 section 5.3, and CHIPS. */
function identify({ name, domain = "", path, partitioned }: Omit<SetCookie, "value">): string {
  return [name, domain, path, partitioned].join(";");
}

/** A browser on a page to which all of its cookies apply. */
class Jar extends Browser {
  readonly cookies = new Map<string, SetCookie>();

  override request(): TestRequest {
    const cookie = [...this.cookies.values()].map(({ name, value }) => `${name}=${value}`).join("; ");
    return new TestRequest(cookie ? { cookie } : {});
  }

  override receive({ cookies }: TestRequest): void {
    for (const cookie of cookies) {
      if (cookie.maxAge === 0) this.cookies.delete(identify(cookie));
      else this.cookies.set(identify(cookie), cookie);
    }
  }

  get names(): string[] {
    return [...this.cookies.values()].map(({ name }) => name).sort();
  }

  get only(): SetCookie {
    expect(this.cookies.size).toBe(1);
    return [...this.cookies.values()][0] as SetCookie;
  }
}

function setUp(before: CookieOptions, now: CookieOptions = {}, options: ManagerOptions = {}) {
  const clock = new TestClock();
  const store = new GatedStore();
  const all = { clock: clock.now, ...options };
  const old = testSessions(new Manager(store, { ...all, cookie: before }));
  const manager = new Manager(store, { ...all, cookie: { ...now, previous: previousCookies([before]) } });
  const sessions = testSessions(manager);
  const login = (jar: Jar, through = old, userKey = "ann") =>
    jar.visit((request) => through.init(request, userKey));
  return { clock, store, old, manager, sessions, login };
}

const MOVES: [string, CookieOptions, CookieOptions][] = [
  ["another name", { name: "sid" }, {}],
  ["no prefix", { secure: false }, {}],
  ["a domain", { domain: "example.com" }, {}],
  ["a path", { path: "/app" }, {}],
  ["another path under one name", { path: "/app" }, { path: "/app2" }],
  ["another domain under one name", { domain: "example.com" }, { domain: "www.example.com" }],
  ["no partition", {}, { partitioned: true }],
  ["a partition", { partitioned: true, name: "sid" }, { name: "sid" }],
];

describe("cookie.previous", () => {
  it.each(MOVES)(
    "a session moves from %s to the current cookie and leaves one cookie",
    async (_, before, now) => {
      const { login, sessions, clock, store } = setUp(before, now, { expiresIn: "30d" });
      const jar = new Jar();
      const { id } = await login(jar);
      const old = jar.only;
      clock.advance("1s");
      const request = jar.request();
      expect((await sessions.get(request))?.id).toBe(id);
      jar.receive(request);
      // The old cookie is cleared with its own attributes, before the new one is set.
      const [cleared, set] = request.cookies;
      const { value, maxAge, expires, ...attributes } = old;
      expect(cleared).toEqual({ ...attributes, value: "", maxAge: 0, expires: 0 });
      expect(set).toMatchObject({ value, expires, maxAge: 30 * 86_400 - 1 });
      expect(request.responseHeaders.get("cache-control")).toBe("no-store");
      expect(identify(jar.only)).not.toBe(identify(old));
      // Later requests need no further cookie and no further store call.
      store.calls.length = 0;
      const next = jar.request();
      expect((await sessions.get(next))?.id).toBe(id);
      expect([next.cookies, store.calls]).toEqual([[], ["fetchById"]]);
    },
  );

  it.each(MOVES)(
    "a session that has moved from %s continues when cookie.previous is removed",
    async (_, before, now) => {
      const { login, sessions, store, clock } = setUp(before, now);
      const jar = new Jar();
      const { id } = await login(jar);
      await jar.visit(sessions.get);
      const later = testSessions(new Manager(store, { clock: clock.now, cookie: now }));
      expect((await jar.visit(later.get))?.id).toBe(id);
    },
  );

  it("without cookie.previous, a token is accepted only under the name of its own cookie", async () => {
    const { login, store, clock } = setUp({ name: "sid" });
    const jar = new Jar();
    await login(jar);
    const value = jar.only.value;
    const strangers = testSessions(new Manager(store, { clock: clock.now }));
    expect(await strangers.authorize(jar.request())).toBe("no_cookie");
    expect(await strangers.authorize(new TestRequest({ cookie: `__Host-sessionup=${value}` }))).toBe(
      "unknown",
    );
  });

  it("a previous cookie planted by a sibling domain does not override the current cookie", async () => {
    const { login, sessions, old, manager } = setUp({ domain: "example.com" });
    const [jar, mallory] = [new Jar(), new Jar()];
    const { id } = await login(jar, sessions);
    await login(mallory, old, "mallory");
    for (const [key, cookie] of mallory.cookies) jar.cookies.set(key, cookie);
    for (const order of [1, -1]) {
      const pairs = [...jar.cookies.values()].map(({ name, value }) => `${name}=${value}`);
      const request = new TestRequest({ cookie: (order > 0 ? pairs : pairs.reverse()).join("; ") });
      expect((await sessions.get(request))?.id).toBe(id);
      // The planted session has not ended, so its cookie is not cleared.
      expect(request.cookies).toEqual([]);
    }
    // A logout ends this user's sessions and clears all cookies. The session of the other user continues.
    await jar.visit(sessions.revoke);
    expect(jar.names).toEqual([]);
    expect(await manager.fetchByUserKey("mallory")).toHaveLength(1);
  });

  it("a planted previous cookie does not replace a current session that has just ended", async () => {
    const { login, sessions, old, clock } = setUp({ domain: "example.com" }, {}, { idleTimeout: "10m" });
    const [jar, mallory] = [new Jar(), new Jar()];
    await login(jar, sessions);
    clock.advance("9m");
    await login(mallory, old, "mallory");
    clock.advance("5m");
    for (const [key, cookie] of mallory.cookies) jar.cookies.set(key, cookie);
    const request = jar.request();
    expect(await sessions.authorize(request)).toBe("idle");
    expect(request.cookies.map(({ name, maxAge }) => [name, maxAge])).toEqual([["__Host-sessionup", 0]]);
  });

  it("previous cookies of two users are rejected as malformed", async () => {
    const { login, sessions, old } = setUp({ name: "sid", domain: "example.com" });
    const [ann, bob] = [new Jar(), new Jar()];
    await login(ann, old);
    await login(bob, old, "bob");
    const cookie = [ann, bob].map((jar) => `${jar.only.name}=${jar.only.value}`).join("; ");
    const request = new TestRequest({ cookie });
    expect(await sessions.authorize(request)).toBe("malformed");
    expect(request.cookies).toEqual([]);
  });

  it("a session moves only with a response that can set cookies", async () => {
    const { login, sessions } = setUp({ name: "sid" });
    const jar = new Jar();
    const { id } = await login(jar);
    const late = jar.request();
    late.sent = true;
    expect((await sessions.get(late))?.id).toBe(id);
    expect(late.cookies).toEqual([]);
    await jar.visit(sessions.get);
    expect(jar.names).toEqual(["__Host-sessionup"]);
  });

  it("a session moves later when the store fails or a concurrent request moves it first", async () => {
    const { login, sessions, store } = setUp({ name: "sid" });
    const jar = new Jar();
    const { id } = await login(jar);
    store.fail("update");
    expect((await jar.visit(sessions.get))?.id).toBe(id);
    expect(jar.names).toEqual(["__Host-sid"]);
    const gate = store.hold("update");
    const slow = sessions.get(jar.request());
    await gate.arrived;
    const request = jar.request();
    await sessions.get(request);
    gate.open();
    expect((await slow)?.id).toBe(id);
    jar.receive(request);
    expect(jar.names).toEqual(["__Host-sessionup"]);
  });

  it("a session that is revoked during its move is rejected, and its cookies are cleared", async () => {
    const { login, sessions, store, manager } = setUp({ name: "sid" });
    const jar = new Jar();
    const { id } = await login(jar);
    const gate = store.hold("update");
    const request = jar.request();
    const reason = sessions.authorize(request);
    await gate.arrived;
    await manager.revokeById(id);
    gate.open();
    expect(await reason).toBe("revoked");
    jar.receive(request);
    expect(jar.names).toEqual([]);
  });

  it("a previous cookie is cleared only when its session has provably ended", async () => {
    const { login, sessions, clock } = setUp({ name: "sid" });
    const jar = new Jar();
    await login(jar);
    const unknown = new TestRequest({ cookie: `__Host-sid=${"a".repeat(22)}.${"b".repeat(65)}` });
    expect(await sessions.authorize(unknown)).toBe("unknown");
    expect(unknown.cookies).toEqual([]);
    clock.advance("24h");
    const request = jar.request();
    // `public` clears it too.
    expect(await sessions.get(request)).toBeUndefined();
    expect(request.cookies.map(({ name, maxAge }) => [name, maxAge])).toEqual([["__Host-sid", 0]]);
  });

  it("a copied and an expired previous cookie are cleared beside the current cookie", async () => {
    const { login, sessions, old, clock, store } = setUp({ name: "sid" });
    const jar = new Jar();
    await login(jar);
    const [copy] = jar.cookies;
    await jar.visit(sessions.get);
    if (copy) jar.cookies.set(...copy);
    await jar.visit(sessions.get);
    expect(jar.names).toEqual(["__Host-sessionup"]);
    const stale = new Jar();
    await login(stale, old);
    clock.advance("23h");
    const { id } = await login(jar, sessions);
    clock.advance("2h");
    for (const [key, cookie] of stale.cookies) jar.cookies.set(key, cookie);
    store.calls.length = 0;
    expect((await jar.visit(sessions.get))?.id).toBe(id);
    expect(store.calls.filter((call) => call !== "update")).toEqual(["fetchByIds", "deleteById"]);
    expect(jar.names).toEqual(["__Host-sessionup"]);
  });

  it("a live and an expired cookie with the same name are replaced by one cookie", async () => {
    const { login, sessions, old, clock } = setUp({ path: "/app" }, { path: "/app2" });
    const jar = new Jar();
    await login(jar, old);
    clock.advance("23h");
    const other = new Jar();
    const { id } = await login(other, sessions);
    clock.advance("2h");
    for (const [key, cookie] of other.cookies) jar.cookies.set(key, cookie);
    expect(jar.cookies.size).toBe(2);
    expect((await jar.visit(sessions.get))?.id).toBe(id);
    expect(jar.only.path).toBe("/app2");
  });

  it("a live cookie beside an expired one of its name is not sent again when the previous cookie has another name", async () => {
    const { login, sessions, clock } = setUp({ name: "sid" });
    const [expired, live] = [new Jar(), new Jar()];
    await login(expired, sessions);
    clock.advance("23h");
    const { id } = await login(live, sessions);
    clock.advance("2h");
    const cookie = [expired, live].map((jar) => jar.request().headers.cookie).join("; ");
    const request = new TestRequest({ cookie });
    expect((await sessions.get(request))?.id).toBe(id);
    expect(request.cookies).toEqual([]);
  });

  it("login and logout end the session of a previous cookie", async () => {
    const { login, sessions, manager } = setUp({ name: "sid" });
    const jar = new Jar();
    await login(jar);
    await login(jar, sessions);
    expect(await manager.fetchByUserKey("ann")).toHaveLength(1);
    expect(jar.names).toEqual(["__Host-sessionup"]);
    const second = new Jar();
    await login(second);
    await second.visit(sessions.revoke);
    expect(second.names).toEqual([]);
    expect(await manager.fetchByUserKey("ann")).toHaveLength(1);
  });

  it("a cookie that already has the current path does not move when the previous name is the same", async () => {
    const { login, sessions } = setUp({ path: "/app" }, { path: "/app2" });
    const jar = new Jar();
    await login(jar, sessions);
    const request = jar.request();
    expect(await sessions.authorize(request)).toBeUndefined();
    expect(request.cookies).toEqual([]);
  });

  it("a request with a retired secret does not move the session, because its browser has a newer secret", async () => {
    const { login, sessions, old } = setUp({ name: "sid" });
    const jar = new Jar();
    await login(jar);
    const slow = jar.request();
    await jar.visit(old.rotate);
    expect(await sessions.authorize(slow)).toBeUndefined();
    expect(slow.cookies).toEqual([]);
    await jar.visit(sessions.get);
    expect(jar.names).toEqual(["__Host-sessionup"]);
  });

  it("a session moves back and forth and stays signed in while two releases run side by side", async () => {
    const [before, now] = [{ name: "sid" }, {}];
    const { login, sessions, store, clock } = setUp(before, now);
    const older = testSessions(
      new Manager(store, { clock: clock.now, cookie: { ...before, previous: previousCookies([now]) } }),
    );
    const jar = new Jar();
    const { id } = await login(jar);
    for (const [release, name] of [
      [sessions, "__Host-sessionup"],
      [older, "__Host-sid"],
      [sessions, "__Host-sessionup"],
    ] as const) {
      expect((await jar.visit(release.get))?.id).toBe(id);
      expect(jar.names).toEqual([name]);
    }
  });

  it("a previous cookie is not accepted by a derived manager with another cookie name", async () => {
    const { login, manager } = setUp({ name: "sid" });
    const jar = new Jar();
    await login(jar);
    const admins = testSessions(manager.with({ cookie: { name: "admin" } }));
    expect(await admins.authorize(jar.request())).toBe("no_cookie");
    expect(await admins.authorize(new TestRequest({ cookie: `__Host-admin=${jar.only.value}` }))).toBe(
      "unknown",
    );
    expect(await testSessions(manager.with({ idleTimeout: "1h" })).authorize(jar.request())).toBeUndefined();
  });

  it.each<[CookieOptions, RegExp]>([
    [{ previous: previousCookies([{}]) }, /^cookie\.previous\[0\] must differ from the current cookie\./],
    [
      { previous: previousCookies([{ name: "sid" }, { sameSite: "lax" }]) },
      /^cookie\.previous\[1\] must differ from the current cookie\./,
    ],
    [
      { previous: [{ name: "sid" }] as never },
      /^cookie\.previous must be the result of previousCookies\(\)\. Received an array\./,
    ],
    [{ previous: null as never }, /^cookie\.previous must be the result of previousCookies\(\)/],
  ])("cookie.previous rejects %j", (cookie, message) => {
    expect(() => new Manager(new GatedStore(), { cookie })).toThrow(message);
    expect(() => new Manager(new GatedStore(), { cookie })).toThrow(TypeError);
  });

  it.each<[unknown, RegExp]>([
    [[{ name: "a;b" }], /^previousCookies\[0\]\.name must be/],
    [[{}, { partitioned: true, secure: false }], /^previousCookies\[1\]\.partitioned requires secure: true/],
    [[{ previous: [] }], /^"previous" is not an option of previousCookies\[0\]/],
    [
      "sid",
      /^previousCookies must be an array of cookie options such as \[{ name: "sid" }\]\. Received "sid"\./,
    ],
    [[null], /^The options of previousCookies\[0\] must be an object\. Received null\./],
  ])("previousCookies rejects %j", (cookies, message) => {
    expect(() => previousCookies(cookies as never)).toThrow(message);
    expect(() => previousCookies(cookies as never)).toThrow(TypeError);
  });
});
