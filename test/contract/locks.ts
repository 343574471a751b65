import { SessionError, type SessionRecord, type Store } from "sessionup";
import { describe, expect, it } from "vitest";
import { createRecord, NOW } from "../support/record.ts";
import { ROUNDS } from "./_at-once.ts";

/** A store on a server with row locks, and a competing transaction that gets its locks first. */
export interface Locking {
  store(): Store;
  /** Runs an operation that must wait for a transaction with these statements, and returns its answer. */
  second<Answer>(theirs: readonly string[], operation: () => Promise<Answer>): Promise<Answer>;
  /** Returns the statements of a login whose transaction has not been committed. */
  login(record: SessionRecord): readonly string[];
}

/** Returns the statements by which the competing transaction changes a session. */
type Competitor = (id: string) => readonly string[];

const TABLE = "sessionup_sessions";
const TOMBSTONES = { keepFor: 500, max: 100 } as const;
const gone: Competitor = (id) => [`DELETE FROM ${TABLE} WHERE id = '${id}'`];
const changed: Competitor = (id) => [
  `UPDATE ${TABLE} SET data = '{"v":1,"theirs":true}', revision = revision + 1 WHERE id = '${id}'`,
];
export const seen: Competitor = (id) => [
  `UPDATE ${TABLE} SET last_seen_at = last_seen_at + 50, expires_at = expires_at + 50 WHERE id = '${id}'`,
];
const ended: Competitor = (id) => [
  `UPDATE ${TABLE} SET ended_at = 1, ended_reason = 'logout', revision = revision + 1 WHERE id = '${id}'`,
];
const idle: Competitor = (id) => [`UPDATE ${TABLE} SET expires_at = ${NOW} WHERE id = '${id}'`];

/** Tests operations on sessions that other transactions have locked. */
export function lockTests({ store, second, login }: Locking): void {
  async function stored(userKey: string): Promise<SessionRecord> {
    const record = createRecord({ userKey });
    await store().create(record, { now: NOW });
    return record;
  }

  describe("update of a locked session", () => {
    const change = { activity: { lastSeenAt: NOW + 20, expiresAt: NOW + 1_000 }, data: { v: 1, ours: true } };

    it.each([
      ["deleted", gone],
      ["ended with a tombstone", ended],
      ["let expire", idle],
    ])("returns not_found when the other transaction %s the session", async (_what, theirs) => {
      const { id } = await stored("update");
      const update = () => store().update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(theirs(id), update)).toBe("not_found");
      expect((await store().fetchById(id))?.data).not.toEqual(change.data);
    });

    it("returns conflict when the other transaction raised the revision", async () => {
      const { id } = await stored("update");
      const update = () => store().update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(changed(id), update)).toBe("conflict");
      expect(await store().fetchById(id)).toMatchObject({ revision: 1, data: { v: 1, theirs: true } });
    });

    it("applies its change after the other transaction's change", async () => {
      const { id } = await stored("update");
      expect(await second(changed(id), () => store().update(id, change, { now: NOW }))).toBe("updated");
      expect(await store().fetchById(id)).toMatchObject({ revision: 2, data: change.data });
    });

    it("keeps the other transaction's later activity", async () => {
      const { id, lastSeenAt, expiresAt } = await stored("update");
      const update = () => store().update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(seen(id), update)).toBe("updated");
      const later = { lastSeenAt: lastSeenAt + 50, expiresAt: expiresAt + 50 };
      expect(await store().fetchById(id)).toMatchObject({ ...later, revision: 1, data: change.data });
    });
  });

  describe("deleteById of a locked session", () => {
    it("ends a session that the other transaction changed or let expire", async () => {
      for (const theirs of [changed, seen, idle]) {
        const { id } = await stored("delete");
        const remove = () => store().deleteById(id, { reason: "logout", now: NOW }, "delete");
        expect(await second(theirs(id), remove)).toBe("deleted");
        expect(await store().fetchById(id)).toBeUndefined();
      }
    });

    it("leaves a tombstone that includes the other transaction's change", async () => {
      const { id } = await stored("delete");
      const remove = () => store().deleteById(id, { reason: "reused", now: NOW, tombstones: TOMBSTONES });
      expect(await second(changed(id), remove)).toBe("deleted");
      const tombstone = { revision: 2, ended: { at: NOW, reason: "reused" }, deadline: NOW + 500 };
      expect(await store().fetchById(id)).toMatchObject(tombstone);
    });

    it("returns not_found when the other transaction ended the session", async () => {
      for (const theirs of [gone, ended]) {
        const { id } = await stored("delete");
        const remove = () => store().deleteById(id, { reason: "logout", now: NOW }, "another user");
        expect(await second(theirs(id), remove)).toBe("not_found");
      }
    });
  });

  describe("deleteByUserKey with one locked session", () => {
    it("ends the locked session too after the other transaction changed it", async () => {
      for (const theirs of [changed, seen, idle]) {
        const ids = [(await stored("all")).id, (await stored("all")).id, (await stored("all")).id];
        const removeAll = () => store().deleteByUserKey("all", { reason: "revoked", now: NOW });
        expect((await second(theirs(ids[1] ?? ""), removeAll)).toSorted()).toEqual(ids);
        expect(await store().fetchByIds(ids)).toEqual([undefined, undefined, undefined]);
      }
    });

    it("does not return a session that the other transaction ended, and keeps its tombstone", async () => {
      for (const theirs of [gone, ended]) {
        const ids = [(await stored("named")).id, (await stored("named")).id];
        const end = { reason: "revoked", now: NOW, tombstones: TOMBSTONES } as const;
        const removeAll = () => store().deleteByUserKey("named", end);
        expect(await second(theirs(ids[0] ?? ""), removeAll)).toEqual([ids[1]]);
        const [first] = await store().fetchByIds(ids);
        expect(first?.ended).toEqual(theirs === ended ? { at: 1, reason: "logout" } : undefined);
      }
    });
  });

  describe("create with a limit concurrent with another login of the user", () => {
    it.each(["reject", "evict-oldest", "evict-idlest"] as const)(
      "counts the other session with %s",
      async (onExceed) => {
        const limit = { max: 1, onExceed };
        const theirs = createRecord({ userKey: onExceed, expiresAt: NOW + 1_000 });
        const own = createRecord({ userKey: onExceed });
        const create = () =>
          store()
            .create(own, { now: NOW, limit })
            .catch((error: unknown) => error);
        const answer = await second(login(theirs), create);
        if (onExceed === "reject") expect(SessionError.is(answer) && answer.code).toBe("ERR_LIMIT");
        else expect(answer).toEqual({ evicted: [theirs.id], replaced: false });
        expect(await store().fetchByUserKey(onExceed, { now: NOW, limit: 9 })).toHaveLength(1);
      },
    );

    it("does not evict a session that the other transaction has ended", async () => {
      const [a, b] = [await stored("evict"), await stored("evict")];
      const limit = { max: 1, onExceed: "evict-oldest" } as const;
      const create = () => store().create(createRecord({ userKey: "evict" }), { now: NOW, limit });
      expect(await second(gone(a.id), create)).toEqual({ evicted: [b.id], replaced: false });
    });
  });

  describe("tombstones of a user", () => {
    it("do not exceed max after 20 concurrent deletions, and the latest ones are kept", async () => {
      const sessions = await Promise.all(Array.from({ length: 20 }, () => stored("buried")));
      const ids = sessions.map(({ id }) => id);
      const end = (id: string, now: number) =>
        store().deleteById(id, { reason: "logout", now, tombstones: { keepFor: 5_000, max: 3 } });
      const outcomes = await Promise.all(ids.map((id, index) => end(id, NOW + index)));
      expect(new Set(outcomes)).toEqual(new Set(["deleted"]));
      const left = (await store().fetchByIds(ids)).flatMap((record) => record?.ended?.at ?? []);
      expect(left).toEqual([NOW + 17, NOW + 18, NOW + 19]);
    });
  });

  describe("concurrent operations on the same sessions", () => {
    it(`return each ended session once, ${ROUNDS} times`, async () => {
      const end = { reason: "revoked", now: NOW } as const;
      const limit = { max: 2, onExceed: "evict-idlest" } as const;
      for (let round = 0; round < ROUNDS; round++) {
        const userKey = `round-${round}`;
        const records = Array.from({ length: 4 }, () => createRecord({ userKey }));
        await Promise.all(records.map((record) => store().create(record, { now: NOW })));
        const [a = "", b = "", c = "", d = ""] = records.map(({ id }) => id);
        const activity = { lastSeenAt: NOW + round, expiresAt: NOW + 10_000 };
        const [all, others, evicting, more] = await Promise.all([
          store().deleteByUserKey(userKey, { ...end, tombstones: { keepFor: 5, max: 2 } }),
          store().deleteByUserKey(userKey, end, [a]),
          store().create(createRecord({ userKey }), { now: NOW, limit, replaces: d }),
          store().create(createRecord({ userKey }), { now: NOW, limit, replaces: a }),
          ...[d, c, b, a].map((id) => store().update(id, { activity }, { now: NOW })),
          store().deleteExpired?.(NOW + 10, 100),
        ]);
        const named = [...all, ...others, ...evicting.evicted, ...more.evicted];
        expect(new Set(named).size).toBe(named.length);
      }
    }, 120_000);
  });
}
