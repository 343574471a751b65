import { shardOf } from "../../cookie/shard.ts";
import { randomText } from "../../cookie/token.ts";
import type { SessionRecord, Store } from "../../store.ts";

/** A user key that no app has. Every run has its own. */
export function createProbeUser(): string {
  return `sessionup-bench-${randomText(22)}`;
}

/** One operation of a store: `prepare` is not measured. */
export interface Operation {
  readonly name: string;
  readonly prepare?: (store: Store, probes: Probes) => Promise<void>;
  readonly run: (store: Store, probes: Probes) => Promise<unknown>;
}

/** The probe sessions of a run. */
export class Probes {
  readonly userKey: string;
  readonly #now: () => number;
  #ids: string[] = [];

  constructor(userKey: string, now: () => number) {
    this.userKey = userKey;
    this.#now = now;
  }

  get now(): number {
    return this.#now();
  }

  /** The id of the session that was created last. */
  get last(): string {
    return this.#ids.at(-1) ?? "";
  }

  /** Creates a record as a login does: about 300 bytes of data. */
  next(): SessionRecord {
    const id = shardOf(this.userKey) + randomText(20);
    this.#ids.push(id);
    const now = this.now;
    const deadline = now + 3_600_000;
    const hash = randomText(43);
    const data = {
      v: 1,
      root: hash,
      secret: hash,
      ip: "192.0.2.1",
      agent: { browser: "Firefox", os: "Linux" },
    };
    return {
      id,
      userKey: this.userKey,
      revision: 0,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: deadline,
      deadline,
      data,
    };
  }
}

const LIMIT = { max: 1_000, onExceed: "evict-oldest" } as const;

/** The operations, with the moment at which an app needs each. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: "create",
    run: (store, probes) => store.create(probes.next(), { now: probes.now, limit: LIMIT }),
  },
  { name: "fetchById", run: async (store, { last }) => store.fetchById(last) },
  {
    name: "fetchByUserKey",
    run: (store, { userKey, now }) => store.fetchByUserKey(userKey, { now, limit: 20 }),
  },
  {
    name: "update activity",
    run: (store, { last, now }) =>
      store.update(last, { activity: { lastSeenAt: now, expiresAt: now + 1_800_000 } }, { now }),
  },
  {
    name: "update data",
    run: (store, { last, now }) =>
      store.update(last, { data: { v: 1, root: randomText(43), secret: randomText(43) } }, { now }),
  },
  {
    name: "deleteById",
    prepare: async (store, probes) => void (await store.create(probes.next(), { now: probes.now })),
    run: (store, { last, userKey, now }) => store.deleteById(last, { reason: "logout", now }, userKey),
  },
  {
    name: "deleteByUserKey",
    prepare: async (store, probes) => {
      for (let made = 0; made < 3; made++) await store.create(probes.next(), { now: probes.now });
    },
    run: (store, { userKey, now }) => store.deleteByUserKey(userKey, { reason: "revoked", now }),
  },
];
