import { createRequire } from "node:module";
import type { Redis as RedisClient } from "ioredis";
import type { Pool as PgPool } from "pg";
import { Manager, type ManagerOptions, SessionError, type Store } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { postgresStore } from "sessionup/stores/postgres";
import { redisStore } from "sessionup/stores/redis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Browser, testSessions } from "../support/browser.ts";
import { startPostgres, WITHOUT_FSYNC } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";
import { type Sdk, startSdk } from "./sdk.ts";

let sdk: Sdk;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  sdk = await startSdk();
  const { registerInstrumentations } = await import("@opentelemetry/instrumentation");
  const { IORedisInstrumentation } = await import("@opentelemetry/instrumentation-ioredis");
  const { PgInstrumentation } = await import("@opentelemetry/instrumentation-pg");
  const stop = registerInstrumentations({
    tracerProvider: sdk.tracerProvider as never,
    instrumentations: [new IORedisInstrumentation(), new PgInstrumentation()],
  });
  closing.push(stop);
}, 600_000);
afterEach(() => sdk.reset());
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

// The instrumentations change what `require` returns.
const require = createRequire(import.meta.url);

async function openRedis(): Promise<{ store: Store; stop(): Promise<void> }> {
  const server = await startRedis();
  const { Redis } = require("ioredis") as { Redis: typeof RedisClient };
  const client = new Redis({ port: server.port, maxRetriesPerRequest: 0, enableOfflineQueue: false });
  await new Promise((resolve) => void client.once("ready", resolve));
  client.on("error", () => undefined);
  closing.push(() => server.stop());
  closing.push(() => client.disconnect());
  return { store: redisStore(client), stop: () => server.stop() };
}

async function openPostgres(): Promise<{ store: Store; stop(): Promise<void> }> {
  const server = await startPostgres(WITHOUT_FSYNC);
  const { Pool } = require("pg") as { Pool: typeof PgPool };
  const pool = new Pool({ connectionString: server.url });
  pool.on("error", () => undefined);
  closing.push(() => server.stop());
  closing.push(() => pool.end());
  const store = postgresStore(pool, { cleanupEvery: false });
  await store.migrate();
  return { store, stop: () => server.stop() };
}

function open(store: Store, options: ManagerOptions = {}) {
  const manager = new Manager(store, { telemetry: sdk.telemetry, ...options });
  return { manager, sessions: testSessions(manager), browser: new Browser() };
}

/** Returns the names of the spans below each store call. */
const toDriverSpans = () =>
  sdk
    .tree()
    .map((line) => line.trimStart())
    .filter((name) => !name.startsWith("sessionup."));

describe.each([
  ["Redis with ioredis", openRedis, /^MGET$/i],
  ["PostgreSQL with pg", openPostgres, /^pg/],
] as const)("the spans of %s", (_name, openStore, driver) => {
  let store: Store;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ store, stop } = await openStore());
    const { sessions, browser } = open(store);
    // The store sets itself up at first use.
    await browser.visit((request) => sessions.init(request, "bob"));
  });

  it("the driver's span is below that of the store call", async () => {
    const { sessions, browser } = open(store);
    await browser.visit((request) => sessions.init(request, "ann"));
    sdk.reset();
    await browser.visit((request) => sdk.inRequest(() => sessions.authorize(request)));
    expect(sdk.tree()).toEqual([
      "request",
      "  sessionup.authenticate",
      "    sessionup.store.fetch_by_id",
      expect.stringMatching(/^ {6}\S/),
      ...sdk.tree().slice(4),
    ]);
    expect(
      sdk
        .tree()
        .slice(4)
        .every((line) => line.startsWith("      ")),
    ).toBe(true);
    expect(toDriverSpans()[1]).toMatch(driver);
  });

  it("an outage is an error of both spans, without the driver's message", async () => {
    const { sessions, browser } = open(store);
    await browser.visit((request) => sessions.init(request, "ann"));
    sdk.reset();
    await stop();
    expect(await browser.visit(sessions.authorize)).toBe("ERR_STORE");
    const spans = sdk.spans().filter(({ name }) => name.startsWith("sessionup."));
    expect(spans.map(({ name, status }) => [name, status])).toEqual([
      ["sessionup.store.fetch_by_id", { code: 2 }],
      ["sessionup.authenticate", { code: 2 }],
    ]);
    const [call, operation] = spans;
    expect(call?.attributes).toMatchObject({ "sessionup.outcome": "error" });
    expect(call?.attributes["error.type"]).toMatch(/^\w+$/);
    expect(operation?.attributes).toEqual({ "error.type": "ERR_STORE" });
    expect(call?.events.map(({ attributes }) => Object.keys(attributes ?? {}))).toEqual([["exception.type"]]);
  });
});

it("the spans of the memory store are finished when the call has returned", async () => {
  const { sessions, browser } = open(memoryStore());
  await browser.visit((request) => sessions.init(request, "ann"));
  sdk.reset();
  await browser.visit((request) => {
    expect(sessions.guards.auth()(request)).toBeUndefined();
    expect(sdk.tree()).toEqual(["sessionup.authenticate", "  sessionup.store.fetch_by_id"]);
  });
});

it("what a client causes is no error of a span", async () => {
  const { sessions, browser, manager } = open(memoryStore(), { maxSessions: { max: 1, onExceed: "reject" } });
  await browser.visit((request) => sessions.init(request, "ann"));
  const other = new Browser();
  const error = await other.visit((request) => sessions.init(request, "ann").catch((cause) => cause));
  expect(SessionError.is(error)).toBe(true);
  expect(await manager.revokeById("0".repeat(22))).toBe(false);
  const init = sdk.spans().findLast(({ name }) => name === "sessionup.init");
  expect(init?.attributes).toEqual({ "error.type": "ERR_LIMIT" });
  expect(sdk.spans().map(({ status }) => status.code)).not.toContain(2);
});
