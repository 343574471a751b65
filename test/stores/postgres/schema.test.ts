import type pg from "pg";
import postgres from "postgres";
import {
  type PgPool,
  type PostgresJs,
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
} from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  POSTGRES_MIGRATIONS,
  toPostgresMigration,
  toPostgresNames,
} from "../../../src/stores/postgres/schema.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { openPool } from "./fixture.ts";

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres(WITHOUT_FSYNC);
  pool = openPool(server.url);
}, 60_000);
afterAll(async () => {
  for (const store of opened) await store.close();
  await pool.end();
  await server.stop();
});

const opened: PostgresStore[] = [];
function open(client: PgPool | PostgresJs, options: PostgresStoreOptions): PostgresStore {
  const store = postgresStore(client, options);
  opened.push(store);
  return store;
}

describe("a PostgreSQL table of an earlier release", () => {
  it("is upgraded with every session in it when ten connections migrate at once", async () => {
    const names = toPostgresNames(undefined, "upgraded");
    const store = open(pool, { table: "upgraded" });
    await store.migrate();
    const records = Array.from({ length: 100 }, () => createRecord());
    for (const record of records) await store.create(record, { now: NOW });
    const next = [
      ...POSTGRES_MIGRATIONS,
      ({ table }: typeof names) => `ALTER TABLE ${table} ADD COLUMN device text NOT NULL DEFAULT '';`,
      ({ table }: typeof names) => `CREATE INDEX ON ${table} (device);`,
    ];
    const upgrade = toPostgresMigration(names, next);
    await Promise.all(Array.from({ length: 10 }, () => pool.query(upgrade)));
    const { rows } = await pool.query("select obj_description('upgraded'::regclass) as version");
    expect(rows).toEqual([{ version: "sessionup 5" }]);
    // The previous release keeps working, even on connections with prepared statements.
    const list = await store.fetchByUserKey("ann", { now: NOW, limit: 1_000 });
    expect(list).toEqual(records.toReversed());
    const limit = { max: 1, onExceed: "evict-oldest" } as const;
    expect((await store.create(createRecord(), { now: NOW, limit })).evicted).toHaveLength(100);
  });

  it("is unchanged after a failed migration step", async () => {
    const names = toPostgresNames(undefined, "half");
    const store = open(pool, { table: "half" });
    await store.migrate();
    await store.create(createRecord({ userKey: "half" }), { now: NOW });
    const next = [
      ...POSTGRES_MIGRATIONS,
      ({ table }: typeof names) => `ALTER TABLE ${table} ADD COLUMN device text; SELECT 1 / 0;`,
    ];
    await expect(pool.query(toPostgresMigration(names, next))).rejects.toThrow();
    await store.migrate();
    expect(await store.fetchByUserKey("half", { now: NOW, limit: 9 })).toHaveLength(1);
  });
});

describe("migrate of postgresStore", () => {
  it("creates several tables of one schema concurrently", async () => {
    const stores = Array.from({ length: 8 }, (_, index) =>
      open(pool, { schema: "several", table: `table ${index}` }),
    );
    await Promise.all(stores.map((store) => store.migrate()));
    for (const store of stores) await store.create(createRecord(), { now: NOW });
  });

  it("needs no more privileges than the store on an up-to-date schema, and causes no notices", async () => {
    await open(pool, { schema: "closed" }).migrate();
    await pool.query(`create role app login;
      grant usage on schema closed to app;
      grant select, insert, update, delete on closed.sessionup_sessions, closed.sessionup_sessions_ends to app;
      create role reader login;
      grant usage on schema closed to reader;
      grant select on closed.sessionup_sessions to reader`);
    const notices: unknown[] = [];
    const sql = postgres(server.url, { user: "app", onnotice: (notice) => notices.push(notice) });
    const store = open(sql, { schema: "closed" });
    await store.migrate();
    const record = createRecord();
    const limit = { max: 1, onExceed: "reject" } as const;
    await store.create(record, { now: NOW, limit });
    await store.update(record.id, { data: { v: 1 } }, { now: NOW });
    expect(await store.deleteByUserKey("ann", { reason: "revoked", now: NOW })).toEqual([record.id]);
    const expired: unknown[] = [];
    store.onExpired((sessions) => expired.push(...sessions));
    await store.create(createRecord({ deadline: NOW + 1 }), { now: NOW });
    expect(await store.deleteExpired(NOW + 1, 9)).toBe(1);
    expect(expired).toHaveLength(1);
    expect(notices).toEqual([]);
    await sql.end();
    const readers = postgres(server.url, { user: "reader" });
    const reading = open(readers, { schema: "closed" });
    expect(await reading.scan?.({ now: NOW, limit: 9 })).toEqual({ records: [] });
    expect(await reading.count?.(NOW)).toEqual({ count: 0, isExact: true });
    expect((await reading.inspect?.())?.schema?.found).toBe(POSTGRES_MIGRATIONS.length);
    await readers.end();
  });

  it("creates the table again when only the function is left", async () => {
    const store = open(pool, { table: "dropped" });
    await store.migrate();
    await pool.query("drop table dropped");
    await store.migrate();
    const limit = { max: 1, onExceed: "reject" } as const;
    expect(await store.create(createRecord(), { now: NOW, limit })).toMatchObject({ evicted: [] });
  });

  it("counts the limit of one user separately in two tables", async () => {
    const stores = ["users", "admins"].map((table) => open(pool, { table }));
    const limit = { max: 1, onExceed: "reject" } as const;
    for (const store of stores) {
      await store.migrate();
      expect(await store.create(createRecord({ userKey: "both" }), { now: NOW, limit })).toEqual({
        evicted: [],
        replaced: false,
      });
    }
  });

  it("is recommended by the error of every operation when the schema is missing", async () => {
    const store = open(pool, { schema: "nowhere" });
    const limit = { max: 1, onExceed: "reject" } as const;
    const end = { reason: "logout", now: NOW } as const;
    for (const attempt of [
      () => store.create(createRecord(), { now: NOW }),
      () => store.create(createRecord(), { now: NOW, limit }),
      () => store.fetchById("abcd"),
      () => store.fetchByIds(["abcd", "efgh"]),
      () => store.fetchByUserKey("ann", { now: NOW, limit: 9 }),
      () => store.update("abcd", { data: { v: 1 } }, { now: NOW }),
      () => store.deleteById("abcd", end),
      () => store.deleteByUserKey("ann", end),
      () => store.deleteExpired(NOW, 1),
    ])
      await expect(attempt()).rejects.toMatchObject({
        code: "ERR_STORE",
        message: "postgresStore: the table is missing. Call migrate() before using the store.",
      });
  });
});

describe("postgresStore in a database with an ICU collation", () => {
  it("orders and pages sessions by the bytes of their ids", async () => {
    await pool.query("create database english template template0 locale_provider icu icu_locale 'en'");
    const english = openPool(server.url.replace(/postgres$/, "english"));
    const store = open(english, {});
    await store.migrate();
    const ids = ["PLAa", "PLAb", "PLBa", "PLaB", "PLab", "PLb0"];
    for (const id of ids.toReversed()) await store.create(createRecord({ id, createdAt: NOW }), { now: NOW });
    expect((await store.fetchByUserKey("ann", { now: NOW, limit: 9 })).map(({ id }) => id)).toEqual(
      ids.toReversed(),
    );
    const before = { createdAt: NOW, id: "PLaB" };
    const page = await store.fetchByUserKey("ann", { now: NOW, limit: 9, before });
    expect(page.map(({ id }) => id)).toEqual(["PLBa", "PLAb", "PLAa"]);
    await store.close();
    await english.end();
  });
});
