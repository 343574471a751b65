import { SessionError } from "../../errors.ts";
import type { SessionCursor, SessionRecord } from "../../store.ts";
import { recordEvents, removeOldEvents } from "./events.ts";
import {
  byDeadline,
  byEnd,
  byLink,
  byUserKey,
  endedBy,
  type Key,
  linkRange,
  parseId,
  parseLinkedId,
  tombstoneRange,
  userRange,
} from "./keys.ts";

/** The methods of one database that the store calls. */
export interface LmdbDatabase {
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  get(key: any): any;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  putSync(key: any, value: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  removeSync(key: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  getKeys(range: { start?: any; end?: any; reverse?: boolean; limit?: number }): Iterable<any>;
}

/** The methods of the root database, which `open` of lmdb returns, that the store calls. */
export interface LmdbRoot {
  openDB(options: { name: string; encoding: "string"; keyEncoding: "binary" }): LmdbDatabase;
  transaction<Answer>(work: () => Answer): Promise<Answer>;
  childTransaction<Answer>(work: () => Answer): Promise<Answer>;
  resetReadTxn(): void;
  /** Waits for writes in flight. */
  close(): Promise<void>;
  readonly committed: PromiseLike<unknown>;
  /** The option of `open`. It is missing in the package's types. */
  readonly useWritemap?: boolean;
}

/** The version of the stored format, so that a later release can read the records of an earlier one. */
const VERSION = "1";
const VERSION_KEY = new TextEncoder().encode("version");
const SWEPT_KEY = new TextEncoder().encode("swept_at");

type Stored = readonly [
  id: string,
  userKey: string,
  revision: number,
  createdAt: number,
  lastSeenAt: number,
  expiresAt: number,
  deadline: number,
  ended: SessionRecord["ended"] | null,
  data: SessionRecord["data"],
  link?: string,
];

/**
 * The five databases, and a sixth one with the option `push`. Each method is a step of a transaction, or reads the latest
 * commit.
 */
export class LmdbTables {
  readonly #root: LmdbRoot;
  readonly #byId: LmdbDatabase;
  readonly #byUserKey: LmdbDatabase;
  readonly #byDeadline: LmdbDatabase;
  readonly #byLink: LmdbDatabase;
  readonly #schema: LmdbDatabase;
  /** Absent if the store publishes no events. */
  readonly events: LmdbDatabase | undefined;

  constructor(root: LmdbRoot, name: string, pushes: boolean) {
    const open = (part: string) =>
      root.openDB({ name: `${name}_${part}`, encoding: "string", keyEncoding: "binary" });
    this.#root = root;
    this.#byId = open("by_id");
    this.#byUserKey = open("by_user");
    this.#byDeadline = open("by_deadline");
    this.#byLink = open("by_link");
    this.#schema = open("schema");
    this.events = pushes ? open("events") : undefined;
    const version = this.#schema.get(VERSION_KEY);
    // Only if it is missing, because a write waits for other writers.
    if (version === undefined) this.#schema.putSync(VERSION_KEY, VERSION);
    else if (version !== VERSION) {
      const message = `lmdbStore: the file has version ${version}, this release supports ${VERSION}. Upgrade sessionup.`;
      throw new SessionError("ERR_STORE", message);
    }
  }

  /**
   * Returns the tables with the latest commit, including those of other threads. lmdb keeps one view for a turn of the event
   * loop, and that view may be old.
   */
  latest(): this {
    this.#root.resetReadTxn();
    return this;
  }

  /** Runs all writes or none: an error inside undoes the writes before it. The writes of one turn share a commit. */
  async transaction<Answer>(work: (tables: this) => Answer): Promise<Answer> {
    let waits = false;
    // The outer transaction queues behind the app's own. The inner one can be undone without undoing the writes of others.
    const answer = this.#root.transaction(() => {
      if (!waits)
        throw new SessionError(
          "ERR_STORE",
          "lmdbStore: do not call the store inside a transaction of the app.",
        );
      return this.#root.childTransaction(() => work(this));
    });
    waits = true;
    // When a commit fails, the package also rejects this promise. Without a handler that would end the process.
    setImmediate(() => void this.#root.committed.then(ignore, ignore));
    try {
      return await answer;
    } catch (error) {
      throw await findCause(error);
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  get(id: string): SessionRecord | undefined {
    const text: string | undefined = this.#byId.get(toIdKey(id));
    return text === undefined ? undefined : parseRecord(text);
  }

  /** Records events, if the store publishes them. */
  record(createMessages: () => readonly string[]): void {
    if (this.events) recordEvents(this.events, createMessages());
  }

  /** Removes up to `limit` old events. Returns the number of removed events. */
  removeOldEvents(limit: number): number {
    return this.events ? removeOldEvents(this.events, limit) : 0;
  }

  /** Stores a new record. */
  put(record: SessionRecord): void {
    const { id, deadline, link, ended } = record;
    this.replace(record);
    this.#byUserKey.putSync(toListKey(record), "");
    this.#byDeadline.putSync(byDeadline(deadline, id), "");
    if (link !== undefined && !ended) this.#byLink.putSync(byLink(link, id), "");
  }

  /** Replaces a record that has the same user key, `createdAt` and deadline. */
  replace(record: SessionRecord): void {
    this.#byId.putSync(toIdKey(record.id), stringifyRecord(record));
  }

  /** Replaces a session by its tombstone. */
  bury(record: SessionRecord, tombstone: SessionRecord): void {
    this.remove(record);
    this.put(tombstone);
  }

  remove(record: SessionRecord): void {
    const { id, deadline, link, ended } = record;
    this.#byId.removeSync(toIdKey(id));
    this.#byUserKey.removeSync(toListKey(record));
    this.#byDeadline.removeSync(byDeadline(deadline, id));
    if (link !== undefined && !ended) this.#byLink.removeSync(byLink(link, id));
  }

  /** Removes the user's tombstones beyond the latest `max`. */
  trimTombstones(userKey: string, max: number): void {
    const { first, end } = tombstoneRange(userKey);
    const keys: Iterable<Key> = this.#byUserKey.getKeys({ start: end, end: first, reverse: true });
    // Read all keys before the first record is removed.
    for (const key of [...keys].slice(max)) {
      const record = this.get(parseId(key, first.length));
      if (record) this.remove(record);
    }
  }

  /** Whether the user has at least `count` sessions, expired ones included. */
  hasAtLeast(userKey: string, count: number): boolean {
    const { first: start, end } = userRange(userKey);
    return [...this.#byUserKey.getKeys({ start, end, limit: count })].length === count;
  }

  *newestFirst(userKey: string, before?: SessionCursor): Generator<SessionRecord, void> {
    const { first, end } = userRange(userKey);
    // Backwards it begins at the start, if that is there, and stops before the end.
    const cursor = before && byUserKey(userKey, before.createdAt, before.id);
    const keys: Iterable<Key> = this.#byUserKey.getKeys({ start: cursor ?? end, end: first, reverse: true });
    for (const key of keys) {
      const id = parseId(key, first.length);
      if (id === before?.id) continue;
      const record = this.get(id);
      if (record) yield record;
    }
  }

  /** Returns the sessions with that link, including expired ones. */
  *linked(link: string): Generator<SessionRecord, void> {
    const keys: Iterable<Key> = this.#byLink.getKeys(linkRange(link));
    for (const key of keys) {
      const record = this.get(parseLinkedId(key));
      if (record) yield record;
    }
  }

  /** Returns the id that is `count` ids after this one, if there is one. */
  findStepEnd(after: string, count: number): string | undefined {
    const keys: Iterable<Key> = this.#byId.getKeys({ start: toKeyAfter(after), limit: count });
    const ids = [...keys];
    const last = ids[count - 1];
    return last && decoder.decode(last);
  }

  /** Returns the records after one id, up to another. */
  *between(after: string, last: string): Generator<SessionRecord, void> {
    const keys: Iterable<Key> = this.#byId.getKeys({ start: toKeyAfter(after), end: toKeyAfter(last) });
    // Read all keys before the first record is removed.
    for (const key of [...keys]) {
      const record = this.get(decoder.decode(key));
      if (record) yield record;
    }
  }

  /** Returns records past their deadline, the earliest first. */
  *endedBy(now: number, limit: number): Generator<SessionRecord, void> {
    const keys: Iterable<Key> = this.#byDeadline.getKeys({ end: endedBy(now), limit });
    for (const key of keys) {
      const record = this.get(parseId(key));
      if (record) yield record;
    }
  }

  /**
   * Returns true for one store of the process, and for no other until `apart` milliseconds have passed. A time in the future,
   * left by a wrong clock, blocks no store.
   */
  claimCleanup(now: number, apart: number): boolean {
    const swept = Number(this.#schema.get(SWEPT_KEY) ?? 0);
    if (swept > now - apart && swept <= now + apart) return false;
    this.#schema.putSync(SWEPT_KEY, `${now}`);
    return true;
  }
}

function ignore(): void {}

/** Returns the key in the user's list of sessions, or in the list of tombstones, which logins and lists never read. */
function toListKey({ id, userKey, createdAt, ended }: SessionRecord): Key {
  return ended ? byEnd(userKey, ended.at, id) : byUserKey(userKey, createdAt, id);
}

/** Returns the cause of a failed commit, such as a full disk. The package keeps it in a separate promise. */
async function findCause(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns the key directly after an id. */
function toKeyAfter(id: string): Key {
  return toIdKey(`${id}\0`);
}

function toIdKey(id: string): Key {
  return encoder.encode(id);
}

/** Returns a record as JSON text. lmdb's own encoding treats numbers, dates and names of properties in its own way. */
function stringifyRecord(record: SessionRecord): string {
  const { id, userKey, revision, createdAt, lastSeenAt, expiresAt, deadline, ended, data, link } = record;
  const tail: [link?: string] = link === undefined ? [] : [link];
  const stored: Stored = [
    id,
    userKey,
    revision,
    createdAt,
    lastSeenAt,
    expiresAt,
    deadline,
    ended ?? null,
    data,
    ...tail,
  ];
  return JSON.stringify(stored);
}

function parseRecord(text: string): SessionRecord {
  const stored: Stored = JSON.parse(text);
  const [id, userKey, revision, createdAt, lastSeenAt, expiresAt, deadline, ended, data, link] = stored;
  return {
    id,
    userKey,
    revision,
    createdAt,
    lastSeenAt,
    expiresAt,
    deadline,
    ...(ended && { ended }),
    ...(link !== undefined && { link }),
    data,
  };
}
