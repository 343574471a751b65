import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";

const CROSS = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };

/** Creates a request that a page of another origin sends with the browser's cookies. */
function toCrossOrigin(browser: Browser, method = "POST"): TestRequest {
  return new TestRequest({ ...browser.request().headers, ...CROSS }, method);
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
  ])("rejects the user key %j before any I/O", async (userKey, message) => {
    const { store, sessions, manager } = createHarness();
    const request = new TestRequest();
    await expect(sessions.init(request, userKey as string)).rejects.toThrow(message);
    await expect(sessions.init(request, userKey as string)).rejects.toThrow(TypeError);
    await expect(manager.fetchByUserKey(userKey as string)).rejects.toThrow(message);
    await expect(manager.revokeByUserKey(userKey as string)).rejects.toThrow(message);
    expect(store.calls).toEqual([]);
    expect(request.cookies).toEqual([]);
  });

  it("accepts a user key of exactly 1 kB, with any characters", async () => {
    const { login, sessions } = createHarness();
    for (const userKey of ["x".repeat(1_024), "ü".repeat(512), "\0\n'{}%", "__proto__"]) {
      const browser = new Browser();
      await login(browser, userKey);
      expect((await browser.visit(sessions.get))?.userKey).toBe(userKey);
    }
  });

  it("rejects unknown and invalid options before any I/O", async () => {
    const { store, sessions } = createHarness();
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
});

describe("loading the session", () => {
  it("reads once for concurrent callers", async () => {
    const { login, sessions, store } = createHarness();
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

  it("reads nothing and sets no cookie without a session cookie", async () => {
    const { sessions, store } = createHarness();
    const request = new TestRequest({ cookie: "theme=dark; sessionup=x; __Secure-sessionup=y" });
    expect(await sessions.get(request)).toBeUndefined();
    expect([store.calls, request.cookies]).toEqual([[], []]);
  });

  it("accepts a token only in the cookie", async () => {
    const { login, sessions } = createHarness();
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

  it("current and require throw a TypeError before the session is loaded", () => {
    const { sessions } = createHarness();
    expect(() => sessions.current(new TestRequest())).toThrow(/^current found no loaded session/);
    expect(() => sessions.require(new TestRequest())).toThrow(/^require found no loaded session/);
  });

  it("require throws the reason for the missing session", async () => {
    const { sessions } = createHarness();
    const request = new TestRequest();
    await sessions.get(request);
    expect(() => sessions.require(request)).toThrow(
      expect.objectContaining({ code: "ERR_UNAUTHORIZED", reason: "no_cookie" }),
    );
    expect(sessions.current(request)).toBeUndefined();
  });
});

describe("cross-origin requests", () => {
  it("every method that loads the session rejects unsafe cross-origin requests without a store call [asvs 3.5.1]", async () => {
    const { store, sessions, login, record } = createHarness();
    const rejected = record("rejected");
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
    for (const [name, attempt] of Object.entries(attempts)) {
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "QUERY", "get", ""]) {
        const request = toCrossOrigin(browser, method);
        await expect(attempt(request), `${name} ${method}`).rejects.toMatchObject({
          code: "ERR_CROSS_ORIGIN",
        });
        expect(request.cookies).toEqual([]);
      }
    }
    expect(store.calls).toEqual([]);
    expect(rejected).toHaveLength(70);
    expect(rejected[0]).toEqual({ reason: "cross_origin", at: expect.any(Number) });
  });

  it("cross-origin requests are allowed with GET, HEAD and OPTIONS [asvs 3.5.3]", async () => {
    const { sessions, login } = createHarness();
    const browser = new Browser();
    await login(browser);
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      expect((await sessions.get(toCrossOrigin(browser, method)))?.userKey).toBe("ann");
      expect(await sessions.authorize(toCrossOrigin(browser, method))).toBeUndefined();
    }
  });

  it("the handshake of a WebSocket is rejected with GET, too, without a store call", async () => {
    const { store, sessions, login } = createHarness();
    const browser = new Browser();
    await login(browser);
    store.calls.length = 0;
    browser.headers = { upgrade: "websocket" };
    expect(await sessions.authorize(toCrossOrigin(browser, "GET"))).toBe("ERR_CROSS_ORIGIN");
    expect((await sessions.guards.public()(toCrossOrigin(browser, "GET")))?.status).toBe(403);
    await expect(sessions.get(toCrossOrigin(browser, "GET"))).rejects.toMatchObject({
      code: "ERR_CROSS_ORIGIN",
    });
    expect(store.calls).toEqual([]);
    expect(await sessions.authorize(browser.request("GET"))).toBeUndefined();
    const allowed = sessions.guards.auth({ crossOrigin: "allow" });
    expect(await allowed(toCrossOrigin(browser, "GET"))).toBeUndefined();
  });

  it('are accepted by init only with crossOrigin: "allow"', async () => {
    const { sessions } = createHarness();
    const request = toCrossOrigin(new Browser());
    await sessions.init(request, "ann", { crossOrigin: "allow" });
    expect(request.cookies).toHaveLength(1);
    await expect(
      sessions.init(toCrossOrigin(new Browser()), "ann", { crossOrigin: "reject" }),
    ).rejects.toMatchObject({ code: "ERR_CROSS_ORIGIN" });
    await expect(
      sessions.init(toCrossOrigin(new Browser()), "ann", { crossOrigin: true as never }),
    ).rejects.toThrow('init.crossOrigin must be "allow" or "reject". Received true.');
  });

  it('are accepted for the whole request behind a middleware with crossOrigin: "allow"', async () => {
    const { sessions, login } = createHarness();
    const browser = new Browser();
    await login(browser);
    for (const guard of [sessions.guards.public, sessions.guards.auth]) {
      const request = toCrossOrigin(browser);
      expect(await guard({ crossOrigin: "allow" })(request)).toBeUndefined();
      expect((await sessions.updateMeta(request, (meta) => meta))?.userKey).toBe("ann");
    }
  });

  it('are rejected by a later middleware without crossOrigin: "allow"', async () => {
    const { sessions, login } = createHarness();
    const browser = new Browser();
    await login(browser);
    const request = toCrossOrigin(browser);
    await sessions.guards.public({ crossOrigin: "allow" })(request);
    expect((await sessions.guards.auth()(request))?.code).toBe("ERR_CROSS_ORIGIN");
    await expect(sessions.revoke(request)).rejects.toMatchObject({ code: "ERR_CROSS_ORIGIN" });
    expect((await sessions.guards.auth()(toCrossOrigin(browser)))?.status).toBe(403);
  });

  it("are accepted only by the manager that trusts their origin", async () => {
    const { manager, sessions, login } = createHarness();
    const trusting = testSessions(manager.with({ trustedOrigins: [CROSS.origin] }));
    const browser = new Browser();
    await login(browser);
    const request = toCrossOrigin(browser);
    expect((await trusting.get(request))?.userKey).toBe("ann");
    await expect(sessions.get(request)).rejects.toMatchObject({ code: "ERR_CROSS_ORIGIN" });
  });
});
