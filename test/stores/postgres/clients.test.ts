import pg from "pg";
import postgres from "postgres";
import { SessionError } from "sessionup";
import { type PgPool, type PostgresJs, postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, NOW } from "../../support/record.ts";
import { startPgbouncer } from "../../support/servers/pgbouncer.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { openPool } from "./fixture.ts";

let server: PostgresServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres({ ...WITHOUT_FSYNC, bytea_output: "escape", timezone: "America/St_Johns" });
  pool = openPool(server.url);
  await postgresStore(pool).migrate();
}, 60_000);
afterAll(async () => {
  await pool.end();
  await server.stop();
});

type Options = postgres.Options<Record<string, postgres.PostgresType>>;
const quiet: Options = { max: 2, onnotice: () => undefined };
const postgresJs = (options: Options) => () => {
  const sql = postgres(server.url, { ...quiet, ...options });
  return { client: sql, end: () => sql.end() };
};
const pgPool = (config: pg.PoolConfig) => () => {
  const own = openPool(server.url, config);
  return { client: own, end: () => own.end() };
};

/** Clients with the options that apps use. */
const CLIENTS: ReadonlyArray<
  [how: string, make: () => { client: PgPool | PostgresJs; end(): Promise<void> }]
> = [
  ["postgres.js that renames columns to camelCase", postgresJs({ transform: postgres.camel })],
  ["postgres.js that renames columns to PascalCase", postgresJs({ transform: postgres.pascal })],
  ["postgres.js that does not ask for the types of arrays", postgresJs({ fetch_types: false })],
  ["postgres.js that returns bigints", postgresJs({ types: { bigint: postgres.BigInt } })],
  ["postgres.js that prepares nothing", postgresJs({ prepare: false })],
  ["postgres.js with one connection", postgresJs({ max: 1 })],
  ["pg that returns bigints", pgPool({ types: { getTypeParser: bigIntParser } })],
  ["pg with one connection", pgPool({ max: 1 })],
];

describe.each(CLIENTS)("postgresStore over %s", (how, make) => {
  it("supports every operation", async () => {
    const { client, end } = make();
    const store = postgresStore(client);
    const userKey = `\u0000 ${how}\n😀`;
    const limit = { max: 2, onExceed: "evict-idlest" } as const;
    const data = { v: 1, numbers: [1e21, 5e-324, Number.MAX_SAFE_INTEGER], text: "\u0000'\"\\é中😀" };
    const [a, b, c, d, e] = Array.from({ length: 5 }, () => createRecord({ userKey, data })) as [
      ReturnType<typeof createRecord>,
      ...ReturnType<typeof createRecord>[],
    ];
    for (const each of [a, b, c, d]) if (each) await store.create(each, { now: NOW });
    if (!b || !c || !d || !e) throw new Error("The test needs five records.");
    expect(await Promise.all([a, d, b].map(({ id }) => store.fetchById(id)))).toEqual([a, d, b]);
    expect((await store.create(e, { now: NOW, limit, replaces: d.id })).evicted.toSorted()).toEqual([
      a.id,
      b.id,
    ]);
    const reject = { max: 2, onExceed: "reject" } as const;
    const refused = store.create(createRecord({ userKey }), { now: NOW, limit: reject });
    await expect(refused).rejects.toMatchObject({ code: "ERR_LIMIT" });
    const again = store.create(e, { now: NOW, limit: reject });
    await expect(again).rejects.toMatchObject({ code: "ERR_DUPLICATE_ID" });
    expect(await store.fetchByUserKey(userKey, { now: NOW, limit: 9 })).toEqual([e, c]);
    expect(await store.fetchByUserKey(userKey, { now: NOW, limit: 9, before: e })).toEqual([c]);
    expect(await store.update(c.id, { data }, { now: NOW, ifRevision: 1 })).toBe("conflict");
    expect(await store.update(c.id, { data }, { now: NOW, ifRevision: 0 })).toBe("updated");
    const tombstone = { reason: "reused", now: NOW, tombstones: { keepFor: 500, max: 9 } } as const;
    expect(await store.deleteById(c.id, tombstone, "another user")).toBe("not_owner");
    expect(await store.deleteById(c.id, tombstone, userKey)).toBe("deleted");
    expect(await store.deleteByUserKey(userKey, { reason: "revoked", now: NOW }, [c.id])).toEqual([e.id]);
    const end500 = { expiresAt: NOW + 500, deadline: NOW + 500, ended: { at: NOW, reason: "reused" } };
    expect(await store.fetchByIds([c.id])).toEqual([{ ...c, ...end500, revision: 2 }]);
    expect(await store.deleteExpired(NOW + 500, 10)).toBe(1);
    expect(await store.deleteExpired(NOW + 500, 10)).toBe(0);
    await store.close();
    await end();
  });
});

/** Has the same effect as an app's `types.setTypeParser(20, BigInt)`. */
function bigIntParser(...[oid, format]: Parameters<typeof pg.types.getTypeParser>) {
  return oid === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(oid, format);
}

describe("postgresStore", () => {
  it("rejects the handle of a postgres.js transaction and a reserved connection", async () => {
    const sql = postgres(server.url, quiet);
    const refused = (client: unknown) => expect(() => postgresStore(client as PostgresJs)).toThrow(TypeError);
    await sql.begin(async (transaction) => refused(transaction));
    const reserved = await sql.reserve();
    refused(reserved);
    reserved.release();
    await sql.end();
  });

  it.each([
    [true, 1],
    [false, 0],
  ])("lets postgres.js prepare statements only if prepare is true: prepare = %s", async (prepare, count) => {
    const sql = postgres(server.url, { ...quiet, max: 1, fetch_types: false });
    const store = postgresStore(sql, { prepare });
    for (let round = 0; round < 3; round++) await store.fetchById("missing");
    const prepared = await sql.unsafe(
      "select * from pg_prepared_statements where statement like '%WHERE id%'",
    );
    expect(prepared).toHaveLength(count);
    await sql.end();
  });

  it("rejects a single client of a pg pool", async () => {
    const client = await pool.connect();
    expect(() => postgresStore(client as unknown as PgPool)).toThrow("client must be a Pool of pg");
    client.release();
  });
});

describe("postgresStore behind PgBouncer in transaction mode", () => {
  /** Repeats a lookup on another server connection than the one that has its prepared statement. */
  async function elsewhere(prepared: number, prepare: boolean): Promise<unknown> {
    const bouncer = await startPgbouncer(server.port, prepared);
    const one = openPool(bouncer.url, { max: 1 });
    const other = openPool(bouncer.url);
    const store = postgresStore(one, { prepare });
    const { id } = createRecord();
    await store.fetchById(id);
    const holder = await other.connect();
    await holder.query("begin");
    await holder.query("select 1");
    const answer = await store.fetchById(id).catch((error: unknown) => error);
    await holder.query("rollback");
    holder.release();
    await Promise.all([one.end(), other.end()]);
    await bouncer.stop();
    return answer;
  }

  it("rejects with an error that recommends prepare: false when PgBouncer does not track statements", async () => {
    const failure = await elsewhere(0, true);
    expect(SessionError.is(failure) && [failure.code, failure.message]).toEqual([
      "ERR_STORE",
      "postgresStore: a prepared statement is on another connection. Set prepare: false behind a PgBouncer in transaction mode.",
    ]);
    expect(await elsewhere(0, false)).toBeUndefined();
  });

  it("works with prepared statements when PgBouncer tracks them", async () => {
    expect(await elsewhere(5, true)).toBeUndefined();
  });
});
