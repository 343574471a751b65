import { afterEach, describe, expect, it, vi } from "vitest";
import { Browser, type TestRequest, testSessions } from "../../test/support/browser.ts";
import { toForeignPromise } from "../../test/support/foreign-promise.ts";
import { createHarness } from "../../test/support/harness.ts";
import { clientValidation } from "../client-validation/client-validation.ts";
import {
  type AuthOptions,
  Manager,
  type ManagerOptions,
  type MaybePromise,
  type SessionRecord,
  type Store,
} from "../index.ts";
import { memoryStore } from "../stores/memory.ts";
import { TestClock } from "../testing/test-clock.ts";

async function setUp(options: ManagerOptions = {}) {
  const harness = createHarness({ idleTimeout: "30m", ...options });
  const browser = new Browser();
  await harness.login(browser);
  const lastSeenAt = async () => (await harness.manager.fetchByUserKey("ann"))[0]?.lastSeenAt.getTime();
  return { ...harness, browser, lastSeenAt };
}

describe("the options of auth and public", () => {
  it.each([
    [{ touch: 1 }, /^auth\.touch must be true or false\. Received 1\./],
    [{ maxAuthAge: 600 }, /^auth\.maxAuthAge/],
    [
      { maxAge: "10m" },
      /^"maxAge" is not an option of auth\. The options are touch, crossOrigin, maxAuthAge, level\./,
    ],
    [{ level: 0 }, /^auth\.level must be a positive integer/],
    [{ level: "2" }, /^auth\.level must be a positive integer/],
    [null, /^The options of auth must be an object\. Received null\./],
  ])("reject %j when the middleware is created", async (options, message) => {
    const { sessions } = await setUp();
    expect(() => sessions.guards.auth(options as unknown as AuthOptions)).toThrow(message);
    expect(() => sessions.guards.auth(options as unknown as AuthOptions)).toThrow(TypeError);
  });

  it("of public do not include step-up options", async () => {
    const { sessions } = await setUp();
    const options = { maxAuthAge: "10m" } as object;
    expect(() => sessions.guards.public(options)).toThrow(
      /^"maxAuthAge" is not an option of public\. The options are touch, crossOrigin\./,
    );
  });
});

describe("touch", () => {
  it("touch: false does not extend the idle timeout [asvs 7.3.1]", async () => {
    const { clock, sessions, browser, lastSeenAt } = await setUp();
    const begun = clock.now();
    const polls = [sessions.guards.auth({ touch: false }), sessions.guards.public({ touch: false })];
    for (let minute = 5; minute < 30; minute += 5) {
      clock.advance("5m");
      for (const poll of polls) expect(await browser.visit(poll)).toBeUndefined();
    }
    expect(await lastSeenAt()).toBe(begun);
    clock.advance("5m");
    expect(await browser.visit(sessions.guards.auth({ touch: false }))).toMatchObject({ reason: "idle" });
  });

  it("applies when any middleware of the request touches, in any order", async () => {
    const { clock, sessions, browser, lastSeenAt } = await setUp();
    const [quiet, counted] = [sessions.guards.public({ touch: false }), sessions.guards.auth()];
    for (const guards of [
      [quiet, counted],
      [counted, quiet],
    ]) {
      clock.advance("5m");
      const request = browser.request();
      for (const guard of guards) expect(await guard(request)).toBeUndefined();
      expect(await lastSeenAt()).toBe(clock.now());
      expect(sessions.current(request)?.lastSeenAt.getTime()).toBe(clock.now());
    }
  });

  it("needs no second read of a loaded session", async () => {
    const { clock, store, sessions, browser } = await setUp();
    clock.advance("5m");
    store.calls.length = 0;
    const request = browser.request();
    for (const guard of [sessions.guards.public(), sessions.guards.auth(), sessions.guards.auth()])
      expect(await guard(request)).toBeUndefined();
    expect(store.calls).toEqual(["fetchById", "update"]);
  });

  it("rejects a session that ended between two middlewares of a request", async () => {
    const { clock, manager, sessions, browser } = await setUp();
    clock.advance("5m");
    const request = browser.request();
    await sessions.guards.public({ touch: false })(request);
    await manager.revokeByUserKey("ann");
    expect(await sessions.guards.auth()(request)).toMatchObject({ reason: "revoked" });
    expect(sessions.current(request)).toBeUndefined();
  });

  it.each([
    ["sec-purpose", "prefetch"],
    ["sec-purpose", "prefetch;prerender"],
    ["sec-purpose", "prefetch;anonymous-client-ip"],
    ["purpose", "prefetch"],
    ["x-moz", "prefetch"],
    ["next-router-prefetch", "1"],
    ["next-router-prefetch", "2"],
  ])("a prefetch with %s: %s does not extend the idle timeout [asvs 7.3.1]", async (name, value) => {
    const { clock, sessions, browser, lastSeenAt } = await setUp();
    const begun = clock.now();
    clock.advance("5m");
    browser.headers = { [name]: value };
    for (const guard of [sessions.guards.auth(), sessions.guards.public(), sessions.get])
      for (const method of ["GET", "HEAD"]) await guard(browser.request(method));
    expect(await lastSeenAt()).toBe(begun);
    browser.headers = { "next-url": "/", rsc: "1", ...(name !== "next-router-prefetch" && { [name]: "" }) };
    await browser.visit(sessions.guards.auth());
    expect(await lastSeenAt()).toBe(clock.now());
  });

  it.each(["POST", "DELETE", "PROPFIND"])(
    "a %s request touches, whatever its prefetch headers say: browsers prefetch only with GET and HEAD",
    async (method) => {
      const { clock, sessions, browser, lastSeenAt } = await setUp();
      clock.advance("5m");
      browser.headers = { "sec-purpose": "prefetch", purpose: "prefetch" };
      await sessions.guards.auth()(browser.request(method));
      expect(await lastSeenAt()).toBe(clock.now());
    },
  );

  it("reads the prefetch headers only when a write is due", async () => {
    const { clock, sessions, browser } = await setUp();
    const asked: string[] = [];
    const visit = async () => {
      const request = browser.request("GET");
      const header = (name: string) => {
        asked.push(name);
        return request.headers[name];
      };
      await sessions.guards.auth()(Object.assign(request, { header }));
    };
    await visit();
    expect(asked.filter((name) => /purpose|moz|prefetch/.test(name))).toEqual([]);
    clock.advance("5m");
    await visit();
    expect(asked).toContain("sec-purpose");
  });
});

describe("level", () => {
  it("auth names the missing level, reauthenticate reaches it, and the level falls back when it expires [asvs 7.5.3]", async () => {
    const { clock, sessions, browser } = await setUp({ idleTimeout: "10h" });
    const [two, three] = [sessions.guards.auth({ level: 2 }), sessions.guards.auth({ level: 3 })];
    const needed = async (guard: typeof two) => (await browser.visit(guard))?.needed;
    expect([await needed(two), await needed(three)]).toEqual([{ level: 2 }, { level: 3 }]);
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2 }));
    await browser.visit((request) => sessions.reauthenticate(request, { level: 3, expiresIn: "15m" }));
    expect([await needed(two), await needed(three)]).toEqual([undefined, undefined]);
    expect((await browser.visit(sessions.get))?.level).toBe(3);
    clock.advance("15m");
    expect([await needed(two), await needed(three)]).toEqual([undefined, { level: 3 }]);
    expect((await browser.visit(sessions.get))?.level).toBe(2);
  });

  it("the new level is not available to the old secret [asvs 7.2.4]", async () => {
    const { clock, sessions, browser } = await setUp();
    const two = sessions.guards.auth({ level: 2 });
    const old = browser.request();
    const thief = browser.request();
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2 }));
    expect(await two(old)).toMatchObject({ reason: "stale_authentication", needed: { level: 2 } });
    expect(sessions.current(old)?.level).toBe(1);
    expect(await browser.visit(two)).toBeUndefined();
    clock.advance("30s");
    expect(await two(thief)).toMatchObject({ reason: "reused" });
  });

  it("the old secret keeps the former level, and a weaker proof does not raise it [asvs 7.2.4]", async () => {
    const { sessions, browser } = await setUp();
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2 }));
    const old = browser.request();
    const slow = browser.request();
    await browser.visit((request) => sessions.reauthenticate(request, { level: 3 }));
    expect((await sessions.get(old))?.level).toBe(2);
    await sessions.reauthenticate(slow);
    expect(sessions.current(slow)?.level).toBe(2);
    browser.receive(slow);
    expect((await browser.visit(sessions.get))?.level).toBe(2);
  });

  it("survives rotations and changes of the metadata", async () => {
    const { clock, sessions, browser } = await setUp({ rotateEvery: "1m", idleTimeout: "10h" });
    const two = sessions.guards.auth({ level: 2 });
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2, expiresIn: "1h" }));
    const secrets = new Set<string>();
    for (let minute = 0; minute < 58; minute += 2) {
      clock.advance("2m");
      expect(await browser.visit(two)).toBeUndefined();
      secrets.add(browser.jar.values().next().value ?? "");
      if (minute === 20) await browser.visit((request) => sessions.updateMeta(request, (meta) => meta));
      if (minute === 30) await browser.visit(sessions.rotate);
    }
    expect(secrets.size).toBeGreaterThan(20);
    clock.advance("2m");
    expect(await browser.visit(two)).toMatchObject({ needed: { level: 2 } });
  });

  it("re-authentication with a retired secret gives the level to the new secret only", async () => {
    const { sessions, browser } = await setUp();
    const two = sessions.guards.auth({ level: 2 });
    const slow = browser.request();
    const beside = browser.request();
    await browser.visit(sessions.rotate);
    await sessions.reauthenticate(slow, { level: 2 });
    expect(await two(slow)).toBeUndefined();
    expect(await two(beside)).toMatchObject({ needed: { level: 2 } });
    expect(await two(browser.request())).toMatchObject({ needed: { level: 2 } });
    browser.receive(slow);
    expect(await browser.visit(two)).toBeUndefined();
  });

  it("can be set by init", async () => {
    const { sessions } = await setUp();
    const browser = new Browser();
    const begun = await browser.visit((request) => sessions.init(request, "bob", { level: 2 }));
    expect(begun.level).toBe(2);
    expect(await browser.visit(sessions.guards.auth({ level: 2, maxAuthAge: "10m" }))).toBeUndefined();
    await expect(sessions.init(browser.request(), "bob", { level: 1.5 })).rejects.toThrow(
      /^init\.level must be/,
    );
  });

  it("is not in the JSON, and lists show the current one", async () => {
    const { clock, manager, sessions, browser } = await setUp();
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2, expiresIn: "5m" }));
    const [session] = await manager.fetchByUserKey("ann");
    expect([session?.level, "level" in (session?.toJSON() ?? {})]).toEqual([2, false]);
    clock.advance("5m");
    expect((await manager.fetchByUserKey("ann"))[0]?.level).toBe(1);
  });

  it.each([
    [{ level: 0 }, /^reauthenticate\.level must be a positive integer/],
    [{ expiresIn: "5m" }, /^reauthenticate\.expiresIn requires a level above 1/],
    [{ level: 2, expiresIn: 5 }, /^reauthenticate\.expiresIn/],
    [{ until: 2 }, /^"until" is not an option of reauthenticate\./],
  ])("reauthenticate rejects %j", async (options, message) => {
    const { sessions, browser } = await setUp();
    const given = options as unknown as { level: number };
    await expect(sessions.reauthenticate(browser.request(), given)).rejects.toThrow(message);
    await expect(sessions.reauthenticate(browser.request(), given)).rejects.toThrow(TypeError);
  });
});

describe("maxAuthAge", () => {
  it("maxAuthAge rejects an authentication that is a millisecond too old, and keeps the session [asvs 7.5.1]", async () => {
    const { clock, sessions, browser } = await setUp();
    const fresh = sessions.guards.auth({ maxAuthAge: "10m" });
    const begun = clock.now();
    clock.set(begun + 600_000);
    expect(await browser.visit(fresh)).toBeUndefined();
    clock.set(begun + 600_001);
    expect(await browser.visit(fresh)).toMatchObject({ status: 401, reason: "stale_authentication" });
    expect(await browser.visit(sessions.guards.auth())).toBeUndefined();
    await browser.visit(sessions.reauthenticate);
    expect(await browser.visit(fresh)).toBeUndefined();
  });

  it("applies behind another middleware, and emits rejected", async () => {
    const { clock, manager, sessions, browser } = await setUp();
    const reasons: string[] = [];
    manager.events.on("rejected", ({ reason }) => reasons.push(reason));
    clock.advance("11m");
    const request = browser.request();
    expect(await sessions.guards.auth()(request)).toBeUndefined();
    const error = await sessions.guards.auth({ maxAuthAge: "10m" })(request);
    expect([error?.reason, reasons]).toEqual(["stale_authentication", ["stale_authentication"]]);
    expect(sessions.current(request)?.userKey).toBe("ann");
  });

  it("the old secret does not meet maxAuthAge after a re-authentication [asvs 7.2.4]", async () => {
    const { clock, sessions, browser } = await setUp();
    const fresh = sessions.guards.auth({ maxAuthAge: "10m" });
    clock.advance("11m");
    const old = browser.request();
    await browser.visit(sessions.reauthenticate);
    expect(await fresh(old)).toMatchObject({ reason: "stale_authentication" });
    expect(await browser.visit(fresh)).toBeUndefined();
  });
});

type Read = () => MaybePromise<SessionRecord | undefined>;

const atOnce = (read: Read) => read();
const later = async (read: Read) => read();

/** Sets up a manager over the memory store, whose `fetchById` answers through `answer`, and a browser that has logged in. */
async function setUpMemory(
  options: ManagerOptions = {},
  answer: (read: Read) => MaybePromise<SessionRecord | undefined> = atOnce,
) {
  const memory = memoryStore();
  let reads = 0;
  const fetchById: Store["fetchById"] = (id) => {
    reads++;
    return answer(() => memory.fetchById(id));
  };
  const clock = new TestClock();
  const manager = new Manager({ ...memory, fetchById }, { clock: clock.now, ...options });
  const sessions = testSessions(manager);
  const browser = new Browser({ "user-agent": "Firefox/143.0" });
  await browser.visit((request) => sessions.init(request, "ann"));
  return { clock, manager, sessions, browser, countReads: () => reads };
}

/** A request with a token of the right form for a session that does not exist. */
function strange(browser: Browser): TestRequest {
  const stranger = new Browser();
  for (const name of browser.jar.keys()) stranger.jar.set(name, `${"a".repeat(22)}.${"b".repeat(65)}`);
  return stranger.request();
}

describe("a guard", () => {
  afterEach(() => void vi.unstubAllGlobals());

  it("returns no promise if the store answers at once", async () => {
    const { sessions, browser } = await setUpMemory({ rotateEvery: "1h" });
    const [open, auth] = [sessions.guards.public(), sessions.guards.auth()];
    const request = browser.request();
    expect([open(request), auth(request), auth(request)]).toEqual([undefined, undefined, undefined]);
    expect(sessions.current(request)?.userKey).toBe("ann");
    expect(auth(strange(browser))).toMatchObject({ reason: "unknown" });
    expect(open(strange(browser))).toBeUndefined();
    expect(auth(new Browser().request())).toMatchObject({ reason: "no_cookie" });
  });

  it("returns no promise if validate rejects the client and the session stays", async () => {
    const { sessions, browser } = await setUpMemory({ validate: clientValidation({ agent: true }) });
    const auth = sessions.guards.auth();
    expect(auth(browser.request())).toBeUndefined();
    browser.headers = { "user-agent": "Edg/143.0" };
    expect(auth(browser.request())).toMatchObject({ reason: "client_changed" });
  });

  it("returns a promise while a write or an end is due", async () => {
    const { clock, sessions, browser } = await setUpMemory();
    const auth = sessions.guards.auth();
    clock.advance("1m");
    const written = auth(browser.request());
    expect(written).toBeInstanceOf(Promise);
    expect(await written).toBeUndefined();
    expect(auth(browser.request())).toBeUndefined();
    clock.advance("1d");
    const ended = auth(browser.request());
    expect(ended).toBeInstanceOf(Promise);
    expect(await ended).toMatchObject({ reason: "expired" });
  });

  it("emits rejected before it returns, and once if a listener loads the session again", async () => {
    const { manager, sessions, browser, countReads } = await setUpMemory();
    const request = strange(browser);
    const reasons: string[] = [];
    const loads: Promise<unknown>[] = [];
    manager.events.on("rejected", ({ reason }) => {
      reasons.push(reason);
      loads.push(sessions.get(request));
    });
    expect(sessions.guards.public()(request)).toBeUndefined();
    expect(reasons).toEqual(["unknown"]);
    expect(sessions.guards.auth()(request)).toMatchObject({ reason: "unknown" });
    expect(await Promise.all(loads)).toEqual([undefined]);
    expect([countReads(), reasons.length]).toEqual([1, 1]);
  });

  it.each([
    ["throws", () => fail()],
    ["rejects", async () => fail()],
  ] as const)("rejects with ERR_STORE if the store %s, and emits one error", async (_how, answer) => {
    const { manager, sessions, browser, countReads } = await setUpMemory({}, answer);
    const errors: Error[] = [];
    manager.events.on("error", ({ error }) => errors.push(error));
    const request = browser.request();
    const error = await sessions.guards.auth()(request);
    expect(error).toMatchObject({ code: "ERR_STORE", cause: new Error("connection lost") });
    expect(errors).toEqual([error]);
    expect(sessions.current(request)).toBeUndefined();
    await expect(sessions.get(request)).rejects.toBe(error);
    expect(countReads()).toBe(1);
  });

  it("throws the error of a mistake in the app, at once or later as the store answers", async () => {
    const trustProxy = () => {
      throw new RangeError("a mistake in the app");
    };
    const validate = clientValidation({ ip: true });
    for (const answer of [atOnce, later]) {
      const { sessions, browser } = await setUpMemory({ trustProxy, validate }, answer);
      browser.headers = { "x-forwarded-for": "203.0.113.9" };
      const visit = async () => sessions.guards.auth()(browser.request());
      await expect(visit()).rejects.toThrow(RangeError);
    }
  });

  it("authenticates once for guards that run at the same time", async () => {
    const { store, sessions, browser } = await setUp({ rotateEvery: "1h" });
    const gate = store.hold("fetchById");
    store.calls.length = 0;
    const request = browser.request();
    const guards = [
      sessions.guards.public({ touch: false }),
      sessions.guards.auth(),
      sessions.guards.public(),
    ];
    const outcomes = Promise.all([...guards.map((guard) => guard(request)), sessions.get(request)]);
    await gate.arrived;
    gate.open();
    expect((await outcomes).map((each) => each && "userKey" in each)).toEqual([
      undefined,
      undefined,
      undefined,
      true,
    ]);
    expect(store.calls).toEqual(["fetchById"]);
  });

  it("admits nothing before a promise of another realm has settled", async () => {
    const { sessions, browser } = await setUpMemory({}, (read) => toForeignPromise(later(read)));
    const auth = sessions.guards.auth();
    expect(await auth(browser.request())).toBeUndefined();
    expect(auth(strange(browser))).not.toMatchObject({ reason: "unknown" });
    expect(await auth(strange(browser))).toMatchObject({ reason: "unknown" });
  });

  it("admits nothing before a promise has settled where a library has replaced the global Promise", async () => {
    const { sessions, browser } = await setUpMemory({}, later);
    const auth = sessions.guards.auth();
    vi.stubGlobal("Promise", class Patched<Value> extends Promise<Value> {});
    expect(await auth(browser.request())).toBeUndefined();
    expect(await auth(strange(browser))).toMatchObject({ reason: "unknown" });
  });
});

function fail(): never {
  throw new Error("connection lost");
}
