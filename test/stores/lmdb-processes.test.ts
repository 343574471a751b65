import { lmdbStore } from "sessionup/stores/lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NOW, recordOf } from "../support/record.ts";
import { LmdbFile, type OtherProcess } from "./_lmdb-fixture.ts";

const END = { reason: "revoked", now: NOW } as const;

const file = new LmdbFile();
beforeEach(() => file.make());
afterEach(() => file.remove());

/** The ids of what a process was told to create, and what it was told of them. */
class Work {
  readonly created: string[] = [];
  readonly touched: string[] = [];
  readonly ended: string[] = [];
  /** Those that were to end, and of which nothing was heard. */
  readonly ending = new Set<string>();

  /** Logins, activity and logouts, many at a time; of the first user of each ten, all sessions. */
  async of(other: OtherProcess, name: string, logins: number): Promise<void> {
    for (let first = 0; first < logins; first += 20) {
      const drafts = Array.from({ length: 20 }, (_, index) => recordOf({ userKey: `${name}${index % 5}` }));
      await Promise.all(
        drafts.map(async (draft, index) => {
          await other.ask("create", draft, { now: NOW });
          this.created.push(draft.id);
          const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + 1_000 };
          const touched = await other.ask("update", draft.id, { activity }, { now: NOW, ifRevision: 0 });
          if (touched === "updated") this.touched.push(draft.id);
          if (index % 7 !== 6) return;
          this.ending.add(draft.id);
          if ((await other.ask("deleteById", draft.id, END)) === "deleted") this.ended.push(draft.id);
          this.ending.delete(draft.id);
        }),
      );
      if (first % 100 !== 80) continue;
      const mine = this.created.filter((id) => id.startsWith(drafts[0]?.id.slice(0, 2) ?? ""));
      for (const id of mine) this.ending.add(id);
      this.ended.push(...((await other.ask("deleteByUserKey", drafts[0]?.userKey, END)) as string[]));
      for (const id of mine) this.ending.delete(id);
    }
  }
}

describe("several processes at one file", () => {
  it("see at once what another was answered, in the middle of a turn too", async () => {
    const store = lmdbStore(file.open());
    const other = await file.otherProcess();
    for (let round = 0; round < 100; round++) {
      const own = recordOf();
      await store.create(own, { now: NOW });
      expect(await other.ask("fetchById", own.id)).toEqual(own);
      // Reads, so that this process has a view; the other one ends the session; the next read is of after that.
      expect(await store.fetchById(own.id)).toEqual(own);
      expect(await other.ask("deleteById", own.id, END)).toBe("deleted");
      expect(await store.fetchById(own.id)).toBeUndefined();
      expect(await store.fetchByUserKey("ann", { now: NOW, limit: 9 })).toEqual([]);
    }
  }, 60_000);

  it("lose no session, end each once, and see no error", async () => {
    const store = lmdbStore(file.open());
    const others = await Promise.all([1, 2, 3].map(() => file.otherProcess()));
    const works = others.map(() => new Work());
    // All work at the sessions of the same five users.
    await Promise.all(works.map((work, index) => work.of(others[index] as OtherProcess, "user", 400)));
    const created = works.flatMap((work) => work.created);
    const ended = works.flatMap((work) => work.ended);
    expect(created).toHaveLength(1_200);
    expect(new Set(ended).size).toBe(ended.length);
    const found = await store.fetchByIds(created);
    const live = created.filter((_, index) => found[index]);
    expect([...live, ...ended].sort()).toEqual(created.sort());
    expect(live.length).toBeGreaterThan(0);
    for (const other of others) expect(other.errors).toBe("");
  }, 60_000);

  it("keep all that was acknowledged when one is killed in the middle", async () => {
    for (let round = 0; round < 3; round++) {
      const [killed, other] = await Promise.all([file.otherProcess(), file.otherProcess()]);
      const [work, others] = [new Work(), new Work()];
      const working = work.of(killed, `killed${round}`, 100_000).catch((error) => error);
      const going = others.of(other, `other${round}`, 300);
      while (work.created.length < 200 + 50 * round) await new Promise((resolve) => setTimeout(resolve, 1));
      await killed.kill();
      await Promise.all([working, going]);
      expect(other.errors).toBe("");

      // Whoever opens the file now has it all; whoever had it open goes on.
      const store = lmdbStore(file.open());
      const created = [...work.created, ...others.created];
      const ended = new Set([...work.ended, ...others.ended]);
      const found = await store.fetchByIds(created);
      for (const [index, id] of created.entries()) {
        if (ended.has(id)) expect(found[index], "came back").toBeUndefined();
        else if (!work.ending.has(id)) expect(found[index], "was lost").toBeDefined();
      }
      const touched = await store.fetchByIds([...work.touched, ...others.touched]);
      for (const each of touched) if (each) expect(each.lastSeenAt).toBe(NOW + 1);
      const own = recordOf({ userKey: "cyd" });
      await store.create(own, { now: NOW });
      expect(await other.ask("fetchById", own.id)).toEqual(own);
      await other.kill();
    }
  }, 60_000);
});

describe("a disk that is full", () => {
  // Again if need be: now and then lmdb 3.5.6 says nothing at all of a commit that has failed, and the store gives up
  // waiting when its `timeout` is over. That too is a failure and no logout, but there is no reason to look for in it.
  const again = { retry: 2, timeout: 60_000 };
  it(
    "fails what has to be written, with its reason, and ends neither sessions nor the process",
    again,
    async () => {
      const other = await file.otherProcess(512);
      const kept: string[] = [];
      const errors: unknown[] = [];
      while (errors.length === 0) {
        const drafts = Array.from({ length: 3 }, () => recordOf({ data: { v: 1, much: "x".repeat(9_000) } }));
        const created = drafts.map((draft) => other.ask("create", draft, { now: NOW }));
        for (const [index, outcome] of (await Promise.allSettled(created)).entries()) {
          if (outcome.status === "fulfilled") kept.unshift(drafts[index]?.id ?? "");
          else errors.push(outcome.reason);
        }
      }
      expect(String(errors[0])).toMatch(/too large|no space|input\/output/i);
      // If it is about to end, it has the time for it.
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(other.alive).toBe(true);
      const page = { now: NOW, limit: 1_000 };
      const listed = (await other.ask("fetchByUserKey", "ann", page)) as Array<{ id: string }>;
      expect(listed.map(({ id }) => id)).toEqual(kept);
      // A logout makes room.
      expect(await other.ask("deleteByUserKey", "ann", END)).toHaveLength(kept.length);
      expect(await other.ask("create", recordOf(), { now: NOW })).toEqual({ evicted: [] });
      expect(await lmdbStore(file.open()).fetchByUserKey("ann", page)).toHaveLength(1);
    },
  );
});
