import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";
import { Manager, type ManagerOptions, type Session, type SessionError, type Sessions } from "../index.ts";
import { closeWithSession, liveSessions } from "./live.ts";

const clock = () => Date.now();

const TIMERS = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] as const;

beforeEach(() => void vi.useFakeTimers({ toFake: [...TIMERS] }));
afterEach(() => void vi.useRealTimers());

async function setUp(options: ManagerOptions = {}) {
  const harness = createHarness({ live: liveSessions(), clock, expiresIn: "1h", ...options });
  const { store, sessions } = harness;
  const browser = new Browser();
  const { id } = await harness.login(browser);
  /** Authenticates one more request. */
  const visit = async (by = browser) => {
    const request = by.request();
    await sessions.authorize(request);
    return { request, session: sessions.require(request) };
  };
  /** A manager in another process. */
  const elsewhere = new Manager(store, { clock, ...options });
  return { ...harness, browser, id, visit, elsewhere };
}

/** Lets time pass, for managers and for timers. */
function pass(milliseconds: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(milliseconds);
}

/** Waits for the queries and events of this turn. */
function settle(): Promise<unknown> {
  return pass(0);
}

function reasonOf({ signal }: Session): string | undefined {
  if (!signal.aborted) return undefined;
  const { code, reason } = signal.reason as SessionError;
  expect(code).toBe("ERR_UNAUTHORIZED");
  return reason;
}

describe("session.signal", () => {
  it("is the same for all requests of a session, and another one for another session", async () => {
    const { visit, login, manager } = await setUp();
    const { session } = await visit();
    const { signal } = session;
    expect(signal).toBeInstanceOf(AbortSignal);
    expect((await visit()).session.signal).toBe(signal);
    const other = new Browser();
    await login(other);
    expect((await visit(other)).session.signal).not.toBe(signal);
    for (const listed of await manager.fetchByUserKey("ann"))
      expect(listed.signal === signal).toBe(listed.id === session.id);
    expect(JSON.stringify(session)).not.toContain("signal");
  });

  it.each<[reason: string, end: (world: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>]>([
    ["logout", ({ browser, sessions }) => browser.visit(sessions.revoke)],
    ["logout", ({ browser, login }) => login(browser)],
    ["revoked", ({ id, manager }) => manager.revokeById(id)],
    ["revoked", ({ id, elsewhere }) => elsewhere.revokeById(id)],
    ["revoked", ({ elsewhere }) => elsewhere.revokeByUserKey("ann")],
    ["evicted", ({ elsewhere }) => testSessions(elsewhere).init(new TestRequest(), "ann")],
    ["expired", () => pass(3_600_000)],
  ])("is aborted with the reason %s", async (reason, end) => {
    const world = await setUp({ maxSessions: { max: 1, onExceed: "evict-oldest" } });
    const { session } = await world.visit();
    const bob = new Browser();
    await world.login(bob, "bob");
    const { session: other } = await world.visit(bob);
    const signals = [session.signal, other.signal];
    await settle();
    await end(world);
    await settle();
    expect(reasonOf(session)).toBe(reason);
    if (reason !== "expired") expect(other.signal.aborted).toBe(false);
    expect([session.signal, other.signal]).toEqual(signals);
  });

  it("is aborted to the millisecond at the deadline, while the store is down", async () => {
    const { visit, store } = await setUp();
    const { session } = await visit();
    session.signal;
    await settle();
    for (let query = 0; query < 100; query++) store.fail("fetchByIds");
    await pass(3_599_999);
    expect(session.signal.aborted).toBe(false);
    await pass(1);
    expect(reasonOf(session)).toBe("expired");
  });

  it("is aborted as idle at the moment when the session expires", async () => {
    const { visit, store } = await setUp({ idleTimeout: "30m", live: liveSessions({ recheck: "24d" }) });
    const { session } = await visit();
    session.signal;
    await settle();
    store.calls.length = 0;
    await pass(30 * 60_000 - 1);
    expect([session.signal.aborted, store.calls]).toEqual([false, []]);
    await pass(1);
    expect([reasonOf(session), store.calls]).toEqual(["idle", ["fetchByIds"]]);
  });

  it("goes on at the moment when the session would have expired if it was used meanwhile", async () => {
    const { visit, browser, elsewhere } = await setUp({
      idleTimeout: "30m",
      live: liveSessions({ recheck: "24d" }),
    });
    const { session } = await visit();
    session.signal;
    await pass(20 * 60_000);
    await browser.visit(testSessions(elsewhere).authorize);
    await pass(30 * 60_000 - 1);
    expect(session.signal.aborted).toBe(false);
    await pass(1);
    expect(reasonOf(session)).toBe("idle");
  });

  it("leads to no query at the former moment of expiry once a recheck has found the new one", async () => {
    const { visit, browser, elsewhere, store } = await setUp({
      idleTimeout: "30m",
      live: liveSessions({ recheck: "25m" }),
    });
    const { session } = await visit();
    session.signal;
    await pass(20 * 60_000);
    await browser.visit(testSessions(elsewhere).authorize);
    await pass(5 * 60_000);
    store.calls.length = 0;
    await pass(24 * 60_000);
    expect([session.signal.aborted, store.calls]).toEqual([false, []]);
  });

  it("is aborted if the session ended between its loading and the first use of the signal", async () => {
    const { visit, elsewhere, id } = await setUp();
    const { session } = await visit();
    await elsewhere.revokeById(id);
    expect(session.signal.aborted).toBe(false);
    await settle();
    expect(reasonOf(session)).toBe("unknown");
  });

  it("is still the aborted one after the end, for a session that was loaded before", async () => {
    const { visit, manager, id, store } = await setUp();
    const { session } = await visit();
    const { signal } = session;
    await manager.revokeById(id);
    store.calls.length = 0;
    expect(session.signal).toBe(signal);
    await settle();
    expect([reasonOf(session), store.calls]).toEqual(["revoked", []]);
  });

  it("goes on through rotation, re-authentication and changes of metadata, here and elsewhere", async () => {
    const { visit, browser, sessions, elsewhere } = await setUp({ rotateEvery: "1m" });
    const { session } = await visit();
    const there = testSessions(elsewhere);
    expect(session.signal.aborted).toBe(false);
    for (const each of [sessions, there] as Array<Sessions<TestRequest> & typeof sessions>) {
      await browser.visit(each.rotate);
      await browser.visit((request) => each.reauthenticate(request, { level: 2 }));
      await browser.visit((request) => each.updateMeta(request, () => undefined));
      await pass(60_000);
      await browser.visit(each.authorize);
      await browser.visit(each.authorize);
      await settle();
    }
    expect(session.signal.aborted).toBe(false);
    await browser.visit(sessions.revoke);
    expect(reasonOf(session)).toBe("logout");
  });

  it("throws a TypeError that names the option when the manager has no live", async () => {
    const { sessions, login } = createHarness();
    const browser = new Browser();
    const session = await login(browser);
    expect(() => session.signal).toThrow(new TypeError("session.signal requires live: liveSessions()."));
    expect(JSON.stringify(await browser.visit(sessions.get))).toContain(session.id);
  });

  it("has no limit of listeners", async () => {
    const warnings: unknown[] = [];
    const warn = (warning: unknown) => warnings.push(warning);
    process.on("warning", warn);
    const { session } = await (await setUp()).visit();
    let heard = 0;
    for (let listener = 0; listener < 100; listener++)
      session.signal.addEventListener("abort", () => heard++, { once: true });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warn);
    expect(warnings).toEqual([]);
  });
});

describe("liveSessions", () => {
  it.each([{ recheck: 5 }, { recheck: "0s" }, { recheck: "25d" }, { rechecks: "5s" }, 1])(
    "throws a TypeError for the options %o",
    (options) => {
      expect(() => liveSessions(options as never)).toThrow(TypeError);
    },
  );

  it("is the only value that the manager's option live accepts", () => {
    expect(() => createHarness({ live: {} as never })).toThrow(
      "live must be the result of liveSessions(). Received an object.",
    );
  });
});

/** A socket that remembers how it was closed. */
class Socket {
  readonly closes: unknown[][] = [];
  close(...given: unknown[]): void {
    this.closes.push(given);
  }
}

describe("closeWithSession", () => {
  it("closes the sockets of a session with 4401 and the reason, once each", async () => {
    const { visit, login, sessions, elsewhere, manager, id } = await setUp();
    const [first, second, other] = [new Socket(), new Socket(), new Socket()];
    closeWithSession(sessions, (await visit()).request, first);
    closeWithSession(sessions, (await visit()).request, second);
    const bob = new Browser();
    await login(bob, "bob");
    closeWithSession(sessions, (await visit(bob)).request, other);
    await settle();
    await elsewhere.revokeById(id);
    await manager.revokeByUserKey("ann");
    await pass(60_000);
    expect([first.closes, second.closes, other.closes]).toEqual([
      [[4401, "revoked"]],
      [[4401, "revoked"]],
      [],
    ]);
  });

  it.each(["rotate", "reauthenticate"] as const)(
    "closes a socket when %s replaces the secret that opened it, here and elsewhere",
    async (method) => {
      const { visit, browser, sessions, elsewhere } = await setUp();
      for (const each of [sessions, testSessions(elsewhere)]) {
        const [before, after] = [new Socket(), new Socket()];
        closeWithSession(sessions, (await visit()).request, before);
        await settle();
        await browser.visit((request) => each[method](request));
        await settle();
        closeWithSession(sessions, (await visit()).request, after);
        await settle();
        expect([before.closes, after.closes]).toEqual([[[4401, "rotated"]], []]);
      }
    },
  );

  it("closes a socket whose session ended before it opened", async () => {
    const { visit, sessions, elsewhere, id } = await setUp();
    const { request } = await visit();
    await elsewhere.revokeById(id);
    const socket = new Socket();
    closeWithSession(sessions, request, socket);
    await settle();
    expect(socket.closes).toEqual([[4401, "unknown"]]);
  });

  it("does not close a socket after the returned function was called", async () => {
    const { visit, sessions, manager, id } = await setUp();
    const [stopped, kept] = [new Socket(), new Socket()];
    const { request } = await visit();
    const stop = closeWithSession(sessions, request, stopped);
    closeWithSession(sessions, request, kept);
    stop();
    stop();
    await manager.revokeById(id);
    stop();
    expect([stopped.closes, kept.closes]).toEqual([[], [[4401, "revoked"]]]);
  });

  it("emits an error for a socket that cannot be closed, and closes the others", async () => {
    const { visit, sessions, manager, id, record } = await setUp();
    const errors = record("error");
    const { request } = await visit();
    const failures = [new Error("not open"), new Error("not supported")];
    const kept = new Socket();
    const close = vi.fn<() => unknown>();
    close.mockImplementationOnce(() => {
      throw failures[0];
    });
    close.mockImplementationOnce(() => Promise.reject(failures[1]));
    for (const socket of [{ close }, { close }, kept]) closeWithSession(sessions, request, socket);
    await manager.revokeById(id);
    await settle();
    expect(errors.map(({ error }) => error.cause)).toEqual(failures);
    expect(kept.closes).toEqual([[4401, "revoked"]]);
  });

  it("works with the manager's own interval when the manager has no option live", async () => {
    const { visit, sessions, store, elsewhere, id } = await setUp({ live: undefined as never });
    const socket = new Socket();
    closeWithSession(sessions, (await visit()).request, socket);
    await settle();
    store.losesEvents = true;
    await elsewhere.revokeById(id);
    await pass(59_999);
    expect(socket.closes).toEqual([]);
    await pass(1);
    expect(socket.closes).toEqual([[4401, "unknown"]]);
  });

  it("throws ERR_UNAUTHORIZED for a handshake without a session", async () => {
    const { sessions } = await setUp();
    const request = new TestRequest();
    await sessions.get(request);
    expect(() => closeWithSession(sessions, request, new Socket())).toThrow(
      expect.objectContaining({ code: "ERR_UNAUTHORIZED", reason: "no_cookie" }),
    );
  });

  it("throws a TypeError where nothing was loaded, and for anything but sessions and a socket", async () => {
    const { sessions, browser, visit } = await setUp();
    const { request } = await visit();
    expect(() => closeWithSession(sessions, browser.request(), new Socket())).toThrow(
      "closeWithSession found no loaded session.",
    );
    expect(() => closeWithSession({}, request, new Socket())).toThrow("sessions must be the result of");
    for (const socket of [undefined, null, {}, { close: 1 }])
      expect(() => closeWithSession(sessions, request, socket as never)).toThrow(
        "closeWithSession requires a socket with the method close(code, reason).",
      );
  });
});
