import pg from "pg";
import postgres from "postgres";
import { SessionError } from "sessionup";
import {
  type PgPool,
  type PostgresJs,
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
} from "sessionup/stores/postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRecord, DAY, NOW } from "../../support/record.ts";
import { type PostgresServer, startPostgres } from "../../support/servers/postgres.ts";
import { withClient } from "./_backends.ts";

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres({ track_counts: "on" });
}, 60_000);
beforeEach(() => {
  pool = new pg.Pool({ connectionString: server.url });
  pool.on("error", () => {});
  return async () => {
    for (const store of opened.splice(0)) await store.close();
    await pool.end();
  };
});
afterAll(() => server.stop());

const opened: PostgresStore[] = [];
function open(client: PgPool, options: PostgresStoreOptions = {}): PostgresStore {
  const store = postgresStore(client, options);
  opened.push(store);
  return store;
}

/** Returns a pool that records each statement and passes it on to the server. */
function counting(): PgPool & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    get totalCount() {
      return pool.totalCount;
    },
    // biome-ignore lint/suspicious/noExplicitAny: the wrapper passes any arguments on
    query(config: any): Promise<any> {
      asked.push(typeof config === "string" ? config : config.text);
      return pool.query(config);
    },
  };
}

async function sql<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  return (await pool.query<Row>(text)).rows;
}

describe("migrate of postgresStore", () => {
  it("creates the table once when ten stores call it concurrently", async () => {
    const stores = Array.from({ length: 10 }, () => open(pool, { table: "at_once" }));
    await Promise.all(stores.map((store) => store.migrate()));
    await stores[0]?.create(createRecord(), { now: NOW });
    await stores[0]?.migrate();
    expect(await sql("select count(*)::int as count from at_once")).toEqual([{ count: 1 }]);
    expect(await sql("select obj_description('at_once'::regclass) as version")).toEqual([
      { version: "sessionup 3" },
    ]);
  });

  it("quotes any schema and table name", async () => {
    const names = { schema: `my "sche'ma"`, table: `select "x'; drop table y` };
    const store = open(pool, names);
    await store.migrate();
    const own = createRecord();
    const limit = { max: 1, onExceed: "evict-oldest" } as const;
    expect(await store.create(own, { now: NOW, limit })).toMatchObject({ evicted: [] });
    expect((await store.create(createRecord(), { now: NOW, limit })).evicted).toEqual([own.id]);
    expect(await store.deleteExpired(NOW + DAY, 10)).toBe(1);
  });

  it("accepts a table that migrationSql created", async () => {
    const store = open(pool, { table: "by_hand" });
    await withClient(server.url, (client) => client.query(store.migrationSql()));
    await store.create(createRecord(), { now: NOW, limit: { max: 2, onExceed: "reject" } });
    await store.migrate();
    expect(await store.fetchByUserKey("ann", { now: NOW, limit: 9 })).toHaveLength(1);
  });

  it("rejects a table of a later release and a table that does not belong to sessionup", async () => {
    const store = open(pool, { table: "later" });
    await store.migrate();
    await pool.query("comment on table later is 'sessionup 9'");
    await expect(store.migrate()).rejects.toThrow(
      "the table has version 9, this release supports 3; upgrade sessionup",
    );
    await pool.query("create table somebodys (id text)");
    await expect(open(pool, { table: "somebodys" }).migrate()).rejects.toThrow(
      /does not belong to sessionup/,
    );
  });

  it("is recommended by the error of an operation whose table is missing", async () => {
    const store = open(pool, { table: "nowhere" });
    const limit = { max: 1, onExceed: "reject" } as const;
    for (const attempt of [
      () => store.fetchById(createRecord().id),
      () => store.create(createRecord(), { now: NOW }),
      () => store.create(createRecord(), { now: NOW, limit }),
    ]) {
      const error = await attempt().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(SessionError.is(error) && [error.code, error.message]).toEqual([
        "ERR_STORE",
        "postgresStore: the table is missing. Call migrate() before using the store.",
      ]);
    }
  });
});

describe("the statements of postgresStore", () => {
  it("are one for each operation", async () => {
    const counted = counting();
    const store = open(counted);
    await store.migrate();
    const limit = { max: 5, onExceed: "evict-oldest" } as const;
    const own = createRecord();
    const operations: Array<() => Promise<unknown>> = [
      () => store.create(own, { now: NOW }),
      () => store.create(createRecord(), { now: NOW, limit, replaces: "missing" }),
      () => store.fetchById(own.id),
      () => store.fetchByIds([own.id, createRecord().id]),
      () => store.fetchByUserKey("ann", { now: NOW, limit: 5 }),
      () => store.fetchByUserKey("ann", { now: NOW, limit: 5, before: own }),
      () => store.update(own.id, { data: { v: 1 } }, { now: NOW, ifRevision: 7 }),
      () => store.update(own.id, { data: { v: 1 } }, { now: NOW, ifRevision: 0 }),
      () => store.deleteById(own.id, { reason: "logout", now: NOW }, "bob"),
      () =>
        store.deleteById(own.id, { reason: "logout", now: NOW, tombstones: { keepFor: 5, max: 9 } }, "ann"),
      () => store.deleteByUserKey("ann", { reason: "revoked", now: NOW }, [own.id]),
      () => store.deleteExpired(NOW, 10),
    ];
    for (const operation of operations) {
      counted.asked.length = 0;
      await operation();
      expect(counted.asked).toHaveLength(1);
    }
  });

  it("are one for all lookups of an event-loop turn, and each lookup gets its own record", async () => {
    const counted = counting();
    const store = open(counted, { table: "turns" });
    await store.migrate();
    const records = Array.from({ length: 64 }, (_, index) => createRecord({ userKey: `user-${index}` }));
    await Promise.all(records.map((each) => store.create(each, { now: NOW })));
    counted.asked.length = 0;
    const missing = createRecord();
    const answers = await Promise.all([missing, ...records, ...records].map(({ id }) => store.fetchById(id)));
    expect(counted.asked).toHaveLength(1);
    expect(answers).toEqual([undefined, ...records, ...records]);
  });

  it("are prepared once for each connection unless prepare is false", async () => {
    const prepared = async () => {
      const client = await pool.connect();
      try {
        const { rows } = await client.query("select name from pg_prepared_statements");
        return rows.length;
      } finally {
        client.release();
      }
    };
    for (const [prepare, left] of [
      [false, 0],
      [true, 1],
    ] as const) {
      const store = open(pool, { prepare });
      for (let round = 0; round < 3; round++) await store.fetchById(createRecord().id);
      expect(await prepared()).toBe(left);
    }
  });
});

describe("the table of postgresStore", () => {
  it("updates activity without index writes (HOT updates)", async () => {
    const own = new pg.Pool({ connectionString: server.url, max: 1 });
    const store = open(own, { table: "hot" });
    await store.migrate();
    const data = { v: 1, text: "x".repeat(200) };
    const records = Array.from({ length: 200 }, (_, index) =>
      createRecord({ userKey: `user-${index}`, data }),
    );
    for (const each of records) await store.create(each, { now: NOW });
    await pool.query("vacuum analyze hot");
    for (let round = 1; round <= 5; round++) {
      const activity = { lastSeenAt: NOW + round, expiresAt: NOW + 1_000 + round };
      await Promise.all(
        records.map(({ id }) => store.update(id, { activity }, { now: NOW + round, ifRevision: 0 })),
      );
    }
    // A connection reports its statistics when it closes.
    await own.end();
    let seen = { updates: 0, hot: 0 };
    for (let tries = 0; tries < 100 && seen.updates < 1_000; tries++) {
      [seen = seen] = await sql<typeof seen>(
        "select n_tup_upd::int as updates, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'hot'",
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(seen.updates).toBe(1_000);
    expect(seen.hot).toBeGreaterThan(950);
  });
});

describe("create with a limit", () => {
  it("rejects repeatable read connections, whose snapshot would be older than the lock", async () => {
    const store = open(pool);
    await store.migrate();
    const strict = new pg.Pool({
      connectionString: server.url,
      options: "-c default_transaction_isolation=repeatable\\ read",
    });
    const limit = { max: 1, onExceed: "reject" } as const;
    await expect(open(strict).create(createRecord(), { now: NOW, limit })).rejects.toThrow(
      /must be "read committed"/,
    );
    await strict.end();
  });
});

describe("postgresStore", () => {
  it.each<[what: string, make: () => unknown, message: string]>([
    ["undefined as client", () => postgresStore(undefined as never), "client must be a Pool of pg"],
    [
      "a single connection as client",
      () => postgresStore(new pg.Client() as never),
      "client must be a Pool of pg",
    ],
    [
      "an empty table name",
      () => postgresStore(pool, { table: "" }),
      "table must be a name of 1 to 51 bytes",
    ],
    [
      "a table name that is too long",
      () => postgresStore(pool, { table: "ä".repeat(26) }),
      "table must be a name",
    ],
    [
      "a schema name with a dollar sign",
      () => postgresStore(pool, { schema: "a$b" }),
      "schema must be a name",
    ],
    ["a number as timeout", () => postgresStore(pool, { timeout: 5 as never }), "timeout must be a duration"],
    [
      "a string as prepare",
      () => postgresStore(pool, { prepare: "no" as never }),
      "prepare must be true or false",
    ],
    ["a misspelt option", () => postgresStore(pool, { tabel: "x" } as never), "tabel"],
  ])("rejects %s with a TypeError", (_what, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });

  it("accepts the types of both clients", () => {
    const take = (client: PgPool | PostgresJs) => client;
    const sql = postgres(server.url);
    expect([take(pool), take(sql)]).toHaveLength(2);
    return sql.end();
  });
});
