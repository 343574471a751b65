import assert from "node:assert/strict";
import { SessionError, type SessionLimit, type SessionRecord, type Store, shardOf } from "sessionup";
import { describe, it } from "vitest";
import { HOUR, NOW } from "../support/record.ts";
import { atOnce, inWaves, ROUNDS } from "./_at-once.ts";
import { managerRaces } from "./_manager-races.ts";
import { newMark } from "./arbitraries.ts";
import { type Backend, openStores } from "./backend.ts";

const CLIENTS = 3;

type Task = (store: Store) => Promise<unknown>;

/** Tests that concurrent operations of several clients are atomic. */
export function raceTests(backend: Backend): void {
  describe(`races of ${CLIENTS} clients`, () => {
    const stores = openStores(backend, CLIENTS);
    const race = (title: string, rounds: number, round: (round: Round) => Promise<void>) =>
      it(
        `${title}, ${rounds} times`,
        () => inWaves(rounds, (number) => round(new Round(stores(), number))),
        120_000,
      );

    it("50 concurrent logins of one user are all stored and listed", () =>
      logins(new Round(stores(), 0), 50));
    race("6 concurrent logins of one user are all stored and listed", ROUNDS, (round) => logins(round, 6));
    race(
      "deleteByUserKey concurrent with updates and logins ends every earlier session for good",
      ROUNDS,
      deleteAll,
    );
    race("deleteByUserKey keeps an excepted session and its concurrent updates", ROUNDS, deleteOthers);
    race("concurrent logins with an evicting limit never exceed it", ROUNDS, evicting);
    race("concurrent logins with a refusing limit never exceed it", ROUNDS, refusing);
    race(
      "logins that replace one session, concurrent with deleteByUserKey, end each session once",
      ROUNDS,
      replacing,
    );
    managerRaces(stores, ROUNDS);
  });
}

async function logins(round: Round, count: number): Promise<void> {
  const drafts = round.drafts(count);
  const listed = drafts.map(({ id }) => async (store: Store) => {
    // An acknowledged login must be visible to every client.
    const list = await store.fetchByUserKey(round.userKey, { now: NOW, limit: 100 });
    assert.ok(
      list.some((record) => record.id === id),
      "an acknowledged login is not listed",
    );
  });
  await round.race(
    drafts.map((draft, index) => async (store) => {
      await store.create(draft, { now: NOW });
      await listed[index]?.(round.store(index + 1));
    }),
  );
  for (const store of round.stores) {
    assert.deepEqual(await listIds(store, round), sorted(drafts));
    assert.deepEqual(await store.fetchByIds(drafts.map(({ id }) => id)), drafts);
  }
  await round.over();
}

async function deleteAll(round: Round): Promise<void> {
  const before = await round.stored(5);
  const [touched, rotated, described, both] = before.map(({ id }) => id);
  const drafts = round.drafts(2);
  const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
  const changes: Array<
    [id: string | undefined, change: Parameters<Store["update"]>[1], ifRevision?: number]
  > = [
    [touched, { activity }, 0],
    [rotated, { data: { v: 1, rotated: true } }, 0],
    [described, { data: { v: 1, described: true } }],
    [both, { activity, data: { v: 1, both: true } }, 0],
  ];
  const outcomes: string[] = [];
  const change = async (store: Store, index: number) => {
    const [id = "", change, ifRevision] = changes[index] ?? assert.fail();
    return store.update(id, change, { now: NOW, ...(ifRevision !== undefined && { ifRevision }) });
  };
  // In every other round, tombstones show which changes came first.
  const tombstones = round.number % 2 === 0 ? { keepFor: HOUR, max: 100 } : undefined;
  let ended: readonly string[] = [];
  await round.race([
    ...changes.map((_, index) => async (store: Store) => {
      outcomes[index] = await change(store, index);
    }),
    async (store) => {
      ended = await store.deleteByUserKey(round.userKey, { ...END, ...(tombstones && { tombstones }) });
    },
    ...drafts.map((draft) => (store: Store) => store.create(draft, { now: NOW })),
  ]);

  // A late update must find nothing and create nothing.
  for (const index of changes.keys()) assert.equal(await change(round.store(index), index), "not_found");
  assert.equal(new Set(ended).size, ended.length, "a session was ended twice");
  for (const store of round.stores) {
    const live = await listIds(store, round);
    for (const { id } of before)
      assert.ok(ended.includes(id) && !live.includes(id), "an earlier session was missed");
    assert.deepEqual(
      [...ended, ...live].sort(),
      sorted([...before, ...drafts]),
      "a new session is neither listed nor returned as ended",
    );
  }
  const left = await round.store(1).fetchByIds(before.map(({ id }) => id));
  for (const [index, record] of left.entries()) {
    if (!tombstones) {
      assert.equal(record, undefined, "an ended session came back");
      continue;
    }
    assert.deepEqual(record?.ended, { at: NOW, reason: "revoked" });
    const made = outcomes[index] === "updated" ? changes[index]?.[1] : undefined;
    assert.deepEqual(record.data, made?.data ?? before[index]?.data);
    assert.equal(record.lastSeenAt, made?.activity?.lastSeenAt ?? NOW);
    assert.equal(record.revision, made?.data ? 2 : 1);
  }
  await round.over();
}

async function deleteOthers(round: Round): Promise<void> {
  const before = await round.stored(4);
  const [own, ...others] = before.map(({ id }) => id);
  const kept = own ?? "";
  let ended: readonly string[] = [];
  const activity = { lastSeenAt: NOW + 5, expiresAt: NOW + HOUR };
  const outcomes = await round.race([
    (store) => store.update(kept, { activity }, { now: NOW }),
    async (store) => {
      ended = await store.deleteByUserKey(round.userKey, END, [kept]);
    },
    (store) => store.update(kept, { data: { v: 1, rotated: true } }, { now: NOW, ifRevision: 0 }),
    // deleteById and deleteByUserKey both try to end this session, and only one of them may succeed.
    (store) => store.deleteById(others[0] ?? "", END, round.userKey),
    (store) => store.update(others[1] ?? "", { activity }, { now: NOW }),
  ]);
  assert.deepEqual([outcomes[0], outcomes[2]], ["updated", "updated"]);
  const named = [...ended, ...(outcomes[3] === "deleted" ? [others[0]] : [])];
  assert.deepEqual(named.sort(), [...others].sort());
  const expected = { ...before[0], ...activity, revision: 1, data: { v: 1, rotated: true } };
  for (const store of round.stores)
    assert.deepEqual(await store.fetchByUserKey(round.userKey, { now: NOW, limit: 10 }), [expected]);
  await round.over();
}

async function evicting(round: Round): Promise<void> {
  const limit = { max: 3, onExceed: round.number % 2 ? "evict-oldest" : "evict-idlest" } as const;
  const before = await round.stored(2);
  const { drafts, answers } = await crowded(round, limit);
  const evicted = answers.flatMap((answer) => answer ?? assert.fail("an evicting limit rejected a login"));
  assert.equal(new Set(evicted).size, evicted.length, "a session was evicted twice");
  const live = await listIds(round.store(2), round);
  assert.equal(live.length, limit.max);
  assert.deepEqual(
    [...evicted, ...live].sort(),
    sorted([...before, ...drafts]),
    "a session is neither listed nor returned as evicted",
  );
  await round.over();
}

async function refusing(round: Round): Promise<void> {
  const before = await round.stored(1);
  const { drafts, answers } = await crowded(round, { max: 3, onExceed: "reject" });
  const stored = drafts.filter((_, index) => answers[index]);
  assert.equal(stored.length, 2);
  assert.deepEqual(await listIds(round.store(2), round), sorted([...before, ...stored]));
  await round.over();
}

/** Runs five concurrent logins with a limit while every client lists. Returns each login's evicted ids, or undefined. */
async function crowded(
  round: Round,
  limit: SessionLimit,
): Promise<{ drafts: SessionRecord[]; answers: Array<readonly string[] | undefined> }> {
  const drafts = round.drafts(5);
  let done = false;
  const reader = async (store: Store) => {
    do {
      const { length } = await store.fetchByUserKey(round.userKey, { now: NOW, limit: 100 });
      assert.ok(length <= limit.max, `${length} sessions were live at once`);
      // Lets other tasks run in a store that answers synchronously.
      await new Promise((resolve) => setImmediate(resolve));
    } while (!done);
  };
  const reading = Promise.all(round.stores.map(reader));
  const answers: Array<readonly string[] | undefined> = [];
  try {
    await round.race(
      drafts.map((draft, index) => async (store) => {
        const created = store.create(draft, { now: NOW, limit }).catch((error: unknown) => {
          if (!SessionError.is(error) || error.code !== "ERR_LIMIT") throw error;
        });
        answers[index] = (await created)?.evicted;
      }),
    );
  } finally {
    done = true;
    await reading;
  }
  return { drafts, answers };
}

async function replacing(round: Round): Promise<void> {
  const [old, other] = await round.stored(2);
  const drafts = round.drafts(2);
  const options = { now: NOW, replaces: old?.id ?? "" };
  let ended: readonly string[] = [];
  const activity = { lastSeenAt: NOW + 1, expiresAt: NOW + HOUR };
  await round.race([
    ...drafts.map((draft) => (store: Store) => store.create(draft, options)),
    (store) => store.update(old?.id ?? "", { activity, data: { v: 1 } }, { now: NOW }),
    async (store) => {
      ended = await store.deleteByUserKey(round.userKey, END);
    },
  ]);
  const live = await listIds(round.store(0), round);
  assert.equal(await round.store(1).fetchById(old?.id ?? ""), undefined, "a replaced session came back");
  assert.ok(ended.includes(other?.id ?? ""), "an earlier session was missed");
  const both = [...ended, ...live].filter((id) => id !== old?.id && id !== other?.id);
  assert.deepEqual(both.sort(), sorted(drafts), "a new session is neither listed nor returned as ended");
  await round.over();
}

const END = { reason: "revoked", now: NOW } as const;

/** One round of a race, with its own user. */
class Round {
  readonly stores: readonly Store[];
  readonly number: number;
  readonly userKey: string = newMark();

  constructor(stores: readonly Store[], number: number) {
    this.stores = stores;
    this.number = number;
  }

  store(index: number): Store {
    return this.stores[(this.number + index) % this.stores.length] ?? assert.fail();
  }

  drafts(count: number): SessionRecord[] {
    return Array.from({ length: count }, (_, index) => ({
      id: `${shardOf(this.userKey)}${newMark()}`,
      userKey: this.userKey,
      revision: 0,
      createdAt: NOW + index,
      lastSeenAt: NOW,
      expiresAt: NOW + HOUR,
      deadline: NOW + HOUR,
      data: { v: 1, index },
    }));
  }

  async stored(count: number): Promise<SessionRecord[]> {
    const records = this.drafts(count);
    await Promise.all(records.map((record, index) => this.store(index).create(record, { now: NOW })));
    return records;
  }

  /** Runs all tasks concurrently, distributed over the clients. The round's number varies the order and the delays. */
  race(tasks: readonly Task[]): Promise<unknown[]> {
    return atOnce(
      this.number,
      tasks.map((task, index) => () => task(this.store(index))),
    );
  }

  async over(): Promise<void> {
    await this.store(0).deleteByUserKey(this.userKey, END);
  }
}

async function listIds(store: Store, { userKey }: Round): Promise<string[]> {
  return sorted(await store.fetchByUserKey(userKey, { now: NOW, limit: 100 }));
}

function sorted(records: readonly SessionRecord[]): string[] {
  return records.map(({ id }) => id).sort();
}
