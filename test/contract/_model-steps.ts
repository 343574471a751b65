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

/** An operation that both stores run. `client` is the index of the client through which the store under test runs it. */
export interface Question {
  readonly client: number;
  readonly ask: (store: Store) => Promise<unknown>;
  /** Whether the answer lists records in the order of the ids. Expired records may be missing from it. */
  readonly reads?: boolean;
  /** Whether the step ends sessions, including expired ones. The answer omits records that the store already removed. */
  readonly ends?: boolean;
  /** An id that must still be stored, perhaps by an expired record. Otherwise the step is skipped. */
  readonly again?: string;
}

/** The state that steps refer to by numbers, so that fast-check can shrink and print the steps. */
export interface World {
  readonly now: number;
  readonly users: readonly string[];
  readonly mark: string;
  /** All records that were ever passed to `create`, oldest first. */
  readonly created: SessionRecord[];
  /** Returns the reference store's record. */
  current(id: string): Promise<SessionRecord | undefined>;
}

// Steps favour recent records. There are few users, so that each has many sessions.
const which = fc.nat({ max: 12 });
const user = fc.nat({ max: 3 });
const client = fc.nat({ max: 1 });
const letters = fc.string({ unit: fc.constantFrom(..."aAbBzZ09"), minLength: 2, maxLength: 4 });
const keepFor = fc.option(fc.constantFrom(1, MINUTE, 60 * MINUTE), { nil: undefined });
const end = fc.record({ reason: fc.constantFrom(...REASONS), keepFor });
const limit: fc.Arbitrary<SessionLimit> = fc.record({
  max: fc.integer({ min: 1, max: 4 }),
  onExceed: fc.constantFrom("evict-oldest", "evict-idlest", "reject"),
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
    // The difference from the current revision.
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

/** One step of a sequence. */
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

/** Steps whose answers can be compared. */
type Asking = Exclude<Step, { do: "wait" | "sweep" }>;

/** Converts a step to an operation. Returns undefined when the step refers to a record that does not exist yet. */
export async function toQuestion(step: Asking, world: World): Promise<Question | undefined> {
  const { client } = step;
  const { now } = world;
  switch (step.do) {
    case "create": {
      const record = toRecord(step, world);
      const replaces = step.replaces === undefined ? undefined : pickId(step.replaces, world);
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
      const id = pickId(step.which, world);
      return { client, ask: async (store) => [await store.fetchById(id)], reads: true };
    }
    case "readMany": {
      const ids = step.whiches.map((which) => pickId(which, world));
      return { client, ask: (store) => store.fetchByIds(ids), reads: true };
    }
    case "list": {
      const userKey = pickUser(step.user, world);
      const own = world.created.filter((record) => record.userKey === userKey);
      const before = step.before === undefined ? undefined : own.at(-1 - step.before);
      const page = { now, limit: step.limit, ...(before && { before }) };
      return { client, ask: (store) => store.fetchByUserKey(userKey, page) };
    }
    case "update": {
      const record = pick(step.which, world);
      const id = record?.id ?? pickId(step.which, world);
      const { revision = 0 } = (await world.current(id)) ?? {};
      const change = {
        ...(step.activity && { activity: toActivity(step.activity, now, record?.deadline ?? now) }),
        ...(step.data && { data: step.data }),
      };
      const ifRevision = step.revision === undefined ? undefined : Math.max(0, revision + step.revision);
      const options = { now, ...(ifRevision !== undefined && { ifRevision }) };
      return { client, ask: (store) => store.update(id, change, options) };
    }
    case "remove": {
      const record = pick(step.which, world);
      const id = record?.id ?? pickId(step.which, world);
      const owner =
        step.owner === "own"
          ? record?.userKey
          : typeof step.owner === "number"
            ? pickUser(step.owner, world)
            : step.owner;
      const end = toEnd(step.end, now);
      return { client, ask: (store) => store.deleteById(id, end, owner), ends: true };
    }
    case "removeAll": {
      const userKey = pickUser(step.user, world);
      const except = step.except.map((which) => pickId(which, world));
      const end = toEnd(step.end, now);
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

function toRecord(
  { user, letters, ago, lives, longer, data }: Extract<Asking, { do: "create" }>,
  { now, users, mark, created }: World,
): SessionRecord {
  const userKey = users[user] ?? "";
  // The letters decide the order of records of one millisecond, because the rest of the id differs in each run.
  const id = `${shardOf(userKey)}${letters}${String(created.length).padStart(3, "0")}${mark}`;
  const createdAt = now - ago;
  const times = { createdAt, lastSeenAt: createdAt, expiresAt: now + lives, deadline: now + lives + longer };
  return { id, userKey, revision: 0, ...times, data };
}

function toActivity({ seen, lives }: { seen: number; lives: number }, now: number, deadline: number) {
  return { lastSeenAt: now + seen, expiresAt: Math.min(now + lives, deadline) };
}

function toEnd({ reason, keepFor }: { reason: EndReason; keepFor: number | undefined }, now: number) {
  return { reason, now, ...(keepFor !== undefined && { tombstones: { keepFor, max: 100 } }) };
}

function pickUser(user: number, { users }: World): string {
  return users[user] ?? "";
}

function pick(which: number, { created }: World): SessionRecord | undefined {
  return created.at(-1 - which);
}

/** Returns the id of a created record, or an id that never existed. */
function pickId(which: number, world: World): string {
  return pick(which, world)?.id ?? `${shardOf(pickUser(0, world))}missing${which}${world.mark}`;
}

function sorted(ids: readonly string[]): string[] {
  return [...ids].sort();
}
