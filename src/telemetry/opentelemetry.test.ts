import { channel } from "node:diagnostics_channel";
import { describe, expect, it, vi } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { TelemetryRecorder } from "../../test/support/telemetry-recorder.ts";
import { revokeAllBefore, revokeWhere } from "../admin/admin.ts";
import { bearer, initBearer } from "../bearer/bearer.ts";
import { cached } from "../cache/cache.ts";
import { bindSessions } from "../http/bound-sessions.ts";
import { Manager, type ManagerOptions, SessionError, type Store } from "../index.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import { closeWithSession } from "../live/live.ts";
import { memoryStore } from "../stores/memory.ts";
import { METRICS } from "./metrics.ts";
import { type OpenTelemetryOptions, openTelemetry } from "./opentelemetry.ts";

function setUp(
  store: Store = memoryStore(),
  options: ManagerOptions = {},
  more: Partial<OpenTelemetryOptions> = {},
) {
  const recorder = new TelemetryRecorder();
  const { trace, metrics } = recorder;
  const telemetry = openTelemetry({ trace, metrics, ...more });
  const manager = new Manager(store, { telemetry, ...options });
  const sessions = testSessions(manager);
  const browser = new Browser();
  return {
    recorder,
    manager,
    sessions,
    browser,
    telemetry,
    login: (user = "ann", by = browser) => by.visit((request) => sessions.init(request, user)),
    /** Returns the spans that `run` causes. */
    async during(run: () => unknown): Promise<readonly string[]> {
      recorder.spans.length = 0;
      await run();
      expect(recorder.spans.filter(({ isEnded }) => !isEnded)).toEqual([]);
      return recorder.tree();
    },
  };
}

describe("options of openTelemetry", () => {
  const { trace, metrics } = new TelemetryRecorder();

  it.each([
    [{}, "openTelemetry requires at least one of the options trace and metrics."],
    [
      { trace: metrics },
      'openTelemetry.trace must be the object trace of "@opentelemetry/api". Received an object.',
    ],
    [
      { metrics: trace },
      'openTelemetry.metrics must be the object metrics of "@opentelemetry/api". Received an object.',
    ],
    [{ trace, exportUserKeys: "yes" }, "openTelemetry.exportUserKeys must be"],
    [{ trace, onError: true }, "openTelemetry.onError must be a function. Received true."],
    [{ trace, tracer: 1 }, '"tracer" is not an option of openTelemetry.'],
  ])("%j is rejected", (options, message) => {
    expect(() => openTelemetry(options as never)).toThrow(message);
  });

  it("telemetry of the manager must be the result of openTelemetry", () => {
    expect(() => new Manager(memoryStore(), { telemetry: {} as never })).toThrow(
      "telemetry must be the result of openTelemetry(). Received an object.",
    );
  });

  it("either of trace and metrics is enough", async () => {
    const recorder = new TelemetryRecorder();
    for (const options of [{ trace: recorder.trace }, { metrics: recorder.metrics }]) {
      const { login, sessions, browser } = setUp(memoryStore(), { telemetry: openTelemetry(options) });
      await login();
      expect(await browser.visit(sessions.authorize)).toBeUndefined();
    }
    expect(recorder.spans).toHaveLength(5);
    expect(recorder.sums("sessionup.created")).toEqual({ "": 1 });
  });
});

describe("spans", () => {
  it("an operation of a request has one span, and store calls are below it", async () => {
    const { login, sessions, browser, during } = setUp();
    expect(await during(() => login())).toEqual([
      "sessionup.init",
      "  sessionup.authenticate",
      "  sessionup.store.create",
    ]);
    expect(await during(() => browser.visit(sessions.rotate))).toEqual([
      "sessionup.rotate",
      "  sessionup.authenticate",
      "    sessionup.store.fetch_by_id",
      "  sessionup.store.update",
    ]);
  });

  it("several loads of one request are one span", async () => {
    const { login, sessions, browser, during } = setUp();
    await login();
    const load = async () => {
      const request = browser.request();
      await Promise.all([sessions.get(request), sessions.get(request), sessions.guards.auth()(request)]);
      await sessions.get(request);
    };
    expect(await during(load)).toEqual(["sessionup.authenticate", "  sessionup.store.fetch_by_id"]);
  });

  it("bound sessions have the spans of the methods", async () => {
    const { login, sessions, browser, during } = setUp();
    await login();
    const bound = bindSessions(sessions, async () => browser.request());
    expect(await during(() => bound.fetchAll())).toEqual([
      "sessionup.fetch_all",
      "  sessionup.authenticate",
      "    sessionup.store.fetch_by_id",
      "  sessionup.store.fetch_by_user_key",
    ]);
  });

  it("the methods of a manager have spans, also those of a second one", async () => {
    const { manager, during } = setUp();
    const second = manager.with({ cookie: { name: "admin" } });
    for (const each of [manager, second]) {
      expect(await during(() => each.revokeByUserKey("ann"))).toEqual([
        "sessionup.revoke_by_user_key",
        "  sessionup.store.delete_by_user_key",
      ]);
      expect(await during(() => revokeAllBefore(each, new Date()))).toEqual([
        "sessionup.revoke_all_before",
        "  sessionup.store.scan",
      ]);
      expect(await during(() => revokeWhere(each, { userKey: "ann" }))).toEqual([
        "sessionup.revoke_where",
        "  sessionup.store.scan",
      ]);
    }
    expect(Object.keys(manager)).toEqual(Object.keys(new Manager(memoryStore())));
  });

  it("the requests of native clients are traced once", async () => {
    const { sessions, during, recorder } = setUp(memoryStore(), { transports: ["cookie", bearer()] });
    let token = "";
    const begin = async () => {
      ({ token } = await initBearer(sessions, new Browser().request(), "ann"));
    };
    expect(await during(begin)).toEqual([
      "sessionup.init",
      "  sessionup.authenticate",
      "  sessionup.store.create",
    ]);
    const client = new Browser({ authorization: `Bearer ${token}` });
    expect(await during(() => client.visit(sessions.authorize))).toEqual([
      "sessionup.authenticate",
      "  sessionup.store.fetch_by_id",
    ]);
    expect(recorder.spans[0]?.attributes).toMatchObject({ "sessionup.outcome": "session" });
    expect(recorder.sums("sessionup.created")).toEqual({ "": 1 });
  });

  it("spans have the public id of the session, and the reason without one", async () => {
    const { login, sessions, browser, recorder } = setUp();
    const { id } = await login();
    await browser.visit(sessions.authorize);
    await browser.visit(sessions.revoke);
    await new Browser({ cookie: "__Host-sessionup=x" }).visit(sessions.authorize);
    const attributes = recorder.spans
      .filter(({ name }) => !name.startsWith("sessionup.store."))
      .map(({ name, attributes }) => [name, attributes]);
    expect(attributes).toEqual([
      ["sessionup.init", { "session.id": id }],
      ["sessionup.authenticate", { "sessionup.outcome": "none", "sessionup.reason": "no_cookie" }],
      ["sessionup.authenticate", { "sessionup.outcome": "session", "session.id": id }],
      ["sessionup.revoke", {}],
      ["sessionup.authenticate", { "sessionup.outcome": "session", "session.id": id }],
      ["sessionup.authenticate", { "sessionup.outcome": "none", "sessionup.reason": "malformed" }],
    ]);
  });

  it("an id that no session has is not written, because a client can send any text", async () => {
    const { login, sessions, browser, recorder, manager } = setUp();
    const { id } = await login();
    const other = await login("ann", new Browser());
    await browser.visit((request) => sessions.revokeOwn(request, "secret"));
    await browser.visit((request) => sessions.revokeOwn(request, other.id));
    await manager.revokeById("secret");
    await manager.revokeById(id);
    const found = recorder.spans.filter(({ name }) => /revoke_(own|by_id)$/.test(name));
    expect(found.map(({ attributes }) => attributes)).toEqual([
      {},
      { "session.id": other.id },
      {},
      { "session.id": id },
    ]);
  });

  it("user keys are written only with exportUserKeys", async () => {
    for (const [more, expected] of [
      [{}, []],
      [{ exportUserKeys: true }, ["ann", "ann", "ann"]],
    ] as const) {
      const { login, sessions, browser, recorder, manager } = setUp(memoryStore(), {}, more);
      await login();
      await browser.visit(sessions.authorize);
      await manager.revokeByUserKey("ann");
      expect(recorder.spans.flatMap(({ attributes }) => attributes["enduser.id"] ?? [])).toEqual(expected);
    }
  });

  it("a failure is an error without the message of the driver", async () => {
    const store = new GatedStore();
    const { login, sessions, browser, recorder } = setUp(store);
    await login();
    recorder.spans.length = 0;
    const cause = Object.assign(new Error("ann@example.com"), { code: "ECONNREFUSED", detail: "ann" });
    store.fetchById = () => Promise.reject(cause);
    expect(await browser.visit(sessions.authorize)).toBe("ERR_STORE");
    expect(recorder.spans).toMatchObject([
      {
        name: "sessionup.authenticate",
        status: 2,
        attributes: { "error.type": "ERR_STORE" },
        exceptions: [{ name: "ERR_STORE", message: expect.stringContaining("The session store failed.") }],
      },
      {
        name: "sessionup.store.fetch_by_id",
        kind: 2,
        status: 2,
        attributes: { "error.type": "ECONNREFUSED", "sessionup.outcome": "error" },
        exceptions: [{ name: "ECONNREFUSED" }],
      },
    ]);
    expect(JSON.stringify(recorder.spans.map(({ exceptions }) => exceptions))).not.toContain("ann");
  });

  it.each([
    [new TypeError("ann"), "TypeError"],
    [Object.assign(new Error("ann"), { code: 40001 }), "Error"],
    [Object.assign(new Error("ann"), { code: "key=ann", name: "user ann" }), "_OTHER"],
    ["ann", "_OTHER"],
    [undefined, "_OTHER"],
  ])("the error %s has the type %s", async (cause, type) => {
    const store = new GatedStore();
    const { manager, recorder } = setUp(store);
    store.deleteById = () => Promise.reject(cause);
    await expect(manager.revokeById("0".repeat(22))).rejects.toThrow("The session store failed.");
    expect(recorder.spans[1]?.attributes["error.type"]).toBe(type);
  });
});

describe("the observed store", () => {
  const getStore = (store: Store) => getLifecycle(setUp(store).manager).repository.store;
  const abilities = (store: Store) =>
    [
      "maxStaleness",
      "create",
      "fetchById",
      "fetchByIds",
      "fetchByUserKey",
      "update",
      "deleteById",
      "deleteByUserKey",
      "fetchByLink",
      "deleteCreatedBefore",
      "deleteTombstones",
      "scan",
      "count",
      "inspect",
      "deleteExpired",
      "onExpired",
      "subscribe",
      "close",
    ].filter((name) => store[name as keyof Store] !== undefined);

  it("has the abilities of the store, and no others", () => {
    const bare = Object.fromEntries(
      abilities(memoryStore())
        .filter(
          (name) => !/^(fetchByLink|deleteC|deleteT|scan|count|inspect|deleteE|onE|sub|close)/.test(name),
        )
        .map((name) => [name, () => undefined]),
    ) as unknown as Store;
    for (const store of [memoryStore(), cached(memoryStore()), bare])
      expect(abilities(getStore(store))).toEqual(abilities(store));
    expect(getStore(cached(memoryStore(), { maxAge: "5s" })).maxStaleness).toBe(5_000);
  });

  it("answers synchronously where the store does", async () => {
    const { sessions, browser, login } = setUp();
    await login();
    await browser.visit((request) => expect(sessions.guards.auth()(request)).toBeUndefined());
  });

  it("waits where the store does", async () => {
    const store = new GatedStore();
    const { sessions, browser, login, during } = setUp(store);
    await login();
    const gate = store.hold("fetchById");
    const visit = async () => {
      const visited = browser.visit(sessions.authorize);
      await gate.arrived;
      gate.open();
      expect(await visited).toBeUndefined();
    };
    expect(await during(visit)).toEqual(["sessionup.authenticate", "  sessionup.store.fetch_by_id"]);
  });

  it("a store that lacks a method is rejected by the manager", () => {
    const { telemetry } = setUp();
    for (const store of [undefined, {}, { fetchById: () => undefined }])
      expect(() => new Manager(store as never, { telemetry })).toThrow("store must have the method create");
  });

  it("the cleanup reports each expired session once, also with two transports and two managers", async () => {
    const listeners: ((sessions: never) => void)[] = [];
    const store = new GatedStore();
    store.onExpired = (listener) => {
      listeners.push(listener);
      return () => void listeners.splice(listeners.indexOf(listener), 1);
    };
    const { manager, recorder } = setUp(store, { transports: ["cookie", bearer()] });
    testSessions(manager.with({ cookie: { name: "admin" } }));
    for (const listener of listeners)
      listener([{ id: "1", userKey: "ann", expiresAt: 1, deadline: 2 }] as never);
    expect(recorder.sums("sessionup.ended")).toEqual({ idle: 1 });
  });

  it("each step of a mass revocation is observed, until its caller leaves", async () => {
    const steps: string[] = [];
    async function* deleteCreatedBefore() {
      try {
        for (const id of ["1", "2", "3"]) {
          steps.push(id);
          yield [id];
        }
      } finally {
        steps.push("left");
      }
    }
    const { manager, during } = setUp(Object.assign(new GatedStore(), { deleteCreatedBefore }));
    const observed = getLifecycle(manager).repository.store;
    const end = { reason: "revoked", now: 0 } as const;
    const take = async (count: number) => {
      for await (const [id] of observed.deleteCreatedBefore?.(0, end) ?? []) if (id === `${count}`) break;
    };
    const span = "sessionup.store.delete_created_before";
    expect(await during(() => take(2))).toEqual([span, span]);
    expect(steps).toEqual(["1", "2", "left"]);
    // The last one learns that there are no more.
    expect(await during(() => take(9))).toEqual([span, span, span, span]);
  });
});

describe("metrics", () => {
  it("counts what happens to sessions", async () => {
    const { login, sessions, browser, recorder, manager } = setUp();
    await login();
    await login("ann", new Browser());
    await new Browser().visit(sessions.authorize);
    await browser.visit((request) => sessions.rotate(request));
    await browser.visit(sessions.revokeAll);
    manager.events.on("created", () => {
      throw new Error("a listener");
    });
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await login();
    vi.restoreAllMocks();
    expect(recorder.sums("sessionup.created")).toEqual({ "": 3 });
    expect(recorder.sums("sessionup.ended")).toEqual({ revoked: 2 });
    expect(recorder.sums("sessionup.rejected")).toEqual({ no_cookie: 1 });
    expect(recorder.sums("sessionup.rotated")).toEqual({ rotate: 1 });
    expect(recorder.sums("sessionup.errors")).toEqual({ "": 1 });
    expect(recorder.points.filter(({ name }) => name === METRICS.authenticate.name)).toHaveLength(6);
  });

  it("a copied secret that is used again is a detected reuse", async () => {
    let now = Date.now();
    const { login, sessions, browser, recorder } = setUp(memoryStore(), { clock: () => now });
    await login();
    const thief = new Browser();
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    await browser.visit((request) => sessions.rotate(request));
    now += 60_000;
    expect(await thief.visit(sessions.authorize)).toBe("reused");
    expect(recorder.sums("sessionup.reuse_detected")).toEqual({ "": 1 });
    expect(recorder.sums("sessionup.ended")).toEqual({ reused: 1 });
  });

  it("measures store calls by operation and outcome, in seconds", async () => {
    const store = new GatedStore();
    const { manager, login, recorder } = setUp(store, { maxSessions: { max: 1, onExceed: "reject" } });
    const { id } = await login();
    await login("ann", new Browser()).catch(() => undefined);
    await manager.revokeById("0".repeat(22));
    await manager.revokeById(id);
    store.deleteById = () => Promise.reject(Object.assign(new Error(), { code: "ECONNRESET" }));
    await manager.revokeById(id).catch(() => undefined);
    const calls = recorder.points.filter(({ name }) => name === METRICS.storeOperation.name);
    expect(calls.map(({ attributes }) => Object.values(attributes).join(" "))).toEqual([
      "create ok",
      "create limit",
      "fetch_by_user_key ok",
      "delete_by_id not_found",
      "delete_by_id ok",
      "delete_by_id error ECONNRESET",
    ]);
    expect(calls.every(({ value }) => value >= 0 && value < 60)).toBe(true);
  });

  it("counts compare-and-set retries", async () => {
    const store = new GatedStore();
    const { login, sessions, browser, recorder } = setUp(store);
    await login();
    const gate = store.hold("update");
    const first = browser.visit((request) => sessions.rotate(request));
    await gate.arrived;
    await browser.visit((request) => sessions.rotate(request));
    gate.open();
    await first;
    expect(recorder.sums("sessionup.store.conflicts")).toEqual({ "": 1 });
  });

  it("counts hits and misses of the cache, and hits are no store calls", async () => {
    const { login, sessions, browser, recorder, during, manager } = setUp(cached(memoryStore()));
    await login();
    await browser.visit(sessions.authorize);
    await browser.visit(sessions.authorize);
    const before = recorder.sums(METRICS.cacheReads.name);
    expect(await during(() => browser.visit(sessions.authorize))).toEqual(["sessionup.authenticate"]);
    expect(before).toMatchObject({ miss: expect.any(Number) });
    expect(recorder.sums(METRICS.cacheReads.name).hit).toBe((before.hit ?? 0) + 1);
    await manager.close();
  });

  it("counts open connections until they close or their session ends", async () => {
    const { login, sessions, browser, recorder } = setUp();
    await login();
    const request = browser.request();
    await sessions.get(request);
    const open = () => closeWithSession(sessions, request, { close: () => undefined });
    const stop = open();
    open();
    expect(recorder.sums("sessionup.connections")).toEqual({ socket: 2 });
    stop();
    stop();
    expect(recorder.sums("sessionup.connections")).toEqual({ socket: 1 });
    await browser.visit(sessions.revoke);
    expect(recorder.sums("sessionup.connections")).toEqual({ socket: 0 });
  });

  it("counts the cleanups of this process", () => {
    const { recorder } = setUp();
    channel("sessionup:cleanup").publish({ removed: 3 });
    channel("sessionup:cleanup").publish({ removed: 1, error: new Error("lost") });
    expect(recorder.sums("sessionup.cleanup.removed")).toEqual({ "": 4 });
    expect(recorder.sums("sessionup.cleanup.runs")).toEqual({ ok: 1, error: 1 });
  });

  it("two options over one API count the messages of the process once", async () => {
    const { recorder } = setUp();
    openTelemetry({ metrics: recorder.metrics });
    channel("sessionup:cleanup").publish({ removed: 1 });
    expect(recorder.sums("sessionup.cleanup.runs")).toEqual({ ok: 1 });
  });

  it("every series of a counter begins at 0, so that an alert sees the first event", async () => {
    const added: string[] = [];
    const counter = (name: string) => ({
      add: (value: number, attributes = {}) =>
        void added.push([name, value, ...Object.values(attributes)].join(" ")),
    });
    const metrics = {
      getMeter: () => ({
        createCounter: counter,
        createUpDownCounter: counter,
        createHistogram: () => ({ record: () => undefined }),
      }),
    };
    const { deleteExpired: _, ...expiring } = new GatedStore();
    await setUp(expiring, { telemetry: openTelemetry({ metrics }) }).login();
    // An engine that expires records itself has no cleanup, and an alert must not miss it.
    expect(added.join()).not.toContain("cleanup");
    await setUp(memoryStore(), { telemetry: openTelemetry({ metrics }) }).login();
    expect(added).toEqual(
      expect.arrayContaining([
        "sessionup.ended 0 reused",
        "sessionup.reuse_detected 0",
        "sessionup.rejected 0 cross_origin",
        "sessionup.cleanup.runs 0 error",
      ]),
    );
  });
});

describe("an OpenTelemetry API that fails", () => {
  const fail = (): never => {
    throw new Error("the API failed");
  };
  const span = { setAttributes: fail, setStatus: fail, recordException: fail, end: fail };
  const trace = (startActiveSpan: (...given: never[]) => unknown) => ({
    trace: { getTracer: () => ({ startActiveSpan }) },
  });
  const instruments = (instrument: () => unknown) => ({
    metrics: {
      getMeter: () => ({
        createCounter: instrument,
        createUpDownCounter: instrument,
        createHistogram: instrument,
      }),
    },
  });
  type Run = (span: object) => void;

  it.each<[string, object]>([
    ["getTracer", { trace: { getTracer: fail } }],
    ["startActiveSpan, before it runs anything", trace(fail)],
    [
      "startActiveSpan, after it has run everything",
      trace((_name, _options, run: Run) => {
        run(span);
        fail();
      }),
    ],
    ["every method of a span", trace((_name, _options, run: Run) => run(span))],
    ["getMeter", { metrics: { getMeter: fail } }],
    ["createCounter", instruments(fail)],
    ["add and record", instruments(() => ({ add: fail, record: fail }))],
  ])("breaks no request: %s", async (_name, api) => {
    const store = new GatedStore();
    const errors: unknown[] = [];
    const telemetry = openTelemetry({
      ...api,
      onError: (error: unknown) => void errors.push(error),
    } as never);
    const { login, sessions, browser } = setUp(store, { telemetry });
    await login();
    expect(await browser.visit(sessions.authorize)).toBeUndefined();
    store.deleteById = () => Promise.reject(new Error("the store failed"));
    const failed = await browser.visit((request) =>
      sessions.revoke(request).catch((error: unknown) => error),
    );
    expect(SessionError.is(failed) && failed.code).toBe("ERR_STORE");
    expect(store.calls.filter((call) => call === "create")).toHaveLength(1);
    expect(errors).toEqual([new Error("the API failed")]);
  });

  it.each<[string, (run: Run) => unknown]>([
    ["never runs its function", () => undefined],
    [
      "runs its function twice",
      (run) => {
        run(span);
        run(span);
      },
    ],
  ])("each step runs once if startActiveSpan %s", async (_name, start) => {
    const store = new GatedStore();
    const api = trace((_span, _options, run: Run) => start(run));
    const telemetry = openTelemetry({ ...api, onError: () => undefined } as never);
    await setUp(store, { telemetry }).login();
    expect(store.calls.filter((call) => call === "create")).toHaveLength(1);
  });

  it("an onError that throws breaks no request", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const telemetry = openTelemetry({ ...trace(fail), onError: fail } as never);
    await setUp(memoryStore(), { telemetry }).login();
    expect(print).toHaveBeenCalledExactlyOnceWith(
      "sessionup: onError of openTelemetry failed.",
      new Error("the API failed"),
    );
    print.mockRestore();
  });

  it("is reported once, by default on the console", async () => {
    const print = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { login } = setUp(memoryStore(), { telemetry: openTelemetry(trace(fail) as never) });
    await login();
    await login();
    expect(print).toHaveBeenCalledOnce();
    print.mockRestore();
  });
});
