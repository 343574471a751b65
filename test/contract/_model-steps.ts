import fc from "fast-check";
import type { EndReason, SessionLimit, SessionRecord, Store } from "sessionup";
import { shardOf } from "sessionup";
import { data, text } from "./arbitraries.ts";

const MINUTE = 60_000;
const REASONS: readonly EndReason[] = [
  "logout",
  "revoked",
  "evicted",
  "expired",
  "idle",
  "reused",
  "client_changed",
];

/** What both stores are asked alike; `client` says by which of its clients the one under test is. */
export interface Question {
  readonly client: number;
  readonly ask: (store: Store) => Promise<unknown>;
  /** Of records as they were asked for: those that are dead may be gone. */
  readonly reads?: boolean;
  /** Whether the step ends sessions, expired ones too: those that the store has removed already are not named. */
  readonly ends?: boolean;
  /** An id that must be taken, be it by a dead record, for this to be a question at all. */
  readonly again?: string;
}

/** What steps are about: everything is named by a number, so that fast-check can make it smaller and print it. */
export interface World {
  readonly now: number;
  readonly users: readonly string[];
  readonly mark: string;
  /** All records that were ever given to `create`, latest last. */
  readonly created: SessionRecord[];
  /** What is known of a record by the reference. */
  current(id: string): Promise<SessionRecord | undefined>;
}

// Mostly what happened lately; the users are few, so that they have many sessions.
const which = fc.nat({ max: 12 });
const user = fc.nat({ max: 3 });
const client = fc.nat({ max: 1 });
const letters = fc.string({ unit: fc.constantFrom(..."aAbBzZ09"), minLength: 2, maxLength: 4 });
const keepFor = fc.option(fc.constantFrom(1, MINUTE, 60 * MINUTE), { nil: undefined });
const end = fc.record({ reason: fc.constantFrom(...REASONS), keepFor });
const limit: fc.Arbitrary<SessionLimit> = fc.record({
  max: fc.integer({ min: 1, max: 4 }),
  onExceed: fc.constantFrom("evict-oldest", "evict-idlest", "refuse"),
});
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const create = fc.record({
  do: fc.constant("create"),
  client,
  user,
  letters,
  ago: fc.constantFrom(0, 0, 1, MINUTE),
  lives: fc.constantFrom(1, MINUTE, 60 * MINUTE, 24 * 60 * MINUTE),
  longer: fc.constantFrom(0, 1, 60 * MINUTE),
  data,
  limit: optional(limit),
  replaces: optional(which),
});
const createAgain = fc.record({ do: fc.constant("createAgain"), client, which, data });
const read = fc.record({ do: fc.constant("read"), client, which });
const readMany = fc.record({
  do: fc.constant("readMany"),
  client,
  whiches: fc.array(fc.nat({ max: 20 }), { maxLength: 12 }),
});
const list = fc.record({
  do: fc.constant("list"),
  client,
  user,
  limit: fc.integer({ min: 1, max: 6 }),
  before: optional(which),
});
const activity = fc.record({
  seen: fc.integer({ min: -2, max: 2 }),
  lives: fc.constantFrom(0, 1, MINUTE, 24 * 60 * MINUTE),
});
const update = fc
  .record({
    do: fc.constant("update"),
    client,
    which,
    activity: optional(activity),
    data: optional(data),
    // What the revision is off by.
    revision: optional(fc.constantFrom(0, 0, 0, -1, 1)),
  })
  .filter((step) => step.activity !== undefined || step.data !== undefined);
const remove = fc.record({
  do: fc.constant("remove"),
  client,
  which,
  end,
  owner: optional(fc.oneof({ weight: 3, arbitrary: fc.constant("own") }, user, text)),
});
const removeAll = fc.record({
  do: fc.constant("removeAll"),
  client,
  user,
  end,
  except: fc.array(which, { maxLength: 4 }),
});
const sweep = fc.record({ do: fc.constant("sweep"), client, limit: fc.constantFrom(1, 3, 1_000) });
const wait = fc.record({
  do: fc.constant("wait"),
  milliseconds: fc.constantFrom(1, 1, MINUTE - 1, MINUTE, 60 * MINUTE),
});

/** One thing that happens to a store. */
export const step = fc.oneof(
  { weight: 10, arbitrary: create },
  { weight: 1, arbitrary: createAgain },
  { weight: 3, arbitrary: read },
  { weight: 2, arbitrary: readMany },
  { weight: 4, arbitrary: list },
  { weight: 8, arbitrary: update },
  { weight: 4, arbitrary: remove },
  { weight: 2, arbitrary: removeAll },
  { weight: 1, arbitrary: sweep },
  { weight: 4, arbitrary: wait },
);

export type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Those that a store has an answer to compare. */
type Asking = Exclude<Step, { do: "wait" | "sweep" }>;

/** The step as a question, or nothing where there is nothing yet to ask about. */
export async function questionOf(step: Asking, world: World): Promise<Question | undefined> {
  const { client } = step;
  const { now } = world;
  switch (step.do) {
    case "create": {
      const record = recordOf(step, world);
      const replaces = step.replaces === undefined ? undefined : idOf(step.replaces, world);
      const { limit } = step;
      const options = { now, ...(limit && { limit }), ...(replaces !== undefined && { replaces }) };
      world.created.push(record);
      return { client, ask: async (store) => sorted((await store.create(record, options)).evicted) };
    }
    case "createAgain": {
      const old = pick(step.which, world);
      if (!old) return undefined;
      const { id, userKey } = old;
      const lives = { createdAt: now, lastSeenAt: now, expiresAt: now + MINUTE, deadline: now + MINUTE };
      const record = { id, userKey, revision: 0, ...lives, data: step.data };
      return { client, ask: (store) => store.create(record, { now }), again: id };
    }
    case "read": {
      const id = idOf(step.which, world);
      return { client, ask: async (store) => [await store.fetchById(id)], reads: true };
    }
    case "readMany": {
      const ids = step.whiches.map((which) => idOf(which, world));
      return { client, ask: (store) => store.fetchByIds(ids), reads: true };
    }
    case "list": {
      const userKey = userOf(step.user, world);
      const own = world.created.filter((record) => record.userKey === userKey);
      const before = step.before === undefined ? undefined : own.at(-1 - step.before);
      const page = { now, limit: step.limit, ...(before && { before }) };
      return { client, ask: (store) => store.fetchByUserKey(userKey, page) };
    }
    case "update": {
      const record = pick(step.which, world);
      const id = record?.id ?? idOf(step.which, world);
      const { revision = 0 } = (await world.current(id)) ?? {};
      const change = {
        ...(step.activity && { activity: activityOf(step.activity, now, record?.deadline ?? now) }),
        ...(step.data && { data: step.data }),
      };
      const ifRevision = step.revision === undefined ? undefined : Math.max(0, revision + step.revision);
      const options = { now, ...(ifRevision !== undefined && { ifRevision }) };
      return { client, ask: (store) => store.update(id, change, options) };
    }
    case "remove": {
      const record = pick(step.which, world);
      const id = record?.id ?? idOf(step.which, world);
      const owner =
        step.owner === "own"
          ? record?.userKey
          : typeof step.owner === "number"
            ? userOf(step.owner, world)
            : step.owner;
      const end = endOf(step.end, now);
      return { client, ask: (store) => store.deleteById(id, end, owner), ends: true };
    }
    case "removeAll": {
      const userKey = userOf(step.user, world);
      const except = step.except.map((which) => idOf(which, world));
      const end = endOf(step.end, now);
      return {
        client,
        ends: true,
        ask: async (store) =>
          sorted(
            await (except.length === 0
              ? store.deleteByUserKey(userKey, end)
              : store.deleteByUserKey(userKey, end, except)),
          ),
      };
    }
  }
}

function recordOf(
  { user, letters, ago, lives, longer, data }: Extract<Asking, { do: "create" }>,
  { now, users, mark, created }: World,
): SessionRecord {
  const userKey = users[user] ?? "";
  // The letters decide the order of those of one moment: the rest is another one in each run.
  const id = `${shardOf(userKey)}${letters}${String(created.length).padStart(3, "0")}${mark}`;
  const createdAt = now - ago;
  const times = { createdAt, lastSeenAt: createdAt, expiresAt: now + lives, deadline: now + lives + longer };
  return { id, userKey, revision: 0, ...times, data };
}

function activityOf({ seen, lives }: { seen: number; lives: number }, now: number, deadline: number) {
  return { lastSeenAt: now + seen, expiresAt: Math.min(now + lives, deadline) };
}

function endOf({ reason, keepFor }: { reason: EndReason; keepFor: number | undefined }, now: number) {
  return { reason, now, ...(keepFor !== undefined && { tombstones: { keepFor, max: 100 } }) };
}

function userOf(user: number, { users }: World): string {
  return users[user] ?? "";
}

function pick(which: number, { created }: World): SessionRecord | undefined {
  return created.at(-1 - which);
}

/** One that was never there, where there is none of that number yet. */
function idOf(which: number, world: World): string {
  return pick(which, world)?.id ?? `${shardOf(userOf(0, world))}nobody${which}${world.mark}`;
}

function sorted(ids: readonly string[]): string[] {
  return [...ids].sort();
}
