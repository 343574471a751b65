import type pg from "pg";
import postgres from "postgres";
import type { ScanFilter, ScanResult } from "sessionup";
import { type PostgresStore, type PostgresStoreOptions, postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  POSTGRES_MIGRATIONS,
  toPostgresMigration,
  toPostgresNames,
} from "../../../src/stores/postgres/schema.ts";
import { createRecord, DAY, NOW } from "../../support/record.ts";
import { type PostgresServer, startPostgres } from "../../support/servers/postgres.ts";
import { openPool } from "./fixture.ts";

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres({ fsync: "off", full_page_writes: "off", autovacuum: "off" });
  // One connection, whose own statistics are current.
  pool = openPool(server.url, { max: 1 });
}, 60_000);
afterAll(async () => {
  await pool.end();
  await server.stop();
});

const SESSIONS = 25_000;
const LIVE = { now: NOW, limit: 1_000 } as const;

function open(table: string, options: PostgresStoreOptions = {}): PostgresStore {
  return postgresStore(pool, { table, cleanupEvery: false, ...options });
}

/** Inserts sessions of 500 users, all of which began at once. Every tenth is a tombstone. */
async function fill(table: string, count: number, data = '{"v":1}'): Promise<void> {
  await pool.query(`insert into ${table}
    select 'id' || n, convert_to('user' || n % 500, 'UTF8'), 0, ${NOW}, ${NOW}, ${NOW + DAY}, ${NOW + DAY},
      case when n % 10 = 0 then ${NOW} end, case when n % 10 = 0 then 'logout' end, '${data}'
    from generate_series(1, ${count}) as n`);
}

/** Returns the number of rows and index entries that the connection has read. */
async function read(): Promise<number> {
  await pool.query("select pg_stat_force_next_flush()");
  const { rows } = await pool.query(`select (select sum(seq_tup_read)::int from pg_stat_user_tables)
    + (select sum(idx_tup_read)::int from pg_stat_user_indexes) as rows`);
  return rows[0].rows;
}

/** A filter, the number of sessions that match it, and the largest number of rows that a step may read. */
type Case = readonly [what: string, filter: ScanFilter, all: number, most: number];

const OF_ALL: readonly Case[] = [
  ["no filter", {}, 22_500, 12_000],
  ["a text that no session has", { dataIncludes: ["nowhere"] }, 0, 21_000],
  ["tombstones", { ended: {} }, 2_500, 21_000],
  ["a range of creation without sessions", { createdAt: { before: NOW } }, 0, 10],
];
const OF_USER: readonly Case[] = [
  ["a user", { userKey: "user7" }, 50, 200],
  ["a user's tombstones", { userKey: "user10", ended: {} }, 50, 300],
];

describe.each([
  ["with current statistics", "analyze steps", [...OF_ALL, ...OF_USER]],
  // The server sorts a small table that it knows nothing about.
  ["without statistics", "delete from pg_statistic where starelid = 'steps'::regclass", OF_USER],
])("a step of a scan of a PostgreSQL table %s", (_what, prepare, cases) => {
  let store: PostgresStore;
  beforeAll(async () => {
    store = open("steps");
    await store.migrate();
    await pool.query("truncate steps");
    await fill("steps", SESSIONS);
    await pool.query(prepare);
  });

  it.each(cases)(
    "reads a bounded number of rows with %s, and the scan finds all",
    async (_what, filter, all, most) => {
      let [cursor, found]: [string | undefined, number] = [undefined, 0];
      do {
        const before = await read();
        const step: ScanResult | undefined = await store.scan?.({
          ...LIVE,
          filter,
          ...(cursor !== undefined && { cursor }),
        });
        expect((await read()) - before).toBeLessThanOrEqual(most);
        cursor = step?.cursor;
        found += step?.records.length ?? 0;
      } while (cursor !== undefined);
      expect(found).toBe(all);
    },
  );
});

describe("scan of postgresStore", () => {
  it("finds texts with a half of a character or NUL among others", async () => {
    const store = open("texts");
    await store.migrate();
    const record = createRecord({ data: { v: 1, face: "😀" } });
    await store.create(record, { now: NOW });
    for (const text of ["\ud83d", "\0", "😀"]) {
      const { records } = (await store.scan?.({ ...LIVE, filter: { dataIncludes: [text] } })) ?? {};
      expect(records).toEqual([record]);
    }
  });
});

describe("count of postgresStore", () => {
  it("estimates a large table without and with statistics, and counts it exactly when it has shrunk", async () => {
    const store = open("many");
    await store.migrate();
    await fill("many", 36_000, `{"v":1,"x":"${"x".repeat(1_800)}"}`);
    const guess = await store.count?.(NOW);
    expect(guess?.isExact).toBe(false);
    expect(guess?.count).toBeGreaterThan(10_000);
    await pool.query("analyze many");
    const estimate = await store.count?.(NOW);
    expect(estimate?.isExact).toBe(false);
    expect(Math.abs((estimate?.count ?? 0) - 32_400)).toBeLessThan(2_000);
    const sql = postgres(server.url);
    expect(await postgresStore(sql, { table: "many", cleanupEvery: false }).count?.(NOW)).toEqual(estimate);
    await sql.end();
    expect((await store.count?.(NOW + DAY))?.count).toBeLessThan(100);
    await pool.query("delete from many where id > 'id2'");
    await pool.query("vacuum full many");
    const { rows } = await pool.query("select count(*)::int as live from many where ended_at is null");
    expect(await store.count?.(NOW)).toEqual({ count: rows[0].live, isExact: true });
  });
});

describe("inspect of postgresStore", () => {
  const needed = POSTGRES_MIGRATIONS.length;

  it("answers before a migration and after it, with the server's clock", async () => {
    for (const options of [{}, { schema: "none yet" }]) {
      const store = open("inspected", options);
      expect((await store.inspect?.())?.schema).toEqual({ found: 0, needed });
      await expect(store.scan?.(LIVE)).rejects.toMatchObject({ code: "ERR_STORE" });
      await expect(store.count?.(NOW)).rejects.toMatchObject({ code: "ERR_STORE" });
      await store.migrate();
      const { rows } = await pool.query("select extract(epoch from now()) * 1000 as before");
      const state = await store.inspect?.();
      expect(state?.schema).toEqual({ found: needed, needed });
      expect(state?.clock).toBeGreaterThanOrEqual(Math.floor(Number(rows[0].before)));
    }
  });

  it("warns about settings that endanger sessions, and only about those", async () => {
    const store = open("inspected");
    expect((await store.inspect?.())?.warnings).toEqual([expect.stringContaining("fsync is off")]);
    await pool.query("set synchronous_commit = off");
    await pool.query("set default_transaction_isolation = 'serializable'");
    expect((await store.inspect?.())?.warnings).toEqual([
      expect.stringContaining("fsync is off"),
      expect.stringContaining("synchronous_commit is off"),
      expect.stringContaining('"serializable"'),
    ]);
    await pool.query("reset synchronous_commit");
    await pool.query("reset default_transaction_isolation");
  });
});

describe("a PostgreSQL table of the previous release", () => {
  it("works without the table of ends until migrate, which keeps its sessions and finds them in scans", async () => {
    const names = toPostgresNames(undefined, "previous");
    await pool.query(toPostgresMigration(names, POSTGRES_MIGRATIONS.slice(0, 2)));
    const store = open("previous");
    const records = [createRecord(), createRecord()];
    for (const record of records) await store.create(record, { now: NOW });
    expect((await store.inspect?.())?.schema?.found).toBe(2);
    store.onExpired(() => undefined);
    await expect(store.deleteExpired(NOW, 9)).rejects.toMatchObject({
      code: "ERR_STORE",
      message: "postgresStore: the table is from an earlier release. Call migrate() before using the store.",
    });
    // An app with a large table creates the index first, without blocking logins.
    await pool.query("create index concurrently previous_by_creation on previous (created_at, id)");
    await store.migrate();
    expect((await store.scan?.(LIVE))?.records).toEqual(records.toReversed());
    const login = `select previous_create('zz9', 'ann', 0, ${NOW}, ${NOW}, ${NOW + DAY}, ${NOW + DAY}, null, null, '{"v":1}',
      null, ${NOW}, 1, 'evict-oldest', null, null, null)`;
    const { rows } = await pool.query(login);
    expect(String(rows[0].previous_create).split(",").toSorted()).toEqual(
      records.map(({ id }) => id).toSorted(),
    );
  });
});
