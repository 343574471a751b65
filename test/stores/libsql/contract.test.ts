import { type Client, createClient } from "@libsql/client";
import { type LibsqlStoreOptions, libsqlPush, libsqlStore } from "sessionup/stores/libsql";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../contract/backend.ts";
import { storeSuite } from "../../contract/suite.ts";
import { HeardEvents } from "../../support/heard-events.ts";
import { NOW } from "../../support/record.ts";
import { WITHOUT_FSYNC } from "../sqlite/connection.ts";
import { SqliteFiles } from "../sqlite/files.ts";

const COUNT = "SELECT count(*) AS count FROM sessionup_sessions";
const files = new SqliteFiles();

function suiteOver(
  client: string,
  connect: () => Client,
  start: () => Promise<void>,
  stop: () => Promise<void>,
): void {
  const backend = createBackend(client, connect, start, stop, {});
  storeSuite(backend);
  const push = libsqlPush({ interval: "10ms" });
  storeSuite({
    ...createBackend(`${client}, push`, connect, start, stop, { push }),
    contractOnly: true,
    subscribes: true,
    skip: [
      {
        reason: "they run without push, and with push on a file of SQLite",
        tests: ["scan", "delete-created-before/many"],
      },
    ],
  });
}

function createBackend(
  client: string,
  connect: () => Client,
  start: () => Promise<void>,
  stop: () => Promise<void>,
  options: LibsqlStoreOptions,
): Backend {
  const once = async <Answer>(use: (client: Client) => Promise<Answer>): Promise<Answer> => {
    const connected = connect();
    try {
      return await use(connected);
    } finally {
      connected.close();
    }
  };
  return {
    store: "libsql",
    client,
    start: async () => {
      await start();
      await once((connected) => libsqlStore(connected).migrate());
    },
    stop,
    open: async () => {
      const connected = connect();
      if (connected.protocol === "file") await connected.execute(WITHOUT_FSYNC);
      const store = libsqlStore(connected, options);
      return {
        store,
        ping: () => connected.execute("SELECT 1"),
        close: async () => {
          await store.close();
          connected.close();
        },
      };
    },
    left: async () => once(async (connected) => Number((await connected.execute(COUNT)).rows[0]?.count)),
  };
}

suiteOver(
  "@libsql/client, file",
  () => createClient({ url: `file:${files.path()}` }),
  () => files.make(),
  () => files.remove(),
);

const url = process.env.LIBSQL_URL;
const authToken = process.env.LIBSQL_AUTH_TOKEN;
if (url) {
  suiteOver(
    "@libsql/client, LIBSQL_URL",
    () => createClient({ url, ...(authToken && { authToken }) }),
    async () => undefined,
    async () => undefined,
  );
} else {
  it.skip(
    "libsql × @libsql/client, sqld (skipped: set LIBSQL_URL to the URL of a server; test/runtimes covers HTTP)",
  );
}

describe("libsqlStore over the app's client", () => {
  let close: Array<() => void> = [];
  beforeAll(() => files.make());
  afterAll(() => files.remove());
  afterEach(() => {
    for (const each of close) each();
    close = [];
  });
  const open = (path: string = files.path(), intMode: "number" | "bigint" | "string" = "number") => {
    const client = createClient({ url: path === ":memory:" ? path : `file:${path}`, intMode });
    close.push(() => client.close());
    return client;
  };
  const times = { createdAt: NOW, lastSeenAt: NOW, expiresAt: NOW + 1_000, deadline: NOW + 1_000 };
  const record = (id: string, userKey = "user") => ({ id, userKey, revision: 0, ...times, data: { v: 1 } });

  it("reads integers of a client in every intMode", async () => {
    for (const intMode of ["number", "bigint", "string"] as const) {
      const store = libsqlStore(open(files.path(), intMode), { table: intMode });
      await store.migrate();
      await store.migrate();
      await store.create(record("abcd"), { now: NOW });
      expect(await store.fetchById("abcd")).toEqual(record("abcd"));
      expect(await store.deleteByUserKey("user", { reason: "revoked", now: NOW })).toEqual(["abcd"]);
    }
  });

  it("works with a database in memory", async () => {
    const store = libsqlStore(open(":memory:"));
    await store.migrate();
    await store.create(record("abcd"), { now: NOW });
    expect(await store.fetchById("abcd")).toEqual(record("abcd"));
    await store.close();
  });

  it("close() leaves the app's client open", async () => {
    const client = open();
    const store = libsqlStore(client);
    await store.close();
    await store.close();
    expect(client.closed).toBe(false);
  });

  it("waits for another process's lock and fails with ERR_STORE after the timeout", async () => {
    const store = libsqlStore(open(), { timeout: "1s" });
    await store.migrate();
    const lock = await open().transaction("write");
    const creating = store.create(record("lock"), { now: NOW });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await lock.commit();
    await creating;
    const again = await open().transaction("write");
    await expect(store.create(record("lost"), { now: NOW })).rejects.toMatchObject({ code: "ERR_STORE" });
    await again.rollback();
    expect(await store.fetchById("lock")).toEqual(record("lock"));
  });

  it("does not take part in an interactive transaction of the app", async () => {
    const client = open(files.path());
    const store = libsqlStore(client);
    await store.migrate();
    const transaction = await client.transaction("read");
    await transaction.execute("SELECT 1");
    await store.create(record("apart"), { now: NOW });
    await transaction.rollback();
    expect(await store.fetchById("apart")).toEqual(record("apart"));
  });

  it("deleteByUserKey ends thousands of sessions in batches and returns each id once", async () => {
    const client = open();
    const store = libsqlStore(client);
    await store.migrate();
    const user = new TextEncoder().encode("thousands");
    const insert =
      "INSERT INTO sessionup_sessions VALUES (?, ?, 0, ?, ?, ?, ?, NULL, NULL, '{\"v\":1}', NULL)";
    const rows = Array.from({ length: 2_500 }, (_, index) => [
      `id${index}`,
      user,
      NOW - (index % 7),
      NOW,
      NOW + 1,
      NOW + 1,
    ]);
    await client.batch(
      rows.map((args) => ({ sql: insert, args })),
      "write",
    );
    const end = { reason: "revoked", now: NOW, tombstones: { keepFor: 5, max: 3 } } as const;
    const ended = await store.deleteByUserKey("thousands", end, ["id7"]);
    expect(new Set(ended).size).toBe(2_499);
    expect(ended).toHaveLength(2_499);
    expect(await store.fetchByUserKey("thousands", { now: NOW, limit: 5 })).toMatchObject([{ id: "id7" }]);
    const left = await client.execute(
      "SELECT id FROM sessionup_sessions WHERE user_key = CAST('thousands' AS BLOB)",
    );
    expect(left.rows).toHaveLength(1 + 3);
  });

  it.each([false, true])(
    "sends one batch for each operation that changes sessions, even with tombstones (push: %s)",
    async (push) => {
      const client = open();
      let batches = 0;
      const counted = new Proxy(client, {
        get(target, key) {
          if (key === "batch") batches++;
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      const store = libsqlStore(counted, { table: `counted ${push}`, push });
      await store.migrate();
      const tombstones = { keepFor: 1_000, max: 1 };
      const end = { reason: "revoked", now: NOW, tombstones } as const;
      const limit = { max: 1, onExceed: "evict-oldest" } as const;
      const operations = [
        () => store.create(record("abca"), { now: NOW, limit, tombstones }),
        () => store.create(record("abcb"), { now: NOW, limit, replaces: "abca", tombstones }),
        () => store.create(record("abcc"), { now: NOW, limit, tombstones }),
        () => store.update("abcc", { data: { v: 1 } }, { now: NOW, ifRevision: 0 }),
        () => store.deleteById("abcc", end, "user"),
        () => store.deleteByUserKey("user", end),
        () => store.deleteExpired(NOW + 1_000, 10),
        () => store.deleteTombstones?.("user"),
      ];
      for (const operation of operations) {
        batches = 0;
        await operation();
        expect(batches, String(operation)).toBe(1);
      }
      // With a listener, a second batch forgets the sessions that have been reported.
      store.onExpired(() => undefined);
      for (const expected of [2, 1]) {
        if (expected === 2) await store.create(record("abcd"), { now: NOW });
        batches = 0;
        await store.deleteExpired(NOW + 1_000, 10);
        expect(batches).toBe(expected);
      }
    },
  );

  it("a read of events that fails is reported, and the first one that succeeds", async () => {
    const client = open();
    const store = libsqlStore(client, { push: libsqlPush({ interval: "10ms" }) });
    await store.migrate();
    const heard = new HeardEvents();
    await store.subscribe?.(heard);
    await client.execute("ALTER TABLE sessionup_sessions_events RENAME TO elsewhere");
    await expect.poll(() => heard.states).toEqual([true, false]);
    await client.execute("ALTER TABLE elsewhere RENAME TO sessionup_sessions_events");
    await expect.poll(() => heard.states).toEqual([true, false, true]);
    await store.close();
  });

  it("has no subscribe unless the option is the result of libsqlPush", () => {
    for (const push of [false, true]) expect("subscribe" in libsqlStore(open(), { push })).toBe(false);
    expect(() => libsqlStore(open(), { push: "yes" as never })).toThrow("push must be the result of");
    expect(() => libsqlPush({ interval: "soon" as never })).toThrow("interval must be");
  });

  it("rejects an object that is neither a client nor a D1Database", () => {
    // @ts-expect-error: a client has the method batch.
    expect(() => libsqlStore({})).toThrow(TypeError);
    // @ts-expect-error: the method batch alone is not enough.
    expect(() => libsqlStore({ batch: async () => [] })).toThrow("client must be the result of createClient");
  });
});
