import type pg from "pg";
import { postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, DAY, NOW } from "../../support/record.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { openPool, until } from "./fixture.ts";

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres({ ...WITHOUT_FSYNC, autovacuum: "off" });
  // A connection may switch to a generic plan after five executions of a statement.
  pool = openPool(server.url, { max: 1 });
}, 60_000);
afterAll(async () => {
  await pool.end();
  await server.stop();
});

/** Returns the number of rows that sequential scans have read. */
async function scanned(): Promise<number> {
  await pool.query("select pg_stat_force_next_flush()");
  const { rows } = await pool.query("select sum(seq_tup_read)::int as rows from pg_stat_user_tables");
  return rows[0].rows;
}

describe.each([
  ["with current statistics", "analyze sessionup_sessions"],
  ["without statistics", "delete from pg_statistic where starelid = 'sessionup_sessions'::regclass"],
])("a PostgreSQL table of 20 000 sessions %s", (_what, prepare) => {
  it("is never scanned sequentially by any operation, repeated twelve times", async () => {
    const store = postgresStore(pool);
    await store.migrate();
    await pool.query(`truncate sessionup_sessions;
      insert into sessionup_sessions
      select 'zz' || n, convert_to('user-' || n % 10000, 'UTF8'), 0, ${NOW} + n, ${NOW} + n, ${NOW + DAY}, ${NOW + DAY}, null, null, '{"v":1}'
      from generate_series(1, 20000) as n`);
    await pool.query(prepare);
    const end = { reason: "revoked", now: NOW } as const;
    const tombstones = { keepFor: 1, max: 2 };
    const before = await scanned();
    for (let round = 1; round <= 12; round++) {
      const userKey = `user-${round}`;
      for (const onExceed of ["evict-oldest", "evict-idlest", "reject"] as const) {
        const limit = { max: onExceed === "reject" ? 100 : 2, onExceed };
        await store.create(createRecord({ userKey }), { now: NOW, limit, replaces: `zz${round + 100}` });
        const replaces = `zz${round + 10_200}`;
        await store.create(createRecord({ userKey: `user-${round + 200}` }), {
          now: NOW,
          limit,
          replaces,
          tombstones,
        });
      }
      await store.create(createRecord({ userKey }), { now: NOW });
      await store.fetchById(`zz${round}`);
      await store.fetchByIds(Array.from({ length: 50 }, (_, index) => `zz${index * round}`));
      const [last] = await store.fetchByUserKey(userKey, { now: NOW, limit: 1 });
      await store.fetchByUserKey(userKey, { now: NOW, limit: 100, ...(last && { before: last }) });
      const activity = { lastSeenAt: NOW + DAY, expiresAt: NOW + DAY };
      await store.update(`zz${1_000 + round}`, { activity }, { now: NOW, ifRevision: 0 });
      await store.update(`zz${1_000 + round}`, { data: { v: 1 } }, { now: NOW });
      await store.deleteById(`zz${2_000 + round}`, end);
      await store.deleteById(`zz${3_000 + round}`, { ...end, tombstones }, `user-${3_000 + round}`);
      await store.deleteByUserKey(`user-${4_000 + round}`, end, [`zz${4_000 + round}`]);
      await store.deleteByUserKey(`user-${5_000 + round}`, { ...end, tombstones });
      await store.fetchByLink?.(`link-${round}`, { limit: 10 });
      await store.deleteExpired(NOW + 1, 1);
      const tombstone = { now: NOW, ifRevision: 1, isTombstone: true } as const;
      await store.update(`zz${3_000 + round}`, { data: { v: 1 } }, tombstone);
      await store.deleteTombstones?.(`user-${3_000 + round}`);
      const stopListening = store.onExpired(() => undefined);
      await store.deleteExpired(NOW + 1, 1);
      stopListening();
    }
    // The statistics lag behind.
    await until(async () => (await scanned()) >= before);
    expect(await scanned()).toBe(before);
    await pool.query("select count(*) from sessionup_sessions where data = ''");
    await until(async () => (await scanned()) > before);
    await store.close();
  });
});

/** Returns the number of rows and index entries that were read. */
async function read(): Promise<number> {
  await pool.query("select pg_stat_force_next_flush()");
  const { rows } = await pool.query(`select (select sum(seq_tup_read)::int from pg_stat_user_tables)
    + (select sum(idx_tup_read)::int from pg_stat_user_indexes) as rows`);
  return rows[0].rows;
}

describe("a user with 5 000 tombstones in PostgreSQL", () => {
  it("logs in, is listed and is revoked without reads of the tombstones", async () => {
    const store = postgresStore(pool);
    await store.migrate();
    await pool.query(`truncate sessionup_sessions;
      insert into sessionup_sessions
      select 'zz' || n, 'ann', 0, ${NOW}, ${NOW}, ${NOW + DAY}, ${NOW + DAY}, ${NOW}, 'logout', '{"v":1}', 'link'
      from generate_series(1, 5000) as n;
      analyze sessionup_sessions`);
    for (let round = 1; round <= 8; round++) {
      const before = await read();
      const first = createRecord({ link: "link" });
      await store.create(first, { now: NOW });
      for (const onExceed of ["evict-oldest", "evict-idlest"] as const)
        await store.create(createRecord(), { now: NOW, limit: { max: 2, onExceed } });
      expect(await store.fetchByUserKey("ann", { now: NOW, limit: 10 })).toHaveLength(2);
      await store.fetchByLink?.("link", { limit: 10 });
      await store.deleteByUserKey("ann", { reason: "revoked", now: NOW });
      expect((await read()) - before).toBeLessThan(100);
    }
    await store.close();
  });
});
