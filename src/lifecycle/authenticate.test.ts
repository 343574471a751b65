import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import { clientValidation } from "../client-validation/client-validation.ts";
import { Manager, type ManagerOptions } from "../index.ts";
import { previousCookies } from "../previous-cookies/previous-cookies.ts";
import { TestClock } from "../testing/test-clock.ts";

/** Creates a request that presents the cookies of both browsers. */
function toRequest(one: Browser, other: Browser): TestRequest {
  return new TestRequest({ cookie: `${one.request().headers.cookie}; ${other.request().headers.cookie}` });
}

describe("authenticate", () => {
  it("ends a session without expiresIn after 24 hours, regardless of use", async () => {
    const { clock, login, reason, events } = createHarness();
    const browser = new Browser();
    await login(browser);
    for (let hour = 1; hour < 24; hour++) {
      clock.advance("1h");
      expect(await reason(browser)).toBeUndefined();
    }
    clock.advance("1h");
    expect(await reason(browser)).toBe("expired");
    expect(events).toContainEqual(["ended", expect.objectContaining({ reason: "expired" })]);
    expect(browser.jar.size).toBe(0);
  });

  it("ends an unused session at the idle timeout, and keeps a used one", async () => {
    const { clock, login, reason, events } = createHarness({ idleTimeout: "30m", expiresIn: "30d" });
    const [used, unused] = [new Browser(), new Browser()];
    await login(used);
    await login(unused);
    clock.advance("29m");
    expect(await reason(used)).toBeUndefined();
    clock.advance("1m");
    expect([await reason(used), await reason(unused)]).toEqual([undefined, "idle"]);
    expect(events).toContainEqual(["ended", expect.objectContaining({ reason: "idle" })]);
    clock.advance("30m");
    expect(await reason(used)).toBe("idle");
  });

  it("rejects a record of a later release as unknown, keeps it, and leaves it out of lists", async () => {
    const { login, sessions, store, manager } = createHarness();
    const browser = new Browser();
    const { id } = await login(browser);
    await store.update(id, { data: { v: 2, anything: "else" } }, { now: 0 });
    expect(await browser.visit((request) => sessions.authorize(request))).toBe("unknown");
    expect([browser.jar.size, (await manager.fetchByUserKey("ann")).length]).toEqual([1, 0]);
    expect(await store.fetchById(id)).toBeDefined();
  });

  it("rejects the cookie of a tombstone as revoked, and clears it", async () => {
    const { clock, login, sessions, store } = createHarness();
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

  it("throws an error of a mistake in the app function instead of reporting an outage", async () => {
    const trustProxy = () => {
      throw new RangeError("a mistake in the app");
    };
    const { login, sessions } = createHarness({ validate: clientValidation({ ip: true }), trustProxy });
    const request = new TestRequest({ "x-forwarded-for": "203.0.113.9" });
    await expect(sessions.init(request, "ann")).rejects.toThrow(RangeError);
    const browser = new Browser();
    await login(browser);
    browser.headers = { "x-forwarded-for": "203.0.113.9" };
    await expect(sessions.authorize(browser.request())).rejects.toThrow(RangeError);
  });

  it.each([
    ["fetchById", "one cookie"],
    ["fetchByIds", "two cookies"],
  ] as const)("emits one error event when %s fails for %s", async (method, _cookies) => {
    const { login, store, sessions, record } = createHarness({ cookie: { path: "/app" } });
    const [one, two] = [new Browser(), new Browser()];
    await login(one);
    await login(two);
    const errors = record("error");
    store.fail(method);
    const request = method === "fetchById" ? one.request() : toRequest(one, two);
    expect(await sessions.authorize(request)).toBe("ERR_STORE");
    expect(errors).toHaveLength(1);
  });
});

describe("metadata that the schema no longer accepts", () => {
  it.each([
    ["when a write is due", "1m", z.number()],
    ["when the schema is asynchronous", "1s", z.number().refine(async () => true)],
  ] as const)("is rejected as meta_invalid %s, and nothing is written", async (_case, passed, meta) => {
    const [clock, store, browser] = [new TestClock(), new GatedStore(), new Browser()];
    const texts = new Manager(store, { clock: clock.now, meta: z.string() });
    await browser.visit((request) => testSessions(texts).init(request, "ann", { meta: "text" }));
    clock.advance(passed);
    const sessions = testSessions(new Manager(store, { clock: clock.now, meta }));
    store.calls.length = 0;
    expect(await browser.visit(sessions.authorize)).toBe("meta_invalid");
    expect([store.calls, browser.jar.size]).toEqual([["fetchById"], 1]);
    // The user can still log out.
    await browser.visit(sessions.revoke);
    expect(await texts.fetchByUserKey("ann")).toEqual([]);
  });
});

describe("a session that validate has ended", () => {
  async function endByValidate() {
    const harness = createHarness({ validate: clientValidation({ ip: true, onChange: "end" }) });
    const browser = new Browser();
    await harness.login(browser);
    const request = Object.assign(browser.request(), { peer: "203.0.113.9" });
    expect(await harness.sessions.get(request)).toBeUndefined();
    return { ...harness, request };
  }

  it("is not ended again by a login in the same request", async () => {
    const { sessions, request, events } = await endByValidate();
    await sessions.init(request, "ann");
    expect(events.filter(([name]) => name === "ended")).toEqual([
      ["ended", expect.objectContaining({ reason: "client_changed" })],
    ]);
  });

  it("leaves nothing for a logout in the same request, even after the response was sent", async () => {
    const { sessions, request, store } = await endByValidate();
    request.sent = true;
    store.calls.length = 0;
    await sessions.revoke(request);
    expect(store.calls).toEqual([]);
  });
});

describe("a session that validate rejects", () => {
  it("ends with a logout in the same request", async () => {
    const validate = clientValidation({ ip: true, onChange: "reject" });
    const { login, sessions, manager } = createHarness({ validate });
    const browser = new Browser();
    await login(browser);
    const request = Object.assign(browser.request(), { peer: "203.0.113.9" });
    expect(await sessions.get(request)).toBeUndefined();
    await sessions.revoke(request);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });
});

describe("a manager with previous cookies", () => {
  it("ends the session of the current cookie at a login", async () => {
    const cookie = { previous: previousCookies([{ name: "sid" }]) };
    const { login, manager } = createHarness({ cookie });
    const browser = new Browser();
    await login(browser);
    await login(browser);
    expect(await manager.fetchByUserKey("ann")).toHaveLength(1);
  });
});

describe("several cookies of the same name", () => {
  it("are looked up in one call", async () => {
    const { login, sessions, store } = createHarness();
    const [one, other] = [new Browser(), new Browser()];
    await login(one);
    await login(other);
    store.calls.length = 0;
    expect((await sessions.get(toRequest(one, other)))?.userKey).toBe("ann");
    expect(store.calls).toEqual(["fetchByIds"]);
  });

  it("are rejected as malformed when they prove sessions of two users", async () => {
    const { login, sessions } = createHarness();
    const [ann, mallory] = [new Browser(), new Browser()];
    await login(ann, "ann");
    await login(mallory, "mallory");
    expect(await sessions.authorize(toRequest(ann, mallory))).toBe("malformed");
    expect(await sessions.authorize(toRequest(mallory, ann))).toBe("malformed");
  });

  it("find the valid session beside an unknown one, in either order", async () => {
    const { login, sessions } = createHarness();
    const [ann, planted] = [new Browser(), new Browser()];
    await login(ann);
    planted.jar.set("__Host-sessionup", `${"a".repeat(22)}.${"b".repeat(65)}`);
    for (const request of [toRequest(ann, planted), toRequest(planted, ann)]) {
      expect(await sessions.authorize(request)).toBeUndefined();
      expect(request.cookies).toEqual([]);
    }
  });

  it("are neither sent nor cleared when one session is live and another has expired", async () => {
    const { clock, login, sessions } = createHarness();
    const [expired, live] = [new Browser(), new Browser()];
    await login(expired);
    clock.advance("23h");
    await login(live);
    clock.advance("2h");
    const request = toRequest(expired, live);
    expect(await sessions.authorize(request)).toBeUndefined();
    expect(request.cookies).toEqual([]);
  });

  it("are cleared only when all of their sessions have provably ended", async () => {
    const { clock, login, sessions } = createHarness();
    const [first, second, third, unknown] = [new Browser(), new Browser(), new Browser(), new Browser()];
    for (const each of [first, second, third]) await login(each);
    unknown.jar.set("__Host-sessionup", `${"a".repeat(22)}.${"b".repeat(65)}`);
    clock.advance("24h");
    const [mixed, proven] = [toRequest(first, unknown), toRequest(second, third)];
    expect([await sessions.authorize(mixed), await sessions.authorize(proven)]).toEqual([
      "expired",
      "expired",
    ]);
    expect([mixed.cookies.length, proven.cookies.length]).toEqual([0, 1]);
  });

  it("are looked up to a limit of two with a __Host- name, otherwise four", async () => {
    for (const [path, limit] of [
      ["/", 2],
      ["/app", 4],
    ] as const) {
      const { login, sessions } = createHarness({ cookie: { path } });
      const browser = new Browser();
      await login(browser);
      const [[name = "", value = ""] = []] = [...browser.jar];
      const withPlanted = (planted: number) => {
        const junk = Array.from(
          { length: planted },
          (_, index) => `${name}=${String(index).repeat(22)}.${"b".repeat(65)}`,
        );
        return new TestRequest({ cookie: [...junk, `${name}=${value}`].join("; ") });
      };
      expect(await sessions.authorize(withPlanted(limit - 1))).toBeUndefined();
      expect(await sessions.authorize(withPlanted(limit))).toBe("unknown");
    }
  });
});

describe("a previous cookie", () => {
  function setUpPrevious(options: ManagerOptions = {}) {
    const store = new GatedStore();
    const before = createHarness({ ...options, cookie: { name: "sid" } }, store);
    const cookie = { previous: previousCookies([{ name: "sid" }]) };
    return {
      ...createHarness({ ...options, clock: before.clock.now, cookie }, store),
      before,
      clock: before.clock,
    };
  }

  it("of an unknown session does not hinder the current cookie", async () => {
    const { login, reason } = setUpPrevious();
    const browser = new Browser();
    await login(browser);
    browser.jar.set("__Host-sid", `${"a".repeat(22)}.${"b".repeat(65)}`);
    expect(await reason(browser)).toBeUndefined();
  });

  it("of the same user is ended together with the current cookie by a logout, each session once", async () => {
    const { before, login, sessions, store, manager } = setUpPrevious();
    const [current, previous] = [new Browser(), new Browser()];
    await login(current);
    await before.login(previous);
    const request = toRequest(current, previous);
    store.calls.length = 0;
    await sessions.revoke(request);
    expect(store.calls).toEqual(["fetchByIds", "deleteById", "deleteById"]);
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("moves with a request that counts as activity", async () => {
    const { before, clock, reason, store } = setUpPrevious();
    const browser = new Browser();
    const { id } = await before.login(browser);
    clock.advance("1m");
    expect(await reason(browser)).toBeUndefined();
    expect((await store.fetchById(id))?.lastSeenAt).toBe(clock.now());
  });

  it("moves with its secret, and the next request gets a new secret when rotateEvery has passed", async () => {
    const { before, clock, reason } = setUpPrevious({ rotateEvery: "10m" });
    const browser = new Browser();
    await before.login(browser);
    const value = browser.jar.get("__Host-sid");
    clock.advance("10m");
    expect(await reason(browser)).toBeUndefined();
    expect(browser.jar.get("__Host-sessionup")).toBe(value);
    expect(await reason(browser)).toBeUndefined();
    expect(browser.jar.get("__Host-sessionup")).not.toBe(value);
  });
});

describe("authenticate with a store whose records may be old", () => {
  async function setUpOld() {
    const store = Object.assign(new GatedStore(), { maxStaleness: 600_000 });
    const harness = createHarness({ idleTimeout: "10m" }, store);
    const browser = new Browser();
    const { id } = await harness.login(browser);
    const old = await store.fetchById(id);
    store.fetchById = async () => old;
    return { ...harness, browser };
  }

  it("reads the session again before it ends one that was used meanwhile", async () => {
    const { clock, store, browser, reason } = await setUpOld();
    clock.advance("9m");
    expect(await reason(browser)).toBeUndefined();
    store.calls.length = 0;
    clock.advance("2m");
    expect(await reason(browser)).toBeUndefined();
    expect(store.calls).toEqual(["fetchByIds", "update"]);
  });

  it("ends a session that is over in the store, too, and reads none again that is not over", async () => {
    const { clock, store, browser, reason } = await setUpOld();
    store.calls.length = 0;
    expect(await reason(browser)).toBeUndefined();
    expect(store.calls).toEqual([]);
    clock.advance("10m");
    expect(await reason(browser)).toBe("idle");
    expect(store.calls).toEqual(["fetchByIds", "deleteById"]);
  });
});
