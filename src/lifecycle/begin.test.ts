import { describe, expect, it } from "vitest";
import { Browser, TestRequest } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";
import { clientValidation } from "../client-validation/client-validation.ts";
import type { ManagerOptions } from "../index.ts";

const [KEY, OTHER] = ["k".repeat(32), "o".repeat(32)];

function setUp(options: ManagerOptions = {}) {
  const harness = createHarness(options);
  const { sessions, record } = harness;
  return {
    ...harness,
    created: record("created"),
    errors: record("error"),
    /** Logs in from an address. */
    loginFrom: (browser: Browser, peer: string) =>
      browser.visit((request) => sessions.init(Object.assign(request, { peer }), "ann")),
  };
}

describe("init", () => {
  it("expiresIn of init overrides the expiresIn of the manager", async () => {
    const { sessions, clock, reason } = setUp({ expiresIn: "1h" });
    const [short, remembered] = [new Browser(), new Browser()];
    const cookieOf = async (browser: Browser, expiresIn?: "30d") => {
      const request = browser.request();
      await sessions.init(request, "ann", expiresIn ? { expiresIn } : {});
      browser.receive(request);
      return request.cookies[0];
    };
    expect(await cookieOf(short)).toMatchObject({ maxAge: 3_600, expires: clock.now() + 3_600_000 });
    expect(await cookieOf(remembered, "30d")).toMatchObject({ maxAge: 2_592_000 });
    clock.advance("1h");
    expect([await reason(short), await reason(remembered)]).toEqual(["expired", undefined]);
  });

  it("stores no part of the secret", async () => {
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

  it("ends a planted session of another user, and undoes itself when that fails", async () => {
    const { login, reason, sessions, store, manager } = setUp();
    const [attacker, victim] = [new Browser(), new Browser()];
    await login(attacker, "mallory");
    victim.jar.set(...([...attacker.jar][0] as [string, string]));
    store.fail("deleteById");
    await expect(login(victim, "ann")).rejects.toMatchObject({ code: "ERR_STORE" });
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
    expect((await victim.visit(sessions.get))?.userKey).toBe("mallory");
    await login(victim, "ann");
    expect(await reason(attacker)).toBe("unknown");
    expect((await victim.visit(sessions.get))?.userKey).toBe("ann");
  });

  it("ends the replaced session as logout, with one store call for each step", async () => {
    const { login, store, events } = setUp();
    const browser = new Browser();
    await login(browser, "mallory");
    store.calls.length = events.length = 0;
    await login(browser, "ann");
    expect(store.calls).toEqual(["fetchById", "create", "deleteById"]);
    expect(events).toMatchObject([
      ["created", { userKey: "ann", by: { kind: "user", id: "ann" } }],
      ["ended", { reason: "logout", userKey: "mallory" }],
    ]);
    store.calls.length = 0;
    await login(browser, "ann");
    expect(store.calls).toEqual(["fetchById", "create"]);
  });

  it("ends the new session as a logout when its cookie cannot be set", async () => {
    const { sessions, events } = createHarness();
    const request = new TestRequest();
    request.setCookie = () => {
      throw new Error("Cannot set headers after they are sent to the client");
    };
    await expect(sessions.init(request, "ann")).rejects.toThrow("Cannot set headers");
    expect(events).toMatchObject([
      ["created", { userKey: "ann" }],
      ["ended", { userKey: "ann", reason: "logout" }],
    ]);
  });

  it("names the party that logs the user in, to the store and in created", async () => {
    const { sessions, store, events } = setUp();
    const by = { kind: "admin", id: "support-7" } as const;
    const { create } = store;
    const given: unknown[] = [];
    store.create = (record, options) => {
      given.push(options.by);
      return create(record, options);
    };
    await new Browser().visit((request) => sessions.init(request, "ann", { by }));
    expect(given).toEqual([by]);
    expect(events).toMatchObject([["created", { userKey: "ann", by }]]);
    await expect(sessions.init(new TestRequest(), "ann", { by: { kind: "boss" } as never })).rejects.toThrow(
      "init.by.kind",
    );
  });

  it("stores no members for absent and default values", async () => {
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

  it("leaves one session when called twice in one request", async () => {
    const { sessions, manager } = setUp();
    const request = new TestRequest();
    const first = await sessions.init(request, "ann");
    const second = await sessions.init(request, "ann");
    expect(second.id).not.toBe(first.id);
    expect((await manager.fetchByUserKey("ann")).map(({ id }) => id)).toEqual([second.id]);
  });

  it("writes nothing when the store fails to load the current session", async () => {
    const { login, sessions, store } = setUp();
    const browser = new Browser();
    await login(browser);
    store.calls.length = 0;
    store.fail("fetchById");
    const request = browser.request();
    await expect(sessions.init(request, "ann")).rejects.toMatchObject({ code: "ERR_STORE" });
    expect([store.calls, request.cookies]).toEqual([["fetchById"], []]);
  });

  it("undoes itself when the response is sent meanwhile", async () => {
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

describe("client", () => {
  it("ip: false and agent: false keep neither address nor labels", async () => {
    const { sessions } = setUp({ client: { ip: false, agent: false } });
    const session = await sessions.init(new TestRequest({ "user-agent": "curl/8.0" }), "ann");
    expect([session.ip, session.agent]).toEqual([undefined, undefined]);
    expect(JSON.parse(JSON.stringify(session))).not.toHaveProperty("ip");
  });

  it("parse may return any labels, and an invalid result or an error leaves the session without them", async () => {
    let parse: (userAgent: string) => unknown = (userAgent) => ({
      browser: `Own ${userAgent.length}`,
      os: "x".repeat(100),
    });
    const { sessions, events } = setUp({ client: { parse: (userAgent) => parse(userAgent) as object } });
    const init = async () =>
      (await sessions.init(new TestRequest({ "user-agent": "y".repeat(9_999) }), "ann")).agent;
    expect(await init()).toEqual({ browser: "Own 512", os: "x".repeat(64) });
    for (const invalid of [undefined, null, {}, { browser: 5, os: "" }, "text"]) {
      parse = () => invalid;
      expect(await init()).toBeUndefined();
    }
    parse = () => {
      throw new Error("catastrophic");
    };
    expect(await init()).toBeUndefined();
    expect(events.at(-2)).toMatchObject(["error", { error: { cause: Error("catastrophic") } }]);
  });
});

describe("client.ip", () => {
  it.each([
    { ip: true, shown: "203.0.113.9", six: "2001:db8::9" },
    { ip: "prefix", shown: "203.0.113.0/24", six: "2001:db8:0:0::/64" },
    { ip: "hash", shown: undefined, six: undefined },
    { ip: false, shown: undefined, six: undefined },
  ] as const)("$ip shows $shown, and stores no more", async ({ ip, shown, six }) => {
    const { loginFrom, manager, created, store } = setUp({ client: { ip }, keys: [KEY] });
    for (const [address, expected] of [
      ["203.0.113.9", shown],
      ["2001:db8::9", six],
    ] as const) {
      await loginFrom(new Browser(), address);
      const [session] = await manager.fetchByUserKey("ann");
      expect([session?.ip, JSON.parse(JSON.stringify(session)).ip, created.at(-1)?.ip]).toEqual([
        expected,
        expected,
        expected,
      ]);
      const kept = JSON.stringify(await store.fetchById(session?.id ?? ""));
      expect(kept.includes(address)).toBe(ip === true);
      expect(kept.includes('"network":')).toBe(ip === "hash");
      expect(JSON.stringify([session, created.at(-1)])).not.toContain("network");
      await manager.revokeByUserKey("ann");
    }
  });

  it.each(["prefix", "hash"] as const)("%s keeps nothing of an unknown address", async (ip) => {
    const { loginFrom, store } = setUp({ client: { ip }, keys: [KEY] });
    const { id } = await loginFrom(new Browser(), "unknown");
    expect(Object.keys((await store.fetchById(id))?.data ?? {})).not.toContain(
      ip === "hash" ? "network" : "ip",
    );
  });

  it('"hash" stores a different hash with another key', async () => {
    const hashes = new Set<unknown>();
    for (const keys of [[KEY], [OTHER]]) {
      const { loginFrom, store, manager } = setUp({ client: { ip: "hash" }, keys });
      await loginFrom(new Browser(), "203.0.113.9");
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
  it("is called once, at the login, with the whole address, and its result is kept", async () => {
    const calls: string[] = [];
    const geo = async (ip: string) => {
      calls.push(ip);
      return { country: "DE", city: "Köln" };
    };
    const { loginFrom, manager, created, reason } = setUp({
      client: { ip: "prefix", geo },
      validate: clientValidation({ ip: true }),
    });
    const browser = new Browser();
    await loginFrom(browser, "203.0.113.9");
    await reason(browser);
    const [session] = await manager.fetchByUserKey("ann");
    expect(calls).toEqual(["203.0.113.9"]);
    expect([session?.geo, session?.toJSON().geo, created[0]?.geo]).toEqual(
      Array.from({ length: 3 }, () => ({ country: "DE", city: "Köln" })),
    );
  });

  it("is called when no address is kept, but not for an unknown address", async () => {
    const { loginFrom, manager, errors } = setUp({ client: { ip: false, geo: (ip) => ip.length } });
    await loginFrom(new Browser(), "203.0.113.9");
    await loginFrom(new Browser(), "unknown");
    const all = await manager.fetchByUserKey("ann");
    expect(all.map(({ ip }) => ip)).toEqual([undefined, undefined]);
    expect(new Set(all.map(({ geo }) => geo))).toEqual(new Set([11, undefined]));
    expect(all.every((session) => !("ip" in session.toJSON()))).toBe(true);
    expect(errors).toEqual([]);
  });

  it.each<[what: string, geo: () => never | undefined]>([
    [
      "throws",
      () => {
        throw new Error("no database");
      },
    ],
    ["returns more than 1 024 characters", () => "x".repeat(1_023) as never],
    ["returns no JSON", () => 1n as never],
    ["rejects", () => Promise.reject(new Error("no database")) as never],
  ])("a function that %s does not fail the login, and is emitted as error", async (_what, geo) => {
    const { login, manager, errors } = setUp({ client: { geo } });
    await login(new Browser());
    const [session] = await manager.fetchByUserKey("ann");
    expect([session?.ip, session?.geo]).toEqual(["192.0.2.1", undefined]);
    expect(errors.map(({ error }) => error.message)).toEqual(["client.geo failed"]);
    expect(errors[0]?.error.cause).toBeInstanceOf(Error);
  });

  it("may return undefined", async () => {
    const { login, manager, errors, created } = setUp({ client: { geo: () => undefined } });
    await login(new Browser());
    const [session] = await manager.fetchByUserKey("ann");
    expect(["geo" in (session?.toJSON() ?? {}), errors]).toEqual([false, []]);
    expect(created[0]).not.toHaveProperty("geo");
    expect(created[0]).not.toHaveProperty("seen");
  });
});
