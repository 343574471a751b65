import type pg from "pg";
import type { SessionRecord } from "sessionup";
import { type PostgresStore, postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockTests } from "../../contract/locks.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { openPool, second } from "./fixture.ts";

let server: PostgresServer;
/** The store's pool, and the pool of the competing transaction. */
let pool: pg.Pool;
let first: pg.Pool;
let store: PostgresStore;
beforeAll(async () => {
  server = await startPostgres(WITHOUT_FSYNC);
  [pool, first] = [openPool(server.url), openPool(server.url)];
  store = postgresStore(pool);
  await store.migrate();
}, 60_000);
afterAll(async () => {
  await store.close();
  await Promise.all([pool.end(), first.end()]);
  await server.stop();
});

const TABLE = "sessionup_sessions";
const login = ({ id, userKey, createdAt, expiresAt }: SessionRecord) => [
  `select ${TABLE}_begin('${id}', '${userKey}', 0, ${createdAt}, ${NOW}, ${expiresAt}, ${expiresAt}, null, null,
    '{"v":1}', null, ${NOW}, 1, 'reject', null, null, null)`,
];

lockTests({ store: () => store, second: (theirs, operation) => second(first, theirs, operation), login });

describe("tombstones of postgresStore while another transaction ends a session of the user", () => {
  const ending = { reason: "revoked", now: NOW + 1, tombstones: { keepFor: 500, max: 1 } } as const;

  it.each<[string, (userKey: string, id: string) => Promise<unknown>]>([
    ["deleteById", (_userKey, id) => store.deleteById(id, ending)],
    ["deleteByUserKey", (userKey) => store.deleteByUserKey(userKey, ending)],
    ["create", (userKey, id) => store.create(createRecord({ userKey }), { ...ending, replaces: id })],
    [
      "deleteCreatedBefore",
      async () => {
        for await (const _ of store.deleteCreatedBefore?.(NOW - 1, ending) ?? []);
      },
    ],
  ])("do not exceed max after %s", async (userKey, operation) => {
    const old = { userKey, createdAt: NOW - 2, lastSeenAt: NOW - 2 };
    const [theirs, own] = [createRecord(old), createRecord(old)];
    for (const record of [theirs, own]) await store.create(record, { now: NOW });
    const statements = [
      `update ${TABLE} set ended_at = ${NOW}, ended_reason = 'logout' where id = '${theirs.id}'`,
      `select ${TABLE}_trim(array['${userKey}'::bytea], 1)`,
    ];
    await second(first, statements, () => operation(userKey, own.id));
    const [earlier, later] = await store.fetchByIds([theirs.id, own.id]);
    expect([earlier, later?.ended?.at]).toEqual([undefined, NOW + 1]);
  });
});

describe("deleteExpired of postgresStore", () => {
  it("skips locked rows without waiting and removes them at the next call", async () => {
    const ends = { expiresAt: NOW + 1, deadline: NOW + 1 };
    const [a, b] = [createRecord(ends), createRecord(ends)];
    for (const record of [a, b]) await store.create(record, { now: NOW });
    const client = await first.connect();
    await client.query("begin");
    await client.query(`select from ${TABLE} where id = $1 for update`, [a.id]);
    expect(await store.deleteExpired(NOW + 1, 10)).toBe(1);
    await client.query("commit");
    client.release();
    expect(await store.deleteExpired(NOW + 1, 10)).toBe(1);
  });
});

it("the lock tests of postgresStore caused no deadlock", async () => {
  const { rows } = await pool.query("select sum(deadlocks)::int as deadlocks from pg_stat_database");
  expect(rows).toEqual([{ deadlocks: 0 }]);
});
