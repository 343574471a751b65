import type pg from "pg";
import { SessionError } from "sessionup";
import { type PostgresStore, postgresStore } from "sessionup/stores/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOW, recordOf } from "../support/record.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";
import { poolOf, whileOthersWait } from "./_postgres-fixture.ts";

let server: PostgresServer;
/** The store's own, and that of whoever came first. */
let pool: pg.Pool;
let first: pg.Pool;
let store: PostgresStore;
beforeAll(async () => {
  server = await startPostgres();
  [pool, first] = [poolOf(server.url), poolOf(server.url)];
  store = postgresStore(pool);
  await store.migrate();
}, 60_000);
afterAll(async () => {
  await store.close();
  await Promise.all([pool.end(), first.end()]);
  await server.stop();
});

/** The operation's answer, where it came second: another's transaction had the session in hand. */
async function second<Answer>(theirs: string, values: unknown[], operation: () => Promise<Answer>) {
  let answer: Promise<Answer> | undefined;
  await whileOthersWait(
    first,
    1,
    (client) => client.query(theirs, values),
    () => {
      answer = operation();
    },
  );
  return answer;
}

const TABLE = "sessionup_sessions";
const GONE = `delete from ${TABLE} where id = $1`;
const CHANGED = `update ${TABLE} set data = '{"v":1,"theirs":true}', revision = revision + 1 where id = $1`;
const SEEN = `update ${TABLE} set last_seen_at = last_seen_at + 50, expires_at = expires_at + 50 where id = $1`;
const ENDED = `update ${TABLE} set ended_at = 1, ended_reason = 'logout', revision = revision + 1 where id = $1`;
const IDLE = `update ${TABLE} set expires_at = ${NOW} where id = $1`;

async function stored(userKey: string) {
  const record = recordOf({ userKey });
  await store.create(record, { now: NOW });
  return record;
}

describe("update, of a session that another has in hand", () => {
  const change = { activity: { lastSeenAt: NOW + 20, expiresAt: NOW + 1_000 }, data: { v: 1, ours: true } };

  it.each([
    ["deletes", GONE],
    ["ends with a tombstone", ENDED],
    ["lets end by idleness", IDLE],
  ])("finds nothing where the other %s it", async (_what, theirs) => {
    const { id } = await stored("update");
    const update = () => store.update(id, change, { now: NOW, ifRevision: 0 });
    expect(await second(theirs, [id], update)).toBe("not_found");
    expect((await store.fetchById(id))?.data).not.toEqual(change.data);
  });

  it("conflicts where the other raises its revision", async () => {
    const { id } = await stored("update");
    const update = () => store.update(id, change, { now: NOW, ifRevision: 0 });
    expect(await second(CHANGED, [id], update)).toBe("conflict");
    expect(await store.fetchById(id)).toMatchObject({ revision: 1, data: { v: 1, theirs: true } });
  });

  it("goes on from what the other left", async () => {
    const { id } = await stored("update");
    expect(await second(CHANGED, [id], () => store.update(id, change, { now: NOW }))).toBe("updated");
    expect(await store.fetchById(id)).toMatchObject({ revision: 2, data: change.data });
  });

  it("moves no time backwards where the other has seen it later", async () => {
    const record = await stored("update");
    const update = () => store.update(record.id, change, { now: NOW, ifRevision: 0 });
    expect(await second(SEEN, [record.id], update)).toBe("updated");
    const { id, lastSeenAt, expiresAt } = record;
    const later = { lastSeenAt: lastSeenAt + 50, expiresAt: expiresAt + 50 };
    expect(await store.fetchById(id)).toMatchObject({ ...later, revision: 1, data: change.data });
  });
});

describe("deleteById, of a session that another has in hand", () => {
  it("ends what the other has changed", async () => {
    for (const theirs of [CHANGED, SEEN]) {
      const { id } = await stored("delete");
      const remove = () => store.deleteById(id, { reason: "logout", now: NOW }, "delete");
      expect(await second(theirs, [id], remove)).toBe("deleted");
      expect(await store.fetchById(id)).toBeUndefined();
    }
  });

  it("keeps the tombstone of what the other has changed", async () => {
    const { id } = await stored("delete");
    const remove = () => store.deleteById(id, { reason: "reused", now: NOW, tombstone: 500 });
    expect(await second(CHANGED, [id], remove)).toBe("deleted");
    expect(await store.fetchById(id)).toMatchObject({
      revision: 2,
      ended: { at: NOW, reason: "reused" },
      deadline: NOW + 500,
    });
  });

  it("finds nothing where the other has ended it", async () => {
    for (const theirs of [GONE, ENDED, IDLE]) {
      const { id } = await stored("delete");
      const remove = () => store.deleteById(id, { reason: "logout", now: NOW }, "somebody else");
      expect(await second(theirs, [id], remove)).toBe("not_found");
    }
  });
});

describe("deleteByUserKey, of sessions one of which another has in hand", () => {
  it("ends it too, whatever the other has changed", async () => {
    for (const theirs of [CHANGED, SEEN]) {
      const ids = [(await stored("all")).id, (await stored("all")).id, (await stored("all")).id];
      const removeAll = () => store.deleteByUserKey("all", { reason: "revoked", now: NOW });
      expect((await second(theirs, [ids[1]], removeAll))?.toSorted()).toEqual(ids);
      expect(await store.fetchByIds(ids)).toEqual([undefined, undefined, undefined]);
    }
  });

  it("does not name what the other has ended, and leaves its tombstone as it is", async () => {
    for (const theirs of [GONE, ENDED, IDLE]) {
      const ids = [(await stored("all")).id, (await stored("all")).id];
      const end = { reason: "revoked", now: NOW, tombstone: 500 } as const;
      const removeAll = () => store.deleteByUserKey("all", end);
      expect(await second(theirs, [ids[0]], removeAll)).toEqual([ids[1]]);
      const [first] = await store.fetchByIds(ids);
      if (theirs === ENDED) expect(first?.ended).toEqual({ at: 1, reason: "logout" });
      else expect(first?.ended).toBeUndefined();
    }
  });
});

describe("a login within a limit, beside another of that user", () => {
  it.each(["refuse", "evict-oldest", "evict-idlest"] as const)("counts the other: %s", async (onExceed) => {
    const limit = { max: 1, onExceed };
    const theirs = recordOf({ userKey: onExceed });
    const login = `select ${TABLE}_create($1, $2, 0, $3, $3, $4, $4, null, null, '{"v":1}', $3, 1, 'refuse', null)`;
    const values = [theirs.id, Buffer.from(onExceed), NOW, NOW + 1_000];
    const create = () =>
      store.create(recordOf({ userKey: onExceed }), { now: NOW, limit }).catch((error: unknown) => error);
    const answer = await second(login, values, create);
    if (onExceed === "refuse") expect(SessionError.is(answer) && answer.code).toBe("ERR_LIMIT");
    else expect(answer).toEqual({ evicted: [theirs.id] });
    expect(await store.fetchByUserKey(onExceed, { now: NOW, limit: 9 })).toHaveLength(1);
  });

  it("evicts nobody whom the other has ended meanwhile", async () => {
    const [a, b] = [await stored("evict"), await stored("evict")];
    const limit = { max: 1, onExceed: "evict-oldest" } as const;
    const create = () => store.create(recordOf({ userKey: "evict" }), { now: NOW, limit });
    expect(await second(GONE, [a.id], create)).toEqual({ evicted: [b.id] });
  });
});

describe("deleteExpired", () => {
  it("leaves what another has in hand for the next time, and waits for nobody", async () => {
    const ends = { expiresAt: NOW + 1, deadline: NOW + 1 };
    const [a, b] = [recordOf(ends), recordOf(ends)];
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

describe("many that lock the same sessions", () => {
  it("never wait for each other for ever, 300 times", async () => {
    const end = { reason: "revoked", now: NOW } as const;
    const limit = { max: 2, onExceed: "evict-idlest" } as const;
    for (let round = 0; round < 300; round++) {
      const userKey = `round-${round}`;
      const records = Array.from({ length: 4 }, () => recordOf({ userKey }));
      await Promise.all(records.map((record) => store.create(record, { now: NOW })));
      const [a, b, c, d] = records.map(({ id }) => id);
      const activity = { lastSeenAt: NOW + round, expiresAt: NOW + 10_000 };
      await Promise.all([
        ...[d, c, b, a].map((id) => store.update(id ?? "", { activity }, { now: NOW })),
        store.create(recordOf({ userKey }), { now: NOW, limit, ...(d && { replaces: d }) }),
        store.deleteByUserKey(userKey, end, [a ?? ""]),
        store.create(recordOf({ userKey }), { now: NOW, limit, ...(a && { replaces: a }) }),
        store.deleteByUserKey(userKey, { ...end, tombstone: 5 }),
        store.deleteExpired(NOW + 10, 100),
      ]);
    }
    const { rows } = await pool.query("select sum(deadlocks)::int as deadlocks from pg_stat_database");
    expect(rows).toEqual([{ deadlocks: 0 }]);
  }, 60_000);
});
