import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import { contextSessions } from "../context.ts";
import { Manager, type ManagerOptions, SessionError } from "../index.ts";
import { liveSessions } from "../live/live.ts";
import type { DpopProofs } from "../options/dpop-proofs.ts";
import { previousCookies } from "../previous-cookies/previous-cookies.ts";
import { recognition } from "../recognition/recognition.ts";
import { type BearerOptions, bearer, initBearer } from "./bearer.ts";

const HEADER = "session-token";
const KEY = "01234567890123456789012345678901";
const CROSS = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };

/** Creates a manager with both transports, and the steps of an app. */
function createApps(options: ManagerOptions = {}, bearerOptions?: BearerOptions, store?: GatedStore) {
  const transports = ["cookie", bearer(bearerOptions)] as const;
  const harness = createHarness({ transports, ...options }, store);
  const { sessions } = harness;
  return {
    ...harness,
    async loginApp(userKey = "ann", options = {}, request = new TestRequest()) {
      const { session, token } = await initBearer(sessions, request, userKey, options);
      return { session, token, request };
    },
    reasonOf: (token: string, headers = {}, scheme = "Bearer") =>
      sessions.authorize(app(token, headers, scheme)),
  };
}

/** Creates a request of an app. */
function app(token: string, headers = {}, scheme = "Bearer"): TestRequest {
  return new TestRequest({ authorization: `${scheme} ${token}`, ...headers });
}

describe("bearer", () => {
  it.each<[transports: unknown, received: string]>([
    [[], "undefined"],
    [["bearer"], '"bearer"'],
    [["cookie", "bearer"], '"bearer"'],
    [[bearer(), bearer()], "an array"],
    [[undefined], "undefined"],
    [[null], "null"],
    [[{}], "an object"],
    ["bearer", '"bearer"'],
    [false, "false"],
  ])("the manager rejects transports %#", (transports, received) => {
    expect(() => new Manager(new GatedStore(), { transports } as never)).toThrow(
      new TypeError(`transports besides "cookie" must be the result of bearer(). Received ${received}.`),
    );
  });

  it.each([
    [{ header: "" }, /^bearer\.header must be the name of a header/],
    [{ header: "a b" }, /^bearer\.header/],
    [{ header: "x\r\ny" }, /^bearer\.header/],
    [{ dpop: {} }, /^bearer\.dpop must be the result of dpop\(\)/],
    [{ headers: "x" }, /^"headers" is not an option of bearer\./],
  ])("rejects the options %j", (options, message) => {
    expect(() => bearer(options as never)).toThrow(message);
  });

  it("one transport serves several managers, whose sessions stay apart", async () => {
    const transport = bearer();
    const users = createApps({ transports: [transport] });
    const admins = testSessions(users.manager.with({ cookie: { name: "admin" } }));
    const { token } = await users.loginApp();
    expect(await users.reasonOf(token)).toBeUndefined();
    expect(await admins.authorize(app(token))).toBe("unknown");
    const root = await initBearer(admins, new TestRequest(), "root");
    expect(await admins.authorize(app(root.token))).toBeUndefined();
    expect(await users.reasonOf(root.token)).toBe("unknown");
  });

  it("a manager without the transport ignores the header", async () => {
    const { loginApp, manager } = createApps();
    const { token } = await loginApp();
    const cookies = testSessions(manager.with({ transports: ["cookie"] }));
    const browser = new Browser();
    await browser.visit((request) => cookies.init(request, "bob"));
    const cookie = browser.request().headers.cookie;
    expect(await cookies.authorize(app(token))).toBe("no_cookie");
    expect(await cookies.authorize(app(token, { cookie }))).toBeUndefined();
    await expect(initBearer(cookies, new TestRequest(), "ann")).rejects.toThrow(
      new TypeError(
        'initBearer requires the bearer transport. Create the manager with transports: ["cookie", bearer()].',
      ),
    );
  });

  it("a manager with only this transport ignores the cookie, and accepts logins from any origin", async () => {
    const both = createApps();
    const browser = new Browser();
    await both.login(browser);
    const apps = testSessions(both.manager.with({ transports: [bearer()] }));
    const { cookie = "" } = browser.request().headers;
    expect(await apps.authorize(new TestRequest({ cookie }))).toBe("no_cookie");
    const { token } = await initBearer(apps, new TestRequest(CROSS), "ann");
    expect(await apps.authorize(app(token))).toBeUndefined();
    expect(await apps.authorize(app(token, { cookie }))).toBe("malformed");
    // Managers over one store share the sessions of their apps.
    expect(await both.reasonOf(token)).toBeUndefined();
  });

  it("init throws a TypeError that names initBearer if the cookie is not a transport", async () => {
    const { sessions, store } = createApps({ transports: [bearer()] });
    const init = sessions.init(new TestRequest(), "ann");
    await expect(init).rejects.toThrow(TypeError);
    await expect(init).rejects.toThrow(/Call initBearer of "sessionup\/bearer"/);
    expect(store.calls).toEqual([]);
  });

  it("init rejects a request with a bearer token before any I/O, so that no header turns a cookie into a token", async () => {
    const { sessions, store } = createApps();
    const request = app("x");
    await expect(sessions.init(request, "ann")).rejects.toMatchObject({ reason: "malformed" });
    expect([store.calls, request.cookies, [...request.responseHeaders]]).toEqual([[], [], []]);
  });

  it("a session of another transport keeps apart from previous cookies", async () => {
    const store = new GatedStore();
    const before = createApps({ cookie: { name: "sid" } }, undefined, store);
    const { token, session } = await before.loginApp();
    const browser = new Browser();
    await before.login(browser);
    const previous = previousCookies([{ name: "sid" }, { name: "app", path: "/old" }]);
    const now = createApps({ cookie: { name: "app", previous } }, undefined, store);
    // The app keeps its token, and the browser gets a cookie of the new name.
    const request = app(token);
    expect(await now.sessions.authorize(request)).toBeUndefined();
    expect(request.cookies).toEqual([]);
    expect(await now.reason(browser)).toBeUndefined();
    expect([...browser.jar.keys()]).toEqual(["__Host-app"]);
    // In a cookie of either name, the app's token is worth nothing.
    for (const name of ["__Host-app", "__Host-sid"]) {
      const carried = new TestRequest({ cookie: `${name}=${token}` });
      expect(await now.sessions.authorize(carried)).toBe("unknown");
      expect(carried.cookies).toEqual([]);
      expect(await now.reasonOf(token, { cookie: `${name}=${token}` })).toBe("malformed");
    }
    expect((await store.fetchById(session.id))?.data).toMatchObject({ cookie: "Bearer sid" });
    const moved = String(browser.jar.get("__Host-app"));
    expect(await now.reasonOf(moved)).toBe("unknown");
  });

  it("the compare-and-set of a rotation verifies the token under its own transport", async () => {
    const { loginApp, sessions, store } = createApps();
    const { token } = await loginApp();
    const request = app(token);
    await sessions.get(request);
    // Another request changes the session first.
    const held = store.hold("update");
    const first = sessions.rotate(request);
    await held.arrived;
    await sessions.reauthenticate(app(token));
    held.open();
    await first;
    expect(request.responseHeaders.get(HEADER) ?? "").not.toBe(token);
    // The same for metadata.
    const again = store.hold("update");
    const next = app(String(request.responseHeaders.get(HEADER) ?? token));
    const update = sessions.updateMeta(next, (meta) => meta);
    await again.arrived;
    await sessions.updateMeta(app(next.headers.authorization?.slice(7) ?? ""), (meta) => meta);
    again.open();
    expect(await update).toMatchObject({ kind: "app" });
  });
});

describe("initBearer", () => {
  it("returns a token that appears in no event, list, log or record", async () => {
    const { loginApp, manager, events, sessions, store } = createApps({ live: liveSessions() });
    const { session, token, request } = await loginApp("ann", { deviceName: "phone" });
    const secret = token.slice(token.indexOf(".") + 1);
    await sessions.fetchAll(request);
    const seen = inspect(
      [
        session,
        events,
        request,
        manager,
        await manager.fetchByUserKey("ann"),
        await store.fetchById(session.id),
      ],
      { depth: 20, showHidden: true },
    );
    expect(seen).toContain("phone");
    expect(seen).not.toContain(secret.slice(0, 16));
    expect(JSON.stringify(session)).not.toContain(secret.slice(0, 16));
    expect([session.kind, session.deviceName, session.current]).toEqual(["app", "phone", true]);
    expect([request.cookies, [...request.responseHeaders]]).toEqual([[], [["cache-control", "no-store"]]]);
    session.signal.throwIfAborted();
  });

  it("has the options of init, and rejects others before any I/O", async () => {
    const { loginApp, store } = createApps({ nist: "aal2" });
    const { session } = await loginApp("ann", { level: 2, expiresIn: "1h", deviceName: 5 });
    expect([session.level, session.deviceName]).toEqual([2, undefined]);
    expect(session.expiresAt.getTime() - session.createdAt.getTime()).toBe(3_600_000);
    store.calls.length = 0;
    await expect(loginApp("")).rejects.toThrow(/^userKey must not be empty/);
    await expect(loginApp("ann", { expiresIn: "2d" })).rejects.toThrow(/^init\.expiresIn must be at most/);
    await expect(loginApp("ann", { device: "x" })).rejects.toThrow(/^"device" is not an option of init/);
    await expect(initBearer({} as never, new TestRequest(), "ann")).rejects.toThrow(/^sessions must be/);
    expect(store.calls).toEqual([]);
  });

  it("works after the headers of the response were sent: the caller has the token", async () => {
    const { loginApp, reasonOf } = createApps();
    const request = new TestRequest();
    request.sent = true;
    const { token } = await loginApp("ann", {}, request);
    expect([...request.responseHeaders]).toEqual([]);
    expect(await reasonOf(token)).toBeUndefined();
  });

  it("ends the sessions that the request proves, and only these", async () => {
    const { loginApp, login, reasonOf, reason, record } = createApps();
    const ended = record("ended");
    const first = await loginApp();
    const wrong = `${first.session.id}.${"x".repeat(65)}`;
    await loginApp("ann", {}, app(wrong));
    expect(await reasonOf(first.token)).toBeUndefined();
    const second = await loginApp("bob", {}, app(first.token));
    expect(await reasonOf(first.token)).toBe("unknown");
    expect(second.request.responseHeaders.get(HEADER)).toBeUndefined();
    const browser = new Browser();
    const { id } = await login(browser);
    await browser.visit((request) => loginApp("cid", {}, request));
    expect([browser.jar.size, await reason(browser)]).toEqual([0, "no_cookie"]);
    expect(ended.map(({ ids, reason }) => [ids[0], reason])).toEqual([
      [first.session.id, "logout"],
      [id, "logout"],
    ]);
  });

  it("rejects a cross-origin login unless it is allowed, because it can end a browser's session", async () => {
    const { loginApp, store } = createApps();
    await expect(loginApp("ann", {}, new TestRequest(CROSS))).rejects.toMatchObject({
      code: "ERR_CROSS_ORIGIN",
    });
    expect(store.calls).toEqual([]);
    await loginApp("ann", { crossOrigin: "allow" }, new TestRequest(CROSS));
  });

  it("works with bound sessions", async () => {
    const { sessions, reasonOf } = createApps();
    const bound = contextSessions(sessions);
    const { token } = await bound.run(new TestRequest(), async () => {
      const begun = await initBearer(bound, "ann", { deviceName: "phone" });
      expect((await bound.get())?.id).toBe(begun.session.id);
      return begun;
    });
    expect(await reasonOf(token)).toBeUndefined();
    await bound.run(new TestRequest(CROSS), () => initBearer(bound, "ann", { crossOrigin: "allow" }));
  });

  it("a method that follows in the same request uses the new session and its header", async () => {
    const { sessions, loginApp, reasonOf } = createApps();
    const { request, token } = await loginApp();
    await sessions.rotate(request);
    expect(request.responseHeaders.get(HEADER)?.split(".")[0]).toBe(token.split(".")[0]);
    await sessions.revoke(request);
    expect([request.responseHeaders.get(HEADER), request.cookies]).toEqual(["", []]);
    expect(await reasonOf(token)).toBe("unknown");
  });

  it("compares apps with all sessions of the user, and gives them no cookie", async () => {
    const { loginApp, record, login } = createApps({
      keys: [KEY],
      recognize: recognition({ device: true }),
    });
    const created = record("created");
    await login(new Browser());
    const { request } = await loginApp();
    expect(request.cookies).toEqual([]);
    await loginApp();
    await login(new Browser());
    expect(created.map(({ seen }) => [seen?.sessions, seen?.device])).toEqual([
      [0, false],
      [1, undefined],
      [2, undefined],
      [3, false],
    ]);
  });
});

describe("requests of apps", () => {
  it("are rotated by time over the header, and theft is detected", async () => {
    const { loginApp, sessions, reasonOf, clock, record } = createApps({
      rotateEvery: "1m",
      tombstones: "1h",
    });
    const ended = record("ended");
    const { token } = await loginApp();
    clock.advance("1m");
    const request = app(token);
    expect(await sessions.authorize(request)).toBeUndefined();
    const next = request.responseHeaders.get(HEADER) ?? "";
    expect(request.responseHeaders.get("cache-control")).toBe("no-store");
    expect(next).toMatch(/^\w{22}\.\w{65}$/);
    expect(await reasonOf(next)).toBeUndefined();
    clock.advance("31s");
    const stolen = app(token);
    expect(await sessions.authorize(stolen)).toBe("reused");
    expect(stolen.responseHeaders.get(HEADER)).toBe("");
    expect(await reasonOf(next)).toBe("reused");
    expect(ended.map(({ reason }) => reason)).toEqual(["reused"]);
  });

  it("get no new secret once the headers were sent, nor on an upgrade", async () => {
    const { loginApp, sessions, clock } = createApps({ rotateEvery: "1m" });
    const { token } = await loginApp();
    clock.advance("2m");
    for (const request of [app(token), app(token, { upgrade: "websocket" })]) {
      request.sent = !request.headers.upgrade;
      expect(await sessions.authorize(request)).toBeUndefined();
      expect(request.responseHeaders.get(HEADER)).toBeUndefined();
    }
    const late = app(token);
    late.sent = true;
    await expect(sessions.rotate(late)).rejects.toMatchObject({ code: "ERR_HEADERS_SENT" });
  });

  it("have a header of another name on demand", async () => {
    const { loginApp, sessions } = createApps({}, { header: "X-Session" });
    const { token } = await loginApp();
    const request = app(token);
    await sessions.rotate(request);
    expect(request.responseHeaders.get("x-session")).toMatch(/^\w+\.\w+$/);
  });

  it("end with idleTimeout, notBefore and maxSessions like those of browsers", async () => {
    const { loginApp, login, reasonOf, reason, clock, manager } = createApps({
      idleTimeout: "10m",
      tombstones: "1h",
      maxSessions: { max: 2, onExceed: "evict-oldest" },
    });
    const idle = await loginApp();
    clock.advance("10m");
    expect(await reasonOf(idle.token)).toBe("idle");
    const [first, browser] = [await loginApp("bob"), new Browser()];
    clock.advance("1m");
    await login(browser, "bob");
    await loginApp("bob");
    expect(await reasonOf(first.token)).toBe("evicted");
    clock.advance("1m");
    manager.notBefore = new Date(clock.now());
    expect(await reason(browser)).toBe("revoked");
  });

  it("update metadata and end each other like those of browsers", async () => {
    const { loginApp, login, sessions, reason, reasonOf, clock } = createApps();
    const browser = new Browser();
    await login(browser);
    clock.advance("1m");
    const { token } = await loginApp();
    expect(await sessions.updateMeta(app(token), (meta) => meta)).toMatchObject({ kind: "app" });
    expect((await sessions.fetchAll(app(token))).map(({ kind, current }) => [kind, current])).toEqual([
      ["app", true],
      ["browser", false],
    ]);
    await sessions.revokeOther(app(token));
    expect(await reason(browser)).toBe("unknown");
    const request = app(token);
    await sessions.revokeAll(request);
    expect([request.cookies, request.responseHeaders.get("clear-site-data")]).toEqual([[], undefined]);
    expect(await reasonOf(token)).toBe("unknown");
  });

  it("have signals that end with them, over one subscription for both transports", async () => {
    const { loginApp, login, manager, store } = createApps({ live: liveSessions() });
    const browser = await login(new Browser());
    const { session } = await loginApp();
    expect([browser.signal.aborted, session.signal.aborted]).toEqual([false, false]);
    await vi.waitFor(() => expect(store.listening).toBe(1));
    await manager.revokeById(session.id);
    expect([browser.signal.aborted, session.signal.aborted]).toEqual([false, true]);
    await manager.revokeByUserKey("ann");
    expect(store.listening).toBe(1);
  });

  it("a store outage is 503 and has no challenge", async () => {
    const { loginApp, sessions, store } = createApps();
    const { token } = await loginApp();
    store.fail("fetchById", new Error("down"));
    const request = app(token);
    expect(await sessions.authorize(request)).toBe("ERR_STORE");
    expect(request.responseHeaders.get("www-authenticate")).toBeUndefined();
  });
});

describe("bearer({ dpop })", () => {
  /** Accepts a proof whose text is the thumbprint of the key and the token. */
  const dpop: DpopProofs = {
    challenge: 'algs="ES256"',
    async bind(exchange) {
      const proof = exchange.header("dpop");
      if (proof === "bad") throw SessionError.unauthorized("malformed");
      return proof;
    },
    verify: async (exchange, _lifecycle, { token, jkt }) =>
      exchange.header("dpop") === `${jkt} ${token}` ? "ok" : "invalid_dpop_proof",
  };
  const withProof = { dpop: "key" };

  it("a session that is bound to a key needs the scheme DPoP and a proof, and any other the scheme Bearer", async () => {
    const { loginApp, reasonOf, store } = createApps({}, { dpop });
    const bound = await loginApp("ann", {}, new TestRequest(withProof));
    const plain = await loginApp();
    expect((await store.fetchById(bound.session.id))?.data.jkt).toBe("key");
    const proof = { dpop: `key ${bound.token}` };
    expect(await reasonOf(bound.token, proof, "DPoP")).toBeUndefined();
    expect(await reasonOf(bound.token, proof, "dpop")).toBeUndefined();
    expect(await reasonOf(bound.token, proof)).toBe("malformed");
    expect(await reasonOf(bound.token)).toBe("malformed");
    expect(await reasonOf(bound.token, withProof, "DPoP")).toBe("malformed");
    expect(await reasonOf(plain.token)).toBeUndefined();
    expect(await reasonOf(plain.token, { dpop: `key ${plain.token}` }, "DPoP")).toBe("malformed");
    await expect(loginApp("ann", {}, new TestRequest({ dpop: "bad" }))).rejects.toThrow(SessionError);
  });

  it("a request without a valid proof uses and ends nothing", async () => {
    const { loginApp, reasonOf, sessions, clock, store } = createApps({ rotateEvery: "1m" }, { dpop });
    const { token } = await loginApp("ann", {}, new TestRequest(withProof));
    clock.advance("2m");
    store.calls.length = 0;
    const request = app(token, withProof, "DPoP");
    await sessions.revoke(request);
    expect(await sessions.authorize(request)).toBe("malformed");
    expect([store.calls, [...request.responseHeaders.keys()]]).toEqual([["fetchById"], ["www-authenticate"]]);
    expect(await reasonOf(token, { dpop: `key ${token}` }, "DPoP")).toBeUndefined();
  });

  it("a manager without dpop accepts no session that is bound to a key", async () => {
    const { loginApp, manager } = createApps({}, { dpop });
    const { token } = await loginApp("ann", {}, new TestRequest(withProof));
    const other = testSessions(manager.with({ transports: ["cookie", bearer()] }));
    expect(await other.authorize(app(token))).toBe("malformed");
    expect(await other.authorize(app(token, { dpop: `key ${token}` }, "DPoP"))).toBe("no_cookie");
  });

  it("the challenge names both schemes, and the error of the one that was used", async () => {
    const { loginApp, sessions } = createApps({}, { dpop });
    const { token } = await loginApp("ann", {}, new TestRequest(withProof));
    const challenge = async (request: TestRequest) => {
      await sessions.authorize(request);
      return request.responseHeaders.get("www-authenticate");
    };
    expect(await challenge(new TestRequest())).toBe('Bearer realm="sessions", DPoP algs="ES256"');
    expect(await challenge(app("x"))).toBe(
      'Bearer realm="sessions", error="invalid_token", DPoP algs="ES256"',
    );
    expect(await challenge(app(token, {}, "DPoP"))).toBe(
      'Bearer realm="sessions", DPoP error="invalid_dpop_proof", algs="ES256"',
    );
  });
});
