import { type EndReason, Manager, type ManagerOptions, SessionError } from "sessionup";
import { revokeAllBefore } from "sessionup/admin";
import { clientValidation } from "sessionup/client-validation";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { describe, expect, it } from "vitest";
import { toErrorResponse } from "../../src/http/error-response.ts";
import { getLifecycle } from "../../src/lifecycle/lifecycle.ts";
import { readStandings } from "../../src/live/standing.ts";
import { Browser, TestRequest, testSessions } from "../support/browser.ts";
import { GatedStore } from "../support/gated-store.ts";
import { siteWith } from "./_site.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

function setUp(options: ManagerOptions = {}) {
  const site = siteWith(options);
  const login = (browser: Browser, userKey = "ann") =>
    browser.visit((request) => site.sessions.init(request, userKey));
  return { ...site, login };
}

describe("tombstones", () => {
  type Case = [EndReason, (made: ReturnType<typeof setUp>, own: Browser, id: string) => Promise<unknown>];
  const cases: Case[] = [
    ["logout", ({ sessions }, own) => own.visit(sessions.revoke)],
    ["revoked", ({ manager }, _, id) => manager.revokeById(id)],
    ["revoked", ({ manager }) => manager.revokeByUserKey("ann")],
    ["revoked", ({ manager, clock }) => revokeAllBefore(manager, new Date(clock.now() + 1))],
    [
      "reused",
      async ({ sessions, clock, reason }, own) => {
        const thief = new Browser();
        for (const [name, value] of own.jar) thief.jar.set(name, value);
        await own.visit(sessions.rotate);
        clock.advance("31s");
        expect(await reason(thief)).toBe("reused");
      },
    ],
    [
      "client_changed",
      async ({ reason }, own) => {
        own.headers = { "user-agent": FIREFOX };
        expect(await reason(own)).toBe("client_changed");
      },
    ],
  ];
  it.each(cases)(
    "a tombstone gives the request, the event and the response the same reason: %s",
    async (why, end) => {
      const made = setUp({ tombstones: "1h", validate: clientValidation({ agent: true, onChange: "end" }) });
      const own = new Browser({
        "user-agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0.0.0 Safari/537.36",
      });
      const { id } = await made.login(own);
      const before = own.request().headers;
      await end(made, own, id);
      const late = new TestRequest(before);
      expect(await made.sessions.authorize(late)).toBe(why);
      expect(made.ended).toEqual([expect.objectContaining({ ids: [id], reason: why })]);
      // The request proves that the session has ended, so the response clears the cookie.
      expect(late.cookies).toEqual([expect.objectContaining({ value: "", maxAge: 0 })]);
      const error = SessionError.unauthorized(why);
      expect(JSON.parse(toErrorResponse(error).body)).toEqual({ error: "unauthorized", reason: why });
    },
  );

  it("a tombstone reveals nothing to a client that knows only the id or presents another secret", async () => {
    const { login, sessions } = setUp({ tombstones: "1h" });
    const own = new Browser();
    const { id } = await login(own);
    await own.visit(sessions.revoke);
    const request = new TestRequest({ cookie: `__Host-sessionup=${id}.${"x".repeat(65)}` });
    expect(await sessions.authorize(request)).toBe("unknown");
    expect(request.cookies).toEqual([]);
  });

  it("tombstones expire after their duration, and none is kept without the option", async () => {
    const { login, sessions, store, clock } = setUp({ tombstones: "1h" });
    const { id } = await login(new Browser());
    const own = new Browser();
    const second = await login(own);
    const old = own.request().headers;
    await own.visit(sessions.revokeAll);
    expect((await store.fetchById(id))?.ended?.reason).toBe("revoked");
    expect((await store.fetchById(second.id))?.deadline).toBe(clock.now() + 3_600_000);
    const without = setUp();
    const browser = new Browser();
    await without.login(browser);
    const late = browser.request();
    await browser.visit(without.sessions.revoke);
    expect(await without.sessions.authorize(late)).toBe("unknown");
    expect(await sessions.authorize(new TestRequest(old))).toBe("revoked");
  });

  it("a tombstone emits ended once, however often the client returns", async () => {
    const { login, sessions, ended, clock, manager } = setUp({ tombstones: "1h", idleTimeout: "10m" });
    const own = new Browser();
    await login(own);
    const { headers } = own.request();
    await manager.revokeByUserKey("ann");
    clock.advance("20m");
    for (let count = 0; count < 3; count++)
      expect(await sessions.authorize(new TestRequest(headers))).toBe("revoked");
    expect(ended).toHaveLength(1);
  });

  it("a tombstone tells an evicted browser the reason", async () => {
    const { sessions, reason, ended } = setUp({
      tombstones: "1h",
      maxSessions: { max: 1, onExceed: "evict-oldest" },
    });
    const [first, second] = [new Browser(), new Browser()];
    for (const browser of [first, second]) await browser.visit((request) => sessions.init(request, "ann"));
    expect([await reason(first), await reason(second)]).toEqual(["evicted", undefined]);
    const before = second.request();
    await second.visit((request) => sessions.init(request, "ann"));
    expect(await sessions.authorize(before)).toBe("logout");
    expect(ended.map(({ reason: why }) => why)).toEqual(["evicted", "logout"]);
  });

  it("tombstones must be a duration", () => {
    expect(() => setUp({ tombstones: 60 as never })).toThrow(/^tombstones/);
  });
});

describe("expired sessions", () => {
  const times = { expiresIn: "1h", idleTimeout: "10m" } as const;

  it("cleanup emits ended once with the time of the end when the client does not return", async () => {
    const { login, store, clock, ended, manager } = setUp({ ...times, tombstones: "1h" });
    const heard: unknown[] = [];
    manager.with({ idleTimeout: "5m" }).events.on("ended", (event) => heard.push(event));
    const begun = clock.now();
    const idle = await login(new Browser());
    clock.advance("51m");
    const [used, gone] = [new Browser(), new Browser()];
    const expired = await login(used, "bob");
    await login(gone, "cid");
    await gone.visit(testSessions(manager).revoke);
    ended.length = 0;
    for (let minute = 0; minute < 54; minute += 9) {
      clock.advance("9m");
      await used.visit(testSessions(manager).authorize);
    }
    clock.advance("3h");
    for (let round = 0; round < 2; round++) await store.deleteExpired?.(clock.now(), 100);
    const by = { kind: "policy" };
    expect(ended).toEqual([
      { ids: [idle.id], userKey: "ann", reason: "idle", at: begun + 10 * 60_000, by },
      { ids: [expired.id], userKey: "bob", reason: "expired", at: begun + 111 * 60_000, by },
    ]);
    expect(heard).toEqual([]);
  });

  it("a returning client emits ended once, and cleanup does not emit it again", async () => {
    const { login, store, clock, ended, reason } = setUp(times);
    const own = new Browser();
    const { id } = await login(own);
    const copy = own.request();
    clock.advance("10m");
    expect(await reason(own)).toBe("idle");
    expect(own.jar.size).toBe(0);
    expect(await store.fetchById(id)).toBeUndefined();
    const late = setUp({ ...times, clock: clock.now });
    expect(await late.sessions.authorize(copy)).toBe("unknown");
    clock.advance("3h");
    await store.deleteExpired?.(clock.now(), 100);
    expect(ended).toEqual([
      { ids: [id], userKey: "ann", reason: "idle", at: expect.any(Number), by: { kind: "policy" } },
    ]);
  });

  it("an expired session stays until a response can clear the cookie, and logout rejects until then", async () => {
    const { login, store, clock, ended, sessions, reason } = setUp(times);
    const own = new Browser();
    const { id } = await login(own);
    clock.advance("10m");
    const late = Object.assign(own.request(), { sent: true });
    expect(await sessions.authorize(late)).toBe("idle");
    await expect(sessions.revoke(late)).rejects.toMatchObject({ code: "ERR_HEADERS_SENT" });
    expect([(await store.fetchById(id))?.ended, ended]).toEqual([undefined, []]);
    expect(await reason(own)).toBe("idle");
    expect(own.jar.size).toBe(0);
    expect(await store.fetchById(id)).toBeUndefined();
    expect(ended).toHaveLength(1);
  });

  it("authorize returns ERR_STORE and keeps the cookie when the store cannot end an expired session", async () => {
    const { login, store, clock, ended, sessions } = setUp(times);
    const own = new Browser();
    await login(own);
    clock.advance("10m");
    store.fail("deleteById");
    const request = own.request();
    expect(await sessions.authorize(request)).toBe("ERR_STORE");
    expect(request.cookies).toEqual([]);
    expect(ended).toEqual([]);
  });
});

describe("notBefore", () => {
  it("notBefore ends the sessions of all users immediately [asvs 7.4.5]", async () => {
    const { clock, login, reason, manager, sessions, ended } = setUp({ idleTimeout: "1h" });
    const [ann, bob, cid] = [new Browser(), new Browser(), new Browser()];
    await login(ann);
    await login(bob, "bob");
    clock.advance("1s");
    manager.notBefore = new Date(clock.now());
    await login(cid, "cid");
    expect([await reason(ann), await reason(bob), await reason(cid)]).toEqual([
      "revoked",
      "revoked",
      undefined,
    ]);
    expect([ann.jar.size, bob.jar.size, cid.jar.size]).toEqual([0, 0, 1]);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    expect(await sessions.authorize(bob.request())).toBe("no_cookie");
    expect(ended.map(({ reason: why, userKey }) => [why, userKey])).toEqual([
      ["revoked", "ann"],
      ["revoked", "bob"],
    ]);
  });

  it("notBefore can be an option, is inherited, and can be withdrawn for sessions that were not used meanwhile", async () => {
    const clock = new TestClock();
    const notBefore = new Date(clock.now() + 1);
    const { manager, login, reason, sessions } = setUp({ clock: clock.now, notBefore });
    const [ann, bob, cid] = [new Browser(), new Browser(), new Browser()];
    for (const browser of [ann, bob, cid]) await login(browser);
    const { headers } = ann.request();
    expect(await reason(ann)).toBe("revoked");
    expect(manager.notBefore).toEqual(notBefore);
    const second = manager.with({ idleTimeout: "1h" });
    expect(second.notBefore).toEqual(notBefore);
    expect(await testSessions(second).authorize(bob.request())).toBe("revoked");
    manager.notBefore = undefined;
    expect(manager.notBefore).toBeUndefined();
    expect(manager.with({}).notBefore).toBeUndefined();
    // A rejected session has ended in every process. A copy of its cookie must not revive it.
    expect(await sessions.authorize(new TestRequest(headers))).toBe("unknown");
    expect(await sessions.authorize(cid.request())).toBeUndefined();
    expect(await testSessions(second).authorize(cid.request())).toBe("revoked");
  });

  it("a session before notBefore cannot be changed, and its WebSockets learn that it has ended", async () => {
    const { clock, login, manager, sessions } = setUp();
    const own = new Browser();
    const { id } = await login(own);
    const request = own.request();
    await sessions.get(request);
    clock.advance("1s");
    manager.notBefore = new Date(clock.now());
    expect(await readStandings(getLifecycle(manager), [id])).toEqual(new Map([[id, { over: "revoked" }]]));
    const late = own.request();
    await sessions.rotate(late);
    expect(late.cookies).toEqual([expect.objectContaining({ value: "" })]);
    expect(await sessions.fetchAll(own.request())).toEqual([]);
  });

  it("sessions before notBefore do not count towards maxSessions", async () => {
    const { clock, login, reason, manager, ended } = setUp({ maxSessions: { max: 2, onExceed: "reject" } });
    await login(new Browser());
    await login(new Browser());
    await expect(login(new Browser())).rejects.toThrow(expect.objectContaining({ code: "ERR_LIMIT" }));
    clock.advance("1s");
    manager.notBefore = new Date(clock.now());
    const [own, other] = [new Browser(), new Browser()];
    await login(own);
    await login(other);
    expect([await reason(own), await reason(other)]).toEqual([undefined, undefined]);
    expect(ended.map(({ reason: why }) => why)).toEqual(["revoked", "revoked"]);
    await expect(login(new Browser())).rejects.toThrow(expect.objectContaining({ code: "ERR_LIMIT" }));
  });

  it.each([[new Date(Number.NaN)], ["2026-01-31"], [0], [null]])(
    "notBefore must be a valid Date, not %j",
    (wrong) => {
      expect(() => setUp({ notBefore: wrong as Date })).toThrow(/^notBefore must be a valid Date/);
      const { manager } = setUp();
      expect(() => {
        manager.notBefore = wrong as Date;
      }).toThrow(/^notBefore must be a valid Date/);
    },
  );
});

describe("revokeAllBefore", () => {
  it("revokeAllBefore ends the sessions of all users, including those of other managers [asvs 7.4.5]", async () => {
    const { clock, login, reason, manager, ended, store } = setUp();
    const admins = testSessions(manager.with({ cookie: { name: "admin" } }));
    const [ann, admin, young] = [new Browser(), new Browser(), new Browser()];
    const ids = [await login(ann), await admin.visit((request) => admins.init(request, "root"))].map(
      ({ id }) => id,
    );
    clock.advance("1s");
    const moment = new Date(clock.now());
    await login(young);
    expect(await revokeAllBefore(manager, moment)).toBe(2);
    expect(await revokeAllBefore(manager, moment)).toBe(0);
    expect(ended.flatMap(({ ids: told }) => told).sort()).toEqual([...ids].sort());
    expect(ended.map(({ reason: why, by }) => [why, by.kind])).toEqual(ids.map(() => ["revoked", "system"]));
    expect([await reason(ann), await admins.authorize(admin.request()), await reason(young)]).toEqual([
      "unknown",
      "unknown",
      undefined,
    ]);
    expect(await store.fetchById(ids[0] ?? "")).toBeUndefined();
  });

  it("revokeAllBefore rejects an invalid date, and a store without deleteCreatedBefore and scan", async () => {
    const { scan: _, ...methods } = new GatedStore();
    const manager = new Manager(methods as unknown as GatedStore);
    await expect(revokeAllBefore(manager, new Date())).rejects.toThrow(
      /^revokeAllBefore requires a store with scan/,
    );
    await expect(revokeAllBefore(manager, 0 as unknown as Date)).rejects.toThrow(
      /^revokeAllBefore must be a valid/,
    );
  });

  it("revokeAllBefore rejects with ERR_STORE and emits error when the store fails midway", async () => {
    const store = memoryStore();
    store.deleteCreatedBefore = async function* () {
      yield [];
      throw new Error("connection reset");
    };
    const manager = new Manager(store);
    const errors: unknown[] = [];
    manager.events.on("error", ({ error }) => errors.push(error));
    await expect(revokeAllBefore(manager, new Date())).rejects.toThrow(
      expect.objectContaining({ code: "ERR_STORE" }),
    );
    expect(errors).toHaveLength(1);
  });
});

describe("clearSiteData", () => {
  const header = (request: TestRequest) => request.responseHeaders.get("clear-site-data");
  type EndMethod = (
    sessions: ReturnType<typeof testSessions>,
    request: TestRequest,
    id: string,
  ) => Promise<unknown>;

  it.each<[string, EndMethod]>([
    ["revoke", (sessions, request) => sessions.revoke(request)],
    ["revokeAll", (sessions, request) => sessions.revokeAll(request)],
    ["revokeOwn of the current session", (sessions, request, id) => sessions.revokeOwn(request, id)],
  ])("the response to %s has the Clear-Site-Data header [asvs 14.3.1]", async (_, end) => {
    const { login, sessions } = setUp({ clearSiteData: ["cache", "storage"] });
    const own = new Browser();
    const { id } = await login(own);
    const request = own.request();
    await end(sessions, request, id);
    expect(header(request)).toBe('"cache", "storage"');
    expect(request.cookies).toEqual([expect.objectContaining({ value: "" })]);
  });

  it("Clear-Site-Data is not sent with other responses or without the option", async () => {
    const { login, sessions, clock } = setUp({ clearSiteData: ["cookies"] });
    const [own, other] = [new Browser(), new Browser()];
    await login(own);
    const { id } = await login(other);
    const requests = Array.from({ length: 4 }, () => own.request());
    await sessions.revokeOther(requests[0] as TestRequest);
    await sessions.revokeOwn(requests[1] as TestRequest, id);
    await sessions.revoke(new TestRequest());
    clock.advance("24h");
    expect(await sessions.authorize(requests[2] as TestRequest)).toBe("expired");
    expect(requests.map(header)).toEqual([undefined, undefined, undefined, undefined]);
    const without = setUp();
    const browser = new Browser();
    await without.login(browser);
    const request = browser.request();
    await without.sessions.revoke(request);
    expect(header(request)).toBeUndefined();
  });

  it.each([[["*"]], ['"cache"'], [true], [["cache", "cache\r\n"]]])("clearSiteData rejects %j", (wrong) => {
    expect(() => setUp({ clearSiteData: wrong as never })).toThrow(
      /^clearSiteData must be an array of "cache", "cookies" and "storage"/,
    );
  });
});
