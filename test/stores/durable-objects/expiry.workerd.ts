/** Runs the reports of expired sessions, and the entries of links, inside Cloudflare's runtime. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { type SessionRecord, shardOf } from "sessionup";
import { durableObjectStore } from "sessionup/stores/durable-objects";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SHARDS } from "../../../src/stores/shared/shard.ts";
import type { ReportingObject } from "../../runtimes/workerd/_worker.ts";
import { sparse } from "./_sparse.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
let count = 0;

function createRecord(userKey: string, overrides: Partial<SessionRecord> = {}): SessionRecord {
  const id = `${shardOf(userKey)}expiry${String(count++).padStart(14, "0")}`;
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 1_000, deadline: now + 1_000 };
  return { id, userKey, revision: 0, ...times, data: { v: 1 }, ...overrides };
}

afterEach(() => void vi.useRealTimers());

describe("reportExpired of SessionsObject", () => {
  const store = durableObjectStore(env.REPORTING);
  const getStub = (userKey: string) => env.REPORTING.get(env.REPORTING.idFromName(shardOf(userKey)));
  const inside = <Answer>(
    userKey: string,
    use: (object: ReportingObject, state: DurableObjectState) => Answer | Promise<Answer>,
  ) =>
    runInDurableObject(getStub(userKey), (object, state) => use(object as unknown as ReportingObject, state));
  const expire = async (userKey: string) => {
    const record = createRecord(userKey);
    await store.create(record, { now: Date.now() });
    return record;
  };
  const wake = async (userKey: string) => {
    vi.setSystemTime((await inside(userKey, (_object, { storage }) => storage.getAlarm())) ?? 0);
    await runDurableObjectAlarm(getStub(userKey));
  };
  const toExpired = ({ id, userKey, expiresAt, deadline }: SessionRecord) => ({
    id,
    userKey,
    expiresAt,
    deadline,
  });
  const left = (userKey: string) =>
    inside(userKey, ({ expired }, { storage }) => ({
      expired: [...expired],
      entries: storage.sql.exec("SELECT id FROM sessionup_sessions_ends").toArray().length,
    }));

  it("receives each expired session once, without tombstones and entries of links", async () => {
    const user = "una";
    const records = [await expire(user), await expire(user)];
    const ended = await expire(user);
    await store.deleteById(ended.id, { reason: "logout", now: Date.now() });
    const tombstones = { keepFor: 1_000, max: 9 };
    const buried = await expire(user);
    await store.deleteById(buried.id, { reason: "logout", now: Date.now(), tombstones });
    await wake(user);
    expect(await left(user)).toEqual({ expired: records.map(toExpired), entries: 0 });
    expect(await store.fetchByIds(records.map(({ id }) => id))).toEqual([undefined, undefined]);
    await runDurableObjectAlarm(getStub(user));
    expect((await left(user)).expired).toHaveLength(2);
  });

  it("receives sessions again after a minute when it failed, and they are gone for every operation", async () => {
    const user = "vic";
    const record = await expire(user);
    await inside(user, (object) => void Object.assign(object, { mode: "fail" }));
    await wake(user);
    expect(await store.fetchById(record.id)).toBeUndefined();
    await wake(user);
    await inside(user, (object) => void Object.assign(object, { mode: "pass" }));
    expect(await left(user)).toEqual({ expired: [toExpired(record), toExpired(record)], entries: 1 });
    await wake(user);
    expect((await left(user)).expired).toHaveLength(3);
    expect((await left(user)).entries).toBe(0);
    expect(await inside(user, (_object, { storage }) => storage.getAlarm())).toBeNull();
  });

  it("receives sessions again when the object was interrupted during a report", async () => {
    const user = "wes";
    const record = await expire(user);
    await inside(user, (object) => void Object.assign(object, { mode: "crash" }));
    await expect(wake(user)).rejects.toThrow("interrupted");
    expect((await left(user)).expired).toEqual([]);
    vi.setSystemTime(Date.now() + 2 * MINUTE);
    await inside(user, (_object, { storage }) => storage.setAlarm(Date.now()));
    await runDurableObjectAlarm(getStub(user));
    expect(await left(user)).toEqual({ expired: [toExpired(record)], entries: 0 });
  });
});

describe("a durable object without sessions", () => {
  it("answers every operation and creates no tables", async () => {
    const store = durableObjectStore(env.OBJECTS);
    const now = Date.now();
    const end = { reason: "revoked", now } as const;
    const { id } = createRecord("xia");
    expect(await store.fetchById(id)).toBeUndefined();
    expect(await store.fetchByIds([id])).toEqual([undefined]);
    expect(await store.fetchByUserKey("xia", { now, limit: 1 })).toEqual([]);
    expect(await store.update(id, {}, { now })).toBe("not_found");
    expect(await store.deleteById(id, end)).toBe("not_found");
    expect(await store.deleteByUserKey("xia", end)).toEqual([]);
    expect(await store.deleteTombstones?.("xia")).toBe(0);
    expect(await store.scan?.({ now, limit: 1, filter: { userKey: "xia" } })).toEqual({ records: [] });
    const stub = env.OBJECTS.get(env.OBJECTS.idFromName(shardOf("xia")));
    const tables = await runInDurableObject(stub, (_object, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'sessionup%'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("inspect of durableObjectStore", () => {
  it("returns the platform's clock, and no tables, because the objects create them", async () => {
    const state = await durableObjectStore(env.OBJECTS).inspect?.();
    expect(Object.keys(state ?? {})).toEqual(["clock"]);
    expect(Math.abs((state?.clock ?? 0) - Date.now())).toBeLessThan(MINUTE);
  });
});

describe("fetchByLink of durableObjectStore", () => {
  const store = durableObjectStore(env.OBJECTS);
  const linkObject = (link: string) =>
    env.OBJECTS.get(env.OBJECTS.idFromName(shardOf(`\0claim link ${link}`)));
  const countEntries = (link: string) =>
    runInDurableObject(linkObject(link), (_object, { storage }) => {
      const sql = "SELECT count(*) AS count FROM sessionup_sessions WHERE user_key = ?";
      const key = new TextEncoder().encode(`\0claim link ${link}`);
      return Number(storage.sql.exec(sql, key).one().count);
    });
  const log = async (link: string, overrides: Partial<SessionRecord> = {}) => {
    const now = Date.now();
    const record = createRecord("yan", { link, expiresAt: now + HOUR, deadline: now + HOUR, ...overrides });
    await store.create(record, { now });
    return record;
  };

  it("removes entries of sessions that have ended, but not those of a login that may be under way", async () => {
    const link = "healing";
    const [kept, ended] = [await log(link), await log(link)];
    await store.deleteById(ended.id, { reason: "logout", now: Date.now() });
    expect(await store.fetchByLink?.(link, { limit: 9 })).toEqual([kept]);
    expect(await countEntries(link)).toBe(2);
    vi.setSystemTime(Date.now() + 11 * MINUTE);
    expect(await store.fetchByLink?.(link, { limit: 9 })).toEqual([kept]);
    expect(await countEntries(link)).toBe(1);
  });

  it("finds a session although its login failed once and was repeated", async () => {
    const link = "repeated";
    const record = await log(link);
    await expect(store.create(record, { now: Date.now() })).rejects.toMatchObject({
      code: "ERR_DUPLICATE_ID",
    });
    expect(await store.fetchByLink?.(link, { limit: 9 })).toEqual([record]);
    expect(await countEntries(link)).toBe(1);
  });

  it("does not find a session of another link whose id a login tried to use", async () => {
    const record = await log("first");
    await expect(store.create({ ...record, link: "second" }, { now: Date.now() })).rejects.toThrow();
    expect(await store.fetchByLink?.("second", { limit: 9 })).toEqual([]);
    expect(await store.fetchByLink?.("first", { limit: 9 })).toEqual([record]);
  });

  it("a login fails when the entry cannot be written, so no session lacks one", async () => {
    const link = "broken";
    const entryShard = shardOf(`\0claim link ${link}`);
    const partly = durableObjectStore({
      idFromName: (name: string) => name,
      get: (name: string) =>
        name === entryShard
          ? env.BROKEN.get(env.BROKEN.idFromName(name))
          : env.OBJECTS.get(env.OBJECTS.idFromName(name)),
    });
    const record = createRecord("zoe", { link });
    await expect(partly.create(record, { now: Date.now() })).rejects.toThrow("status 500");
    expect(await store.fetchById(record.id)).toBeUndefined();
  });

  it("finds more sessions than one read of entries returns", async () => {
    const link = "many";
    const records: SessionRecord[] = [];
    for (let index = 0; index < 130; index++) records.push(await log(link));
    expect(await store.fetchByLink?.(link, { limit: 500 })).toHaveLength(130);
    expect(await store.fetchByLink?.(link, { limit: 7 })).toHaveLength(7);
  });
});

describe("deleteCreatedBefore of durableObjectStore", () => {
  it("reports the sessions that ended although an object fails, and keeps the entries of links", async () => {
    const working = sparse(env.OBJECTS);
    const store = durableObjectStore(working);
    const now = Date.now();
    const old = createRecord("abe", {
      createdAt: 5,
      link: "bulk",
      expiresAt: now + HOUR,
      deadline: now + HOUR,
    });
    await store.create(old, { now: 5 });
    // The failing object is in the same group of six as the user's.
    const number = SHARDS.indexOf(shardOf("abe"));
    const failing = SHARDS[number % 6 === 0 ? number + 1 : number - 1];
    const partly = durableObjectStore({
      idFromName: (name: string) => name,
      get: (name: string) =>
        name === failing ? env.BROKEN.get(env.BROKEN.idFromName(name)) : working.get(name),
    });
    const ended: string[] = [];
    const end = { reason: "revoked", now } as const;
    await expect(async () => {
      for await (const ids of partly.deleteCreatedBefore?.(10, end) ?? []) ended.push(...ids);
    }).rejects.toThrow("status 500");
    expect(ended).toEqual([old.id]);
    for await (const ids of store.deleteCreatedBefore?.(10, end) ?? []) ended.push(...ids);
    expect(ended).toEqual([old.id]);
  });
});
