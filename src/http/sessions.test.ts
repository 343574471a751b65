import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import { SessionError } from "../errors.ts";
import { Manager } from "../index.ts";
import type { Session } from "../session.ts";
import { typed } from "../standard-schema.ts";

const setUp = createHarness;

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return SessionError.is(error) ? error.code : String(error);
}

describe("init", () => {
  it.each([
    ["", /^userKey must not be empty\./],
    [5, /^userKey must be a string\. Received /],
    [undefined, /^userKey must be a string\. Received /],
    [{ toString: () => "ann" }, /^userKey must be a string\. Received /],
    ["\ud800", /^userKey must be well-formed text/],
    ["x".repeat(1_025), /^userKey must have at most 1024 bytes/],
    ["ü".repeat(513), /^userKey must have at most 1024 bytes/],
  ])("refuses the user key %j before anything is read or written", async (userKey, message) => {
    const { store, sessions, manager } = setUp();
    const request = new TestRequest();
    await expect(sessions.init(request, userKey as string)).rejects.toThrow(message);
    await expect(sessions.init(request, userKey as string)).rejects.toThrow(TypeError);
    await expect(manager.fetchByUserKey(userKey as string)).rejects.toThrow(message);
    await expect(manager.revokeByUserKey(userKey as string)).rejects.toThrow(message);
    expect(store.calls).toEqual([]);
    expect(request.cookies).toEqual([]);
  });

  it("takes a user key of exactly 1 kB, of any characters", async () => {
    const { login, sessions } = setUp();
    for (const userKey of ["x".repeat(1_024), "ü".repeat(512), "\0\n'{}%", "__proto__"]) {
      const browser = new Browser();
      await login(browser, userKey);
      expect((await browser.visit(sessions.get))?.userKey).toBe(userKey);
    }
  });

  it("refuses options that it does not know, and a wrong expiresIn, before anything is written", async () => {
    const { store, sessions } = setUp();
    const init = sessions.init as (
      request: TestRequest,
      userKey: string,
      options: object,
    ) => Promise<unknown>;
    await expect(init(new TestRequest(), "ann", { expires: "1h" })).rejects.toThrow(
      /^"expires" is not an option of init\./,
    );
    await expect(init(new TestRequest(), "ann", { expiresIn: 60 })).rejects.toThrow(/^init\.expiresIn/);
    await expect(init(new TestRequest(), "ann", { expiresIn: "1000d" })).rejects.toThrow(
      /^init\.expiresIn must be at most "400d"/,
    );
    await expect(init(new TestRequest(), "ann", { meta: { a: 1 } })).rejects.toThrow(
      /^meta requires the manager's option meta/,
    );
    expect(store.calls).toEqual([]);
  });

  it("remembers for as long as it is told, whatever the manager says", async () => {
    const { sessions, clock, reason } = setUp({ expiresIn: "1h" });
    const [brief, remembered] = [new Browser(), new Browser()];
    const cookieOf = async (browser: Browser, expiresIn?: "30d") => {
      const request = browser.request();
      await sessions.init(request, "ann", expiresIn ? { expiresIn } : {});
      browser.receive(request);
      return request.cookies[0];
    };
    expect(await cookieOf(brief)).toMatchObject({ maxAge: 3_600, expires: clock.now() + 3_600_000 });
    expect(await cookieOf(remembered, "30d")).toMatchObject({ maxAge: 2_592_000 });
    clock.advance("1h");
    expect([await reason(brief), await reason(remembered)]).toEqual(["expired", undefined]);
  });

  it("sends the same kind of cookie when it rotates, for the rest of the time", async () => {
    const { sessions, clock } = setUp();
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

  it("stores nothing that logs in: neither secret nor token", async () => {
    const { sessions, store } = setUp();
    const created: unknown[] = [];
    const create = store.create;
    store.create = (record, options) => {
      created.push(record);
      return create(record, options);
    };
    const request = new TestRequest();
    await sessions.init(request, "ann");
    const [id = "", secret = ""] = request.cookies[0]?.value.split(".") ?? [];
    const stored = JSON.stringify(created);
    expect(stored).toContain(id);
    for (let from = 0; from + 10 <= secret.length; from++)
      expect(stored).not.toContain(secret.slice(from, from + 10));
  });

  it("puts the shard of the user before every id, of its own making or the app's", async () => {
    const { shardOf } = await import("../cookie/shard.ts");
    const { sessions } = setUp();
    const { id } = await sessions.init(new TestRequest(), "ann");
    expect(id.slice(0, 2)).toBe(shardOf("ann"));
    let count = 0;
    const own = setUp({ generateId: () => `custom${String(count++).padStart(14, "0")}` });
    expect((await own.sessions.init(new TestRequest(), "ann")).id).toBe(
      `${shardOf("ann")}custom00000000000002`,
    );
  });

  it("tries another id when one is taken, and gives up at the fifth", async () => {
    const texts = ["a", "b", "c", "c", "c", "d"].map((letter) => letter.repeat(20));
    const { sessions, manager } = setUp({ generateId: () => texts.shift() ?? "c".repeat(20) });
    await sessions.init(new TestRequest(), "ann");
    const second = await sessions.init(new TestRequest(), "ann");
    expect(second.id.slice(2)).toBe("d".repeat(20));
    expect(await codeOf(sessions.init(new TestRequest(), "ann"))).toBe("ERR_DUPLICATE_ID");
    expect(await manager.fetchByUserKey("ann")).toHaveLength(2);
  });

  it("ends the oldest beyond the limit, and tells why", async () => {
    const { login, reason, events, clock } = setUp({ maxSessions: { max: 2, onExceed: "evict-oldest" } });
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

  it("refuses one beyond the limit where that is the policy, and leaves the browser as it was", async () => {
    const { login, reason, sessions } = setUp({ maxSessions: { max: 1, onExceed: "refuse" } });
    const [first, second] = [new Browser(), new Browser()];
    await login(first);
    const request = second.request();
    expect(await codeOf(sessions.init(request, "ann"))).toBe("ERR_LIMIT");
    expect(request.cookies).toEqual([]);
    // The same browser again replaces its own.
    await login(first);
    expect(await reason(first)).toBeUndefined();
  });

  it("begins none in 50 parallel logins beyond the limit", async () => {
    const { manager, login } = setUp({ maxSessions: { max: 5, onExceed: "evict-oldest" } });
    await Promise.all(Array.from({ length: 50 }, () => login(new Browser())));
    expect(await manager.fetchByUserKey("ann")).toHaveLength(5);
  });

  it("ends a planted session of somebody else's, and undoes itself if that fails", async () => {
    const { login, reason, sessions, store, manager } = setUp();
    const [attacker, victim] = [new Browser(), new Browser()];
    await login(attacker, "mallory");
    victim.jar.set(...([...attacker.jar][0] as [string, string]));
    store.fail("deleteById");
    expect(await codeOf(login(victim, "ann"))).toBe("ERR_STORE");
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    expect((await victim.visit(sessions.get))?.userKey).toBe("mallory");
    await login(victim, "ann");
    expect(await reason(attacker)).toBe("unknown");
    expect((await victim.visit(sessions.get))?.userKey).toBe("ann");
  });

  it("says of a session that another user's login ends what a logout says, and asks the store once for each", async () => {
    const set = setUp();
    const browser = new Browser();
    await set.login(browser, "mallory");
    set.store.calls.length = set.events.length = 0;
    await set.login(browser, "ann");
    expect(set.store.calls).toEqual(["fetchById", "create", "deleteById"]);
    expect(set.events.map(([name, event]) => [name, event])).toMatchObject([
      ["ended", { reason: "logout", userKey: "mallory" }],
      ["created", { userKey: "ann" }],
    ]);
    set.store.calls.length = 0;
    await set.login(browser, "ann");
    expect(set.store.calls).toEqual(["fetchById", "create"]);
  });

  it("gives the store no member for what there is none of, nor for what most sessions have alike", async () => {
    const { login, store } = setUp();
    const { create } = store;
    const given: object[] = [];
    store.create = (record, options) => {
      given.push(record.data);
      return create(record, options);
    };
    await login(new Browser());
    const [data = {}] = given;
    expect(Object.keys(data)).toEqual(["v", "root", "secret", "ip"]);
  });

  it("can be followed by a rotation in the same request", async () => {
    const { sessions, reason } = setUp();
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

  it("leaves one session where it is done twice in one request", async () => {
    const { sessions, manager } = setUp();
    const request = new TestRequest();
    const first = await sessions.init(request, "ann");
    const second = await sessions.init(request, "ann");
    expect(second.id).not.toBe(first.id);
    expect((await manager.fetchByUserKey("ann")).map(({ id }) => id)).toEqual([second.id]);
  });

  it("writes nothing where the store cannot say who asks", async () => {
    const { login, sessions, store } = setUp();
    const browser = new Browser();
    await login(browser);
    store.calls.length = 0;
    store.fail("fetchById");
    const request = browser.request();
    expect(await codeOf(sessions.init(request, "ann"))).toBe("ERR_STORE");
    expect([store.calls, request.cookies]).toEqual([["fetchById"], []]);
  });

  it("undoes itself if the response is sent while it writes", async () => {
    const { sessions, store, manager } = setUp();
    const request = new TestRequest();
    request.setCookie = () => {
      throw new Error("Cannot set headers after they are sent to the client");
    };
    await expect(sessions.init(request, "ann")).rejects.toThrow("Cannot set headers");
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    expect(store.calls).toEqual(["create", "deleteById", "fetchByUserKey"]);
  });
});

describe("reading the session", () => {
  it("shares one read between all who ask at the same time", async () => {
    const { login, sessions, store } = setUp();
    const browser = new Browser();
    await login(browser);
    store.calls.length = 0;
    const request = browser.request();
    const all = await Promise.all([
      sessions.get(request),
      sessions.get(request),
      sessions.authorize(request),
    ]);
    expect(all[0]).toBe(all[1]);
    expect(sessions.require(request)).toBe(all[0]);
    expect(store.calls).toEqual(["fetchById"]);
  });

  it("reads nothing for a request without our cookie, and sets none", async () => {
    const { sessions, store } = setUp();
    const request = new TestRequest({ cookie: "theme=dark; sessionup=x; __Secure-sessionup=y" });
    expect(await sessions.get(request)).toBeUndefined();
    expect([store.calls, request.cookies]).toEqual([[], []]);
  });

  it("takes no token from anywhere but the cookie", async () => {
    const { login, sessions } = setUp();
    const browser = new Browser();
    await login(browser);
    const [[name = "", value = ""] = []] = [...browser.jar];
    const request = new TestRequest({
      authorization: `Bearer ${value}`,
      "x-session": value,
      referer: `/?${name}=${value}`,
    });
    expect(await sessions.get(request)).toBeUndefined();
  });

  it("throws a TypeError from current and require where nothing was loaded", () => {
    const { sessions } = setUp();
    expect(() => sessions.current(new TestRequest())).toThrow(/^current found no loaded session/);
    expect(() => sessions.require(new TestRequest())).toThrow(/^require found no loaded session/);
  });

  it("throws from require with the reason that there is none", async () => {
    const { sessions } = setUp();
    const request = new TestRequest();
    await sessions.get(request);
    expect(() => sessions.require(request)).toThrow(
      expect.objectContaining({ code: "ERR_UNAUTHORIZED", reason: "no_cookie" }),
    );
    expect(sessions.current(request)).toBeUndefined();
  });
});

describe("a session", () => {
  it("shows what it should and nothing else", async () => {
    const { clock, login, sessions } = setUp();
    const browser = new Browser();
    const { id } = await login(browser);
    const session = (await browser.visit(sessions.get)) as Session;
    const at = new Date(clock.now());
    expect(JSON.parse(JSON.stringify(session))).toEqual({
      id,
      current: true,
      createdAt: at.toISOString(),
      lastSeenAt: at.toISOString(),
      expiresAt: new Date(clock.now() + 86_400_000).toISOString(),
      ip: "192.0.2.1",
    });
    expect([session.userKey, session.createdAt, session.authenticatedAt, session.agent]).toEqual([
      "ann",
      at,
      at,
      undefined,
    ]);
    const { inspect } = await import("node:util");
    expect(inspect(session, { showHidden: true, depth: 10 })).not.toMatch(
      /ann|secret|root|[0-9A-Za-z_-]{43}/,
    );
    expect(Object.keys({ ...session })).toEqual([]);
  });

  it("cannot be written to", async () => {
    const { login } = setUp();
    const session = (await login(new Browser())) as { userKey: string };
    expect(() => {
      session.userKey = "root";
    }).toThrow(TypeError);
    expect(session.userKey).toBe("ann");
  });

  it("keeps no address and no agent where the app wants none", async () => {
    const { sessions } = setUp({ client: { ip: false, agent: false } });
    const session = await sessions.init(new TestRequest({ "user-agent": "curl/8.0" }), "ann");
    expect([session.ip, session.agent]).toEqual([undefined, undefined]);
    expect(JSON.parse(JSON.stringify(session))).not.toHaveProperty("ip");
  });

  it("takes the app's labels, and goes without where its parser fails or makes no text", async () => {
    let parse: (userAgent: string) => unknown = (userAgent) => ({
      browser: `Own ${userAgent.length}`,
      os: "x".repeat(100),
    });
    const { sessions, events } = setUp({ client: { parse: (userAgent) => parse(userAgent) as object } });
    const init = async () =>
      (await sessions.init(new TestRequest({ "user-agent": "y".repeat(9_999) }), "ann")).agent;
    expect(await init()).toEqual({ browser: "Own 512", os: "x".repeat(64) });
    for (const nothing of [undefined, null, {}, { browser: 5, os: "" }, "text"]) {
      parse = () => nothing;
      expect(await init()).toBeUndefined();
    }
    parse = () => {
      throw new Error("catastrophic");
    };
    expect(await init()).toBeUndefined();
    expect(events.at(-2)).toEqual([
      "error",
      expect.objectContaining({ error: expect.objectContaining({ cause: Error("catastrophic") }) }),
    ]);
  });
});

describe("ending sessions", () => {
  it("ends each once, clears the cookie, and tells why", async () => {
    const { login, sessions, events, clock } = setUp();
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

  it("ends both where a browser presents two sessions of the same user", async () => {
    const { login, sessions, manager } = setUp({ cookie: { path: "/app" } });
    const [one, two] = [new Browser(), new Browser()];
    await login(one);
    await login(two);
    const cookie = [one, two].map((browser) => browser.request().headers.cookie).join("; ");
    await sessions.revoke(new TestRequest({ cookie }));
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("asks no store for what cannot be an id", async () => {
    const { login, sessions, manager, store } = setUp();
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

  it("does what admin code asks", async () => {
    const { login, reason, manager, clock } = setUp();
    const browsers = [new Browser(), new Browser(), new Browser()];
    const ids: string[] = [];
    for (const browser of browsers) {
      ids.push((await login(browser)).id);
      clock.advance("1s");
    }
    expect((await manager.fetchByUserKey("ann")).map(({ id, current }) => [id, current])).toEqual(
      ids.toReversed().map((id) => [id, false]),
    );
    const [newest] = await manager.fetchByUserKey("ann", { limit: 1 });
    expect(newest?.id).toBe(ids[2]);
    const rest = await manager.fetchByUserKey("ann", { limit: 5, ...(newest && { before: newest }) });
    expect(rest.map(({ id }) => id)).toEqual([ids[1], ids[0]]);
    await expect(manager.fetchByUserKey("ann", { limit: 0 })).rejects.toThrow(/^page.limit/);
    await expect(manager.fetchByUserKey("ann", { offset: 1 } as never)).rejects.toThrow(
      /^"offset" is not an option of page\./,
    );
    await expect(manager.revokeByUserKey("ann", { except: ids[0] as never })).rejects.toThrow(
      /^revokeByUserKey\.except must be an array of ids\./,
    );
    await expect(manager.revokeByUserKey("ann", { but: [] } as never)).rejects.toThrow(
      /^"but" is not an option of revokeByUserKey\./,
    );
    await expect(manager.revokeById(7 as never)).rejects.toThrow(/^id must be a string\. Received number\./);
    expect(await manager.revokeById(ids[0] ?? "")).toBe(true);
    expect(await manager.revokeById(ids[0] ?? "")).toBe(false);
    expect(await manager.revokeByUserKey("ann", { except: [ids[1] ?? ""] })).toEqual([ids[2]]);
    expect(await Promise.all(browsers.map(reason))).toEqual(["unknown", undefined, "unknown"]);
  });

  it("lists more than a page of them", { timeout: 60_000 }, async () => {
    const { manager, login } = setUp({ maxSessions: { max: 5_000, onExceed: "refuse" } });
    for (let count = 0; count < 2_100; count++) await login(new Browser());
    const listed = await manager.fetchByUserKey("ann");
    expect(new Set(listed.map(({ id }) => id)).size).toBe(2_100);
  });
});

describe("updateMeta", () => {
  const withMeta = () => {
    const store = new GatedStore();
    const manager = new Manager(store, { meta: typed<{ count: number; note?: string }>() });
    return { store, manager, sessions: testSessions(manager) };
  };

  it("loses none of 50 updates at the same time", async () => {
    const { sessions } = withMeta();
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { count: 0 } }));
    const increment = (request: TestRequest) =>
      sessions.updateMeta(request, ({ count }) => ({ count: count + 1 }));
    await Promise.all(Array.from({ length: 50 }, () => increment(browser.request())));
    expect((await browser.visit(sessions.get))?.meta).toEqual({ count: 50 });
  });

  it("gives the session with what it wrote, and leaves it to the rest of the request", async () => {
    const { sessions } = withMeta();
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { count: 0 } }));
    const request = browser.request();
    const session = await sessions.updateMeta(request, async (meta) => ({ ...meta, note: "new" }));
    expect(session?.meta).toEqual({ count: 0, note: "new" });
    expect(sessions.require(request).meta).toEqual({ count: 0, note: "new" });
  });

  it("writes nothing to a session that ends meanwhile", async () => {
    const { sessions, store, manager } = withMeta();
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { count: 0 } }));
    const gate = store.hold("update");
    const update = browser.visit((request) => sessions.updateMeta(request, () => ({ count: 1 })));
    await gate.arrived;
    await manager.revokeByUserKey("ann");
    gate.open();
    expect(await codeOf(update)).toBe("ERR_UNAUTHORIZED");
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("refuses what the schema refuses, and keeps what was there", async () => {
    const { sessions } = withMeta();
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { count: 0 } }));
    const update = browser.visit((request) => sessions.updateMeta(request, () => ({ count: Number.NaN })));
    expect(await codeOf(update)).toBe("ERR_META_INVALID");
    expect((await browser.visit(sessions.get))?.meta).toEqual({ count: 0 });
    await expect(sessions.updateMeta(browser.request(), { count: 1 } as never)).rejects.toThrow(
      /^updateMeta requires a function/,
    );
  });

  it("is undefined without a session", async () => {
    const { sessions } = withMeta();
    expect(await sessions.updateMeta(new TestRequest(), (meta) => meta)).toBeUndefined();
  });
});

describe("what a page of another origin sends, to change something", () => {
  const CROSS = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
  const crossing = (browser: Browser, method = "POST") => {
    const { headers } = browser.request();
    return new TestRequest({ ...headers, ...CROSS }, method);
  };

  it("gets no verb that loads the session an answer, and no store a question [asvs 3.5.1]", async () => {
    const { store, sessions, login, events } = setUp();
    const browser = new Browser();
    await login(browser);
    const attempts: Record<string, (request: TestRequest) => Promise<unknown>> = {
      init: (request) => sessions.init(request, "mallory"),
      get: sessions.get,
      fetchAll: sessions.fetchAll,
      revoke: sessions.revoke,
      revokeOther: sessions.revokeOther,
      revokeAll: sessions.revokeAll,
      revokeOwn: (request) => sessions.revokeOwn(request, "0".repeat(22)),
      rotate: sessions.rotate,
      reauthenticate: sessions.reauthenticate,
      updateMeta: (request) => sessions.updateMeta(request, (meta) => meta),
    };
    store.calls.length = 0;
    for (const [verb, attempt] of Object.entries(attempts)) {
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "QUERY", "get", ""]) {
        const request = crossing(browser, method);
        expect(await codeOf(attempt(request)), `${verb} ${method}`).toBe("ERR_CROSS_ORIGIN");
        expect(request.cookies).toEqual([]);
      }
    }
    expect(store.calls).toEqual([]);
    const told = events.filter(([name]) => name === "rejected");
    expect(told).toHaveLength(70);
    expect(told[0]?.[1]).toEqual({ reason: "cross_origin", at: expect.any(Number) });
  });

  it("asks like everybody by GET, HEAD and OPTIONS [asvs 3.5.3]", async () => {
    const { sessions, login } = setUp();
    const browser = new Browser();
    await login(browser);
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      expect((await sessions.get(crossing(browser, method)))?.userKey).toBe("ann");
      expect(await sessions.authorize(crossing(browser, method))).toBeUndefined();
    }
  });

  it("logs in by init where that is told to allow it, and only there", async () => {
    const { sessions } = setUp();
    const request = crossing(new Browser());
    await sessions.init(request, "ann", { crossOrigin: "allow" });
    expect(request.cookies).toHaveLength(1);
    expect(await codeOf(sessions.init(crossing(new Browser()), "ann", { crossOrigin: "refuse" }))).toBe(
      "ERR_CROSS_ORIGIN",
    );
    await expect(
      sessions.init(crossing(new Browser()), "ann", { crossOrigin: true as never }),
    ).rejects.toThrow('init.crossOrigin must be "allow" or "refuse". Received true.');
  });

  it("passes for the whole of a request behind a middleware that allows it", async () => {
    const { sessions, login } = setUp();
    const browser = new Browser();
    await login(browser);
    for (const guard of [sessions.guards.public, sessions.guards.auth]) {
      const request = crossing(browser);
      expect(await guard({ crossOrigin: "allow" })(request)).toBeUndefined();
      expect((await sessions.updateMeta(request, (meta) => meta))?.userKey).toBe("ann");
    }
  });

  it("is refused by each middleware for itself, whatever the one before allows", async () => {
    const { sessions, login } = setUp();
    const browser = new Browser();
    await login(browser);
    const request = crossing(browser);
    await sessions.guards.public({ crossOrigin: "allow" })(request);
    expect((await sessions.guards.auth()(request))?.code).toBe("ERR_CROSS_ORIGIN");
    expect(await codeOf(sessions.revoke(request))).toBe("ERR_CROSS_ORIGIN");
    expect((await sessions.guards.auth()(crossing(browser)))?.status).toBe(403);
  });

  it("is that of every manager in the request, and trusted by the one that trusts it", async () => {
    const { manager, sessions, login } = setUp();
    const trusting = testSessions(manager.with({ trustedOrigins: [CROSS.origin] }));
    const browser = new Browser();
    await login(browser);
    const request = crossing(browser);
    expect((await trusting.get(request))?.userKey).toBe("ann");
    expect(await codeOf(sessions.get(request))).toBe("ERR_CROSS_ORIGIN");
  });
});
