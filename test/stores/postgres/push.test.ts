import pg from "pg";
import { type EndedEvent, shardOf } from "sessionup";
import { postgresPush, postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushOutages } from "../../contract/push-outages.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { openPool } from "./fixture.ts";

const urlOf = (port: number) => `postgres://sessionup@127.0.0.1:${port}/postgres`;

pushOutages({
  title: "pg",
  subscriber: "postgres",
  // A killed server must keep the table.
  start: () => startPostgres({ fsync: "off" }),
  async open(port, eventPort) {
    const pool = openPool(urlOf(port));
    const push = postgresPush(() => new pg.Client({ connectionString: urlOf(eventPort) }), {
      heartbeat: "1s",
    });
    const store = postgresStore(pool, { push });
    await store.migrate();
    return { store, close: () => pool.end() };
  },
});

describe("push of postgresStore", () => {
  let server: PostgresServer;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await startPostgres(WITHOUT_FSYNC);
    pool = openPool(server.url);
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });
  const push = () => postgresPush(() => new pg.Client({ connectionString: server.url }));

  it("splits the longest user key and ids over payloads that the server accepts", async () => {
    const store = postgresStore(pool, { push: push() });
    await store.migrate();
    const events: EndedEvent[] = [];
    await store.subscribe?.({
      ended: (event) => void events.push(event),
      changed: () => undefined,
      status: () => undefined,
    });
    const userKey = "ü".repeat(512);
    const ids = Array.from(
      { length: 100 },
      (_, index) => shardOf(userKey) + String(index).padStart(126, "0"),
    );
    for (const tombstones of [undefined, { keepFor: 1, max: 1 }]) {
      const found = ids.map((id) => (tombstones ? id.replace("0", "1") : id));
      for (const id of found) await store.create(createRecord({ id, userKey }), { now: NOW });
      await store.deleteByUserKey(userKey, {
        reason: "client_changed",
        now: NOW,
        ...(tombstones && { tombstones }),
      });
      await expect.poll(() => events.flatMap((event) => event.ids).length).toBe(100);
      expect(events.flatMap((event) => event.ids).sort()).toEqual(found.sort());
      for (const event of events) expect(event).toMatchObject({ userKey, reason: "client_changed" });
      events.length = 0;
    }
    await store.close();
  });

  it("reports no event of a login whose id is taken, and none of another table", async () => {
    const store = postgresStore(pool, { push: push() });
    const other = postgresStore(pool, { push: true, table: "others" });
    for (const each of [store, other]) await each.migrate();
    const ids: string[] = [];
    await store.subscribe?.({
      ended: (event) => void ids.push(...event.ids),
      changed: ({ id }) => void ids.push(id),
      status: () => undefined,
    });
    const end = { reason: "revoked", now: NOW } as const;
    const [first, foreign, last] = [createRecord(), createRecord(), createRecord()];
    await store.create(first, { now: NOW });
    const limit = { max: 1, onExceed: "evict-oldest" } as const;
    await expect(store.create(first, { now: NOW, limit, replaces: first.id })).rejects.toThrow();
    await other.create(foreign, { now: NOW });
    await other.deleteById(foreign.id, end);
    await store.create(last, { now: NOW });
    await store.deleteById(last.id, end);
    await expect.poll(() => ids).toEqual([last.id]);
    await store.close();
    await other.close();
  });

  it("has no subscribe unless the option is the result of postgresPush", () => {
    for (const option of [undefined, false, true] as const) {
      const store = postgresStore(pool, option === undefined ? {} : { push: option });
      expect("subscribe" in store).toBe(false);
    }
  });

  it.each([1, "pg", null, {}, () => undefined])("throws a TypeError for %s as push", (value) => {
    expect(() => postgresStore(pool, { push: value as never })).toThrow(TypeError);
  });

  it("throws a TypeError for invalid arguments of postgresPush", () => {
    expect(() => postgresPush(pool as never)).toThrow("open must be a function that returns a Client");
    expect(() => postgresPush(() => new pg.Client(), { heartbeat: "soon" as never })).toThrow("heartbeat");
  });
});
