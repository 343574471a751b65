import type pg from "pg";
import { type PostgresStoreOptions, postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createRecord, DAY, NOW } from "../../support/record.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { openPool, until } from "./fixture.ts";

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres(WITHOUT_FSYNC);
  pool = openPool(server.url);
}, 60_000);
afterAll(async () => {
  await pool.end();
  await server.stop();
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  return () => vi.useRealTimers();
});

const countRows = async (table: string) => {
  const { rows } = await pool.query(`select count(*)::int as count from ${table}`);
  return rows[0].count;
};

/** Creates a table with `dead` expired sessions and a live one, and a store whose cleanup knows the time. */
async function swept(table: string, dead: number, options: PostgresStoreOptions = {}) {
  const store = postgresStore(pool, { table, ...options });
  await store.migrate();
  await pool.query(`insert into ${table} select 'zz' || n, 'x', 0, 0, 0, ${NOW}, ${NOW}, null, null, '{"v":1}'
    from generate_series(1, ${dead}) as n`);
  await store.create(createRecord({ deadline: NOW + DAY }), { now: NOW + 60_000 });
  return store;
}

describe("the background cleanup of postgresStore", () => {
  it("removes expired sessions in batches a minute after their end", async () => {
    const store = await swept("batches", 2_500);
    await store.create(createRecord({ expiresAt: NOW + 30_000, deadline: NOW + 30_000 }), { now: NOW });
    vi.advanceTimersByTime(60_000);
    await until(async () => (await countRows("batches")) <= 2);
    expect(await countRows("batches")).toBe(2);
    await store.close();
  });

  it("skips its turn while another process cleans up", async () => {
    const store = await swept("elected", 10);
    const other = await pool.connect();
    await other.query("begin");
    const lock = "select pg_try_advisory_xact_lock(7355609, hashtext('\"elected\"')) as mine";
    expect((await other.query(lock)).rows).toEqual([{ mine: true }]);
    vi.advanceTimersByTime(60_000);
    await until(async () => (await sweeps()) > 0);
    expect(await countRows("elected")).toBe(11);
    await other.query("commit");
    other.release();
    // A tick that falls into the previous run starts no new one.
    await until(async () => {
      vi.advanceTimersByTime(60_000);
      return (await countRows("elected")) === 1;
    });
    await store.close();
  });

  it("reports a failure to onCleanupError and retries a minute later", async () => {
    const failures: unknown[] = [];
    const store = await swept("failing", 10, { onCleanupError: (error) => failures.push(error) });
    await pool.query("alter table failing rename to elsewhere");
    vi.advanceTimersByTime(60_000);
    await until(async () => failures.length === 1);
    expect(failures).toEqual([expect.objectContaining({ code: "ERR_STORE" })]);
    await pool.query("alter table elsewhere rename to failing");
    vi.advanceTimersByTime(60_000);
    await until(async () => (await countRows("failing")) === 1);
    await store.close();
  });

  it("runs at the interval of cleanupEvery and reports each removed session in one of two processes", async () => {
    const stores = [
      await swept("reported", 0, { cleanupEvery: "5m" }),
      await swept("reported", 1_500, { cleanupEvery: "5m" }),
    ];
    await pool.query(`insert into reported select 'yy' || n, 'x', 0, 0, 0, ${NOW}, ${NOW}, ${NOW}, 'logout', '{"v":1}'
      from generate_series(1, 10) as n`);
    const ids: string[] = [];
    for (const store of stores) store.onExpired((sessions) => ids.push(...sessions.map(({ id }) => id)));
    vi.advanceTimersByTime(299_999);
    expect(await countRows("reported")).toBe(1_512);
    await until(async () => {
      vi.advanceTimersByTime(300_000);
      return (await countRows("reported")) === 2 && ids.length >= 1_500;
    });
    expect(new Set(ids)).toEqual(new Set(Array.from({ length: 1_500 }, (_, index) => `zz${index + 1}`)));
    expect(ids).toHaveLength(1_500);
    for (const store of stores) await store.close();
  });

  it("never runs when cleanupEvery is false", async () => {
    const store = await swept("off", 10, { cleanupEvery: false });
    expect(vi.getTimerCount()).toBe(0);
    expect(await store.deleteExpired(NOW, 100)).toBe(10);
    await store.close();
  });

  it("stops when the store closes", async () => {
    const store = await swept("closed", 10);
    expect(vi.getTimerCount()).toBe(1);
    await store.close();
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
    // A login through the closed store must not restart the cleanup.
    await store.create(createRecord({ deadline: NOW + DAY }), { now: NOW + 60_000 });
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(600_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await countRows("closed")).toBe(12);
  });
});

/** Returns the number of idle connections whose last statement was a cleanup. */
async function sweeps(): Promise<number> {
  const { rows } = await pool.query(
    "select count(*)::int as count from pg_stat_activity where state = 'idle' and query like '%7355609%' and query like '%DELETE%'",
  );
  return rows[0].count;
}
