import { SessionError, type SessionRecord, type Store } from "sessionup";
import { describe, expect, it } from "vitest";
import { NOW, recordOf } from "../support/record.ts";
import { ROUNDS } from "./_at-once.ts";

/** A store on a server that locks rows, and somebody else who was there first. */
export interface Locking {
  store(): Store;
  /** What an operation answers that has to wait for somebody else's transaction with these statements in it. */
  second<Answer>(theirs: readonly string[], operation: () => Promise<Answer>): Promise<Answer>;
  /** What a login has done before it is there for others. */
  login(record: SessionRecord): readonly string[];
}

/** What somebody else does to a session. */
type Deed = (id: string) => readonly string[];

const TABLE = "sessionup_sessions";
const TOMBSTONES = { keepFor: 500, max: 100 } as const;
const gone: Deed = (id) => [`DELETE FROM ${TABLE} WHERE id = '${id}'`];
const changed: Deed = (id) => [
  `UPDATE ${TABLE} SET data = '{"v":1,"theirs":true}', revision = revision + 1 WHERE id = '${id}'`,
];
export const seen: Deed = (id) => [
  `UPDATE ${TABLE} SET last_seen_at = last_seen_at + 50, expires_at = expires_at + 50 WHERE id = '${id}'`,
];
const ended: Deed = (id) => [
  `UPDATE ${TABLE} SET ended_at = 1, ended_reason = 'logout', revision = revision + 1 WHERE id = '${id}'`,
];
const idle: Deed = (id) => [`UPDATE ${TABLE} SET expires_at = ${NOW} WHERE id = '${id}'`];

/** Operations that find a session in somebody else's hand, and many that want the same ones. */
export function lockTests({ store, second, login }: Locking): void {
  async function stored(userKey: string): Promise<SessionRecord> {
    const record = recordOf({ userKey });
    await store().create(record, { now: NOW });
    return record;
  }

  describe("update, of a session that another has in hand", () => {
    const change = { activity: { lastSeenAt: NOW + 20, expiresAt: NOW + 1_000 }, data: { v: 1, ours: true } };

    it.each([
      ["deletes", gone],
      ["ends with a tombstone", ended],
      ["lets end by idleness", idle],
    ])("finds nothing where the other %s it", async (_what, theirs) => {
      const { id } = await stored("update");
      const update = () => store().update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(theirs(id), update)).toBe("not_found");
      expect((await store().fetchById(id))?.data).not.toEqual(change.data);
    });

    it("conflicts where the other raises its revision", async () => {
      const { id } = await stored("update");
      const update = () => store().update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(changed(id), update)).toBe("conflict");
      expect(await store().fetchById(id)).toMatchObject({ revision: 1, data: { v: 1, theirs: true } });
    });

    it("goes on from what the other left", async () => {
      const { id } = await stored("update");
      expect(await second(changed(id), () => store().update(id, change, { now: NOW }))).toBe("updated");
      expect(await store().fetchById(id)).toMatchObject({ revision: 2, data: change.data });
    });

    it("moves no time backwards where the other has seen it later", async () => {
      const { id, lastSeenAt, expiresAt } = await stored("update");
      const update = () => store().update(id, change, { now: NOW, ifRevision: 0 });
      expect(await second(seen(id), update)).toBe("updated");
      const later = { lastSeenAt: lastSeenAt + 50, expiresAt: expiresAt + 50 };
      expect(await store().fetchById(id)).toMatchObject({ ...later, revision: 1, data: change.data });
    });
  });

  describe("deleteById, of a session that another has in hand", () => {
    it("ends what the other has changed, or let expire", async () => {
      for (const theirs of [changed, seen, idle]) {
        const { id } = await stored("delete");
        const remove = () => store().deleteById(id, { reason: "logout", now: NOW }, "delete");
        expect(await second(theirs(id), remove)).toBe("deleted");
        expect(await store().fetchById(id)).toBeUndefined();
      }
    });

    it("keeps the tombstone of what the other has changed", async () => {
      const { id } = await stored("delete");
      const remove = () => store().deleteById(id, { reason: "reused", now: NOW, tombstones: TOMBSTONES });
      expect(await second(changed(id), remove)).toBe("deleted");
      const tombstone = { revision: 2, ended: { at: NOW, reason: "reused" }, deadline: NOW + 500 };
      expect(await store().fetchById(id)).toMatchObject(tombstone);
    });

    it("finds nothing where the other has ended it", async () => {
      for (const theirs of [gone, ended]) {
        const { id } = await stored("delete");
        const remove = () => store().deleteById(id, { reason: "logout", now: NOW }, "somebody else");
        expect(await second(theirs(id), remove)).toBe("not_found");
      }
    });
  });

  describe("deleteByUserKey, of sessions one of which another has in hand", () => {
    it("ends it too, whatever the other has changed", async () => {
      for (const theirs of [changed, seen, idle]) {
        const ids = [(await stored("all")).id, (await stored("all")).id, (await stored("all")).id];
        const removeAll = () => store().deleteByUserKey("all", { reason: "revoked", now: NOW });
        expect((await second(theirs(ids[1] ?? ""), removeAll)).toSorted()).toEqual(ids);
        expect(await store().fetchByIds(ids)).toEqual([undefined, undefined, undefined]);
      }
    });

    it("does not name what the other has ended, and leaves its tombstone as it is", async () => {
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

  describe("a login within a limit, beside another of that user", () => {
    it.each(["refuse", "evict-oldest", "evict-idlest"] as const)("counts the other: %s", async (onExceed) => {
      const limit = { max: 1, onExceed };
      const theirs = recordOf({ userKey: onExceed, expiresAt: NOW + 1_000 });
      const own = recordOf({ userKey: onExceed });
      const create = () =>
        store()
          .create(own, { now: NOW, limit })
          .catch((error: unknown) => error);
      const answer = await second(login(theirs), create);
      if (onExceed === "refuse") expect(SessionError.is(answer) && answer.code).toBe("ERR_LIMIT");
      else expect(answer).toEqual({ evicted: [theirs.id] });
      expect(await store().fetchByUserKey(onExceed, { now: NOW, limit: 9 })).toHaveLength(1);
    });

    it("evicts nobody whom the other has ended meanwhile", async () => {
      const [a, b] = [await stored("evict"), await stored("evict")];
      const limit = { max: 1, onExceed: "evict-oldest" } as const;
      const create = () => store().create(recordOf({ userKey: "evict" }), { now: NOW, limit });
      expect(await second(gone(a.id), create)).toEqual({ evicted: [b.id] });
    });
  });

  describe("the tombstones of a user", () => {
    it("are no more than max when many sessions have ended side by side, and the latest ones", async () => {
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

  describe("many that lock the same sessions", () => {
    it(`each end what they say, ${ROUNDS} times`, async () => {
      const end = { reason: "revoked", now: NOW } as const;
      const limit = { max: 2, onExceed: "evict-idlest" } as const;
      for (let round = 0; round < ROUNDS; round++) {
        const userKey = `round-${round}`;
        const records = Array.from({ length: 4 }, () => recordOf({ userKey }));
        await Promise.all(records.map((record) => store().create(record, { now: NOW })));
        const [a = "", b = "", c = "", d = ""] = records.map(({ id }) => id);
        const activity = { lastSeenAt: NOW + round, expiresAt: NOW + 10_000 };
        const [all, others, evicting, more] = await Promise.all([
          store().deleteByUserKey(userKey, { ...end, tombstones: { keepFor: 5, max: 2 } }),
          store().deleteByUserKey(userKey, end, [a]),
          store().create(recordOf({ userKey }), { now: NOW, limit, replaces: d }),
          store().create(recordOf({ userKey }), { now: NOW, limit, replaces: a }),
          ...[d, c, b, a].map((id) => store().update(id, { activity }, { now: NOW })),
          store().deleteExpired?.(NOW + 10, 100),
        ]);
        const named = [...all, ...others, ...evicting.evicted, ...more.evicted];
        expect(new Set(named).size).toBe(named.length);
      }
    }, 120_000);
  });
}
